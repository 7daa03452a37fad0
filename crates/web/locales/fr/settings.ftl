# Les réglages d'un domaine, pour ses gens.

web-settings = Réglages pour les logiciels de messagerie chez { $domain }
web-settings-alone = La plupart des logiciels trouvent ces réglages tout seuls : tapez votre adresse et votre mot de passe, rien d'autre. Le mot de passe est celui de la boîte.
web-settings-address = Votre adresse
web-settings-show = Afficher
web-settings-profile = Téléchargez ce profil et ouvrez-le : il règle Mail, qui ne demande plus que votre mot de passe.
web-settings-download = Télécharger le profil
web-settings-server = Serveur
web-settings-port = Port
web-settings-security = Sécurité
web-settings-user = Nom d'utilisateur
web-settings-user-full = l'adresse entière
web-settings-user-local = la partie de l'adresse avant le @
