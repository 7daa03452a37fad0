# Les relais d'une personne.
web-nav-own-relays = Mes relais
web-relay-used = utilisé
web-relay-use = Utiliser celui-ci
web-relay-of = Il appartient à { $login }, et n'achemine le courrier de personne d'autre. Vous ne pouvez pas lire son mot de passe.
web-relay-default-own = Mon courrier part désormais par lui (le premier est utilisé dans tous les cas)
web-hint-login-own = Souvent l'adresse entière.
web-own-relays-none = Vous n'avez ajouté aucun relais. Avec un relais, votre courrier part par votre propre compte chez un fournisseur, comme Gmail ou Brevo.
web-own-relays-closed = L'administrateur ne permet pas pour le moment d'ajouter ou de modifier des relais. Ceux qui sont là continuent.
web-own-relays-statistics = Combien est parti par chacun
web-own-way-own = Votre courrier part par votre relais { $relay }.
web-own-way-server = Votre courrier part comme ce serveur envoie celui de tout le monde.
web-own-way-none = Personne n'a encore dit comment le courrier part : le vôtre attend que vous ajoutiez un relais, ou que l'administrateur le fasse.
