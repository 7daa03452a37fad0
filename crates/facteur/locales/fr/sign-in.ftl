# Les mots de passe faux, et qui doit attendre à cause d'eux.

help-facteur-sign-in = Qui doit attendre après trop de mots de passe faux
help-facteur-sign-in-list = Lister qui doit attendre, et combien de temps
help-facteur-sign-in-lift = Laisser réessayer tout de suite
    .what = Un réseau ou une adresse (203.0.113.7), ou un identifiant
    .all = Tout le monde

slowed-network = Trop de mots de passe faux depuis { $network } : de là, on ne peut de nouveau se connecter que { $until }. Connexions remises à plus tard : { $count }.
slowed-login = Trop de mots de passe faux pour { $login } : les adresses d'où il ne s'est jamais connecté ne peuvent de nouveau essayer que { $until }. Connexions remises à plus tard : { $count }.
slowed-pair = Trop de mots de passe faux pour { $login } depuis sa propre adresse { $network } : de là, il ne peut de nouveau se connecter que { $until }. Connexions remises à plus tard : { $count }. Un appareil a peut-être gardé un ancien mot de passe.
slowed-everybody = Des mots de passe faux viennent de tant de réseaux que les adresses qui ne se sont jamais connectées ne peuvent de nouveau essayer que { $until }. Connexions remises à plus tard : { $count }.
slowed-lift = Si ce sont des gens de chez vous, laissez-les revenir avec : facteur sign-in lift { $what }
slowed-none = Personne ne doit attendre pour se connecter.
status-slowed = { $count ->
    [one] Des mots de passe faux ralentissent la connexion à un endroit : facteur sign-in list
   *[other] Des mots de passe faux ralentissent la connexion à { $count } endroits : facteur sign-in list
}
lifted = { $count ->
    [0] Personne n'y attendait.
    [one] C'est fait : une attente est finie.
   *[other] C'est fait : { $count } attentes sont finies.
}

status-certificate-ends = Le certificat se termine { $when } : renouvelez-le, sinon les logiciels de messagerie refuseront de se connecter.
status-certificate-ended = Le certificat s'est terminé { $when } : les logiciels de messagerie refusent de se connecter. Renouvelez-le.
