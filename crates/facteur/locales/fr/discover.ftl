# Les réglages d'une adresse.

column-protocol = PROTOCOLE
column-port = PORT
column-security = SÉCURITÉ
column-user = NOM D'UTILISATEUR
column-tried = ESSAI

discover-say-trust = Si c'est votre fournisseur, dites-le avec --trust et son domaine.

discover-page = Réglages pour les logiciels de messagerie chez { $domain }. Le mot de passe est celui de la boîte.
discover-user-full = l'adresse entière
discover-user-local = la partie de l'adresse avant le @
discover-no-reading = Rien ne dit où se lit le courrier de { $what }.
    .fix = Nommez le serveur avec --imap ou --pop3.
discover-not-let-in = Aucun serveur d'envoi n'a accepté { $what }, il n'y a donc pas de relais à utiliser.
    .fix = Corrigez ce qui est dit plus haut, puis demandez à nouveau.
discover-not-an-address = { $what } n'est pas une adresse.
    .fix = Donnez une adresse entière, telle que anne@example.org.
discover-not-public = { $what } n'est pas un nom d'Internet, on ne peut donc rien en savoir.
    .fix = Demandez à la personne qui gère ce réseau.
discover-nothing-to-copy = Aucun serveur n'est connu pour { $what }, ou pas ceux dont ce logiciel a besoin.
    .fix = Regardez ce qui est connu : facteur discover { $what }
