# Les pages.

web-skip = Aller au contenu
web-language = Langue

web-problem-not-found = Il n'y a rien à cette adresse
    .fix = Le lien est peut-être ancien, ou mal recopié. Repartez de la première page.
web-problem-method = Cette adresse ne s'utilise pas ainsi
    .fix = Revenez en arrière, rechargez la page et réessayez.
web-problem-too-large = Ce qui a été envoyé est trop volumineux
    .fix = Envoyez-en moins à la fois.
web-problem-too-slow = La réponse a pris trop de temps
    .fix = Réessayez dans un instant. Si cela se reproduit, regardez le journal du serveur.
