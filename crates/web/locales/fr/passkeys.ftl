# Les clés d'accès : se connecter avec ce que garde un appareil.
web-passkeys = Clés d'accès (passkeys)
web-passkeys-hint = Une clé d'accès vous connecte à ces pages sans votre mot de passe : votre téléphone, votre ordinateur ou une clé de sécurité demande votre doigt, votre visage ou son code. Aucune fausse page ne peut vous la soutirer.
web-passkeys-second = Dès que vous en avez une, votre mot de passe seul n'ouvre plus ces pages : une clé d'accès, ou un code, est demandé en plus. Il faut alors à chaque logiciel de courrier un mot de passe d'application.
web-passkey-do = Ajouter une clé d'accès
web-passkey-title = Une nouvelle clé d'accès
web-passkey-make-hint = Donnez-lui un nom, puis laissez votre appareil la créer.
web-passkey-make = Créer la clé d'accès
web-field-passkey = Nom de la clé d'accès
web-hint-passkey = Par exemple : téléphone, ordinateur portable, clé de mon trousseau.
web-passkey-made = ajoutée
web-passkey-used = dernier usage
web-passkey-unused = jamais utilisée
web-passkey-remove = Supprimer
web-passkey-removed = La clé d'accès est supprimée : elle ne connecte plus personne. Supprimez-la aussi sur votre appareil.
web-passkey-added = La clé d'accès « { $label } » est ajoutée.
web-passkey-doubted = Refusée à son dernier usage : elle a compté à rebours, comme le fait une copie. Supprimez-la, et ajoutez-en une nouvelle.
web-passkey-refused = La réponse de votre appareil n'a pas été acceptée.
web-passkey-refused-fix = Elle est peut-être venue trop tard, ou d'une autre page. Recommencez.
web-passkey-elsewhere = Une clé d'accès est liée au nom { $name }, et vous avez ouvert ces pages sous un autre.
web-passkey-elsewhere-do = Les ouvrir sous ce nom
web-passkey-none = Ce navigateur ne connaît pas les clés d'accès, ou ne s'en sert pas ici.
web-passkey-certificate = Votre navigateur refuse les clés d'accès parce qu'il ne fait pas confiance au certificat de ce serveur. Un administrateur doit donner au serveur un certificat reconnu par les navigateurs (section [tls] de facteur.toml).
web-passkey-cancelled = Rien n'a été fait : c'était annulé, trop long, ou cet appareil n'a pas de clé d'accès qui convient.
web-passkey-exists = Cet appareil a déjà une clé d'accès pour votre compte.
web-passkey-failed = Cela n'a pas marché. Rechargez la page et réessayez.
web-passkey-sign-in = Se connecter avec une clé d'accès
web-passkey-use = Utiliser une clé d'accès
web-passkey-second-title = Votre clé d'accès
web-passkey-second-hint = Votre mot de passe est juste. Montrez maintenant votre clé d'accès.
web-passkey-wrong = La clé d'accès n'a pas été acceptée.
web-passkey-wrong-fix = Elle n'est pas connue ici, ou la réponse est venue trop tard. Réessayez, ou connectez-vous autrement.
web-passkey-copied = La clé d'accès a été refusée : elle a compté à rebours, comme le fait une copie.
web-passkey-copied-fix = Connectez-vous autrement, supprimez cette clé dans « Mon compte », et ajoutez-en une nouvelle.
web-passkey-slowed = Trop d'essais faux : plus rien n'est vérifié pendant un moment. Réessayez dans { $span }.
web-passkey-lost = Je ne l'ai pas
web-passkey-lost-hint = Tapez un des codes de secours que vous avez gardés. Si vous n'en avez plus, un administrateur de ce serveur peut retirer vos clés d'accès.
web-hint-recovery = Un de vos codes de secours.
web-recovery-is-on = Votre mot de passe seul ne suffit plus
web-factors-reset = Retirer le code et les clés d'accès
web-factors-reset-done = Le code, les clés d'accès et les codes de secours de { $name } sont retirés : le mot de passe suffit de nouveau.
web-factors-second = Seconds facteurs
web-passkeys-count = { $count ->
    [one] { $count } clé d'accès
   *[other] { $count } clés d'accès
}
