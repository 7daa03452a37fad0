# Ce qu'une découverte a trouvé.

discover-imap = Pour lire, utilisez IMAP : votre courrier reste sur le serveur, et il est le même sur tous vos appareils.
discover-pop3-only = Pour lire, seul POP3 est proposé : votre courrier passe sur l'appareil qui le relève, sauf si vous demandez au logiciel d'en laisser une copie sur le serveur.
discover-exchange-only = Exchange répond pour ce domaine (le genre de compte qu'Outlook appelle MAPI), et rien de ce que parlent les autres logiciels n'est connu. Ce qui fonctionne : Outlook ; le logiciel de messagerie d'un téléphone, avec un compte de type « Exchange » ; le web ; et tout autre logiciel en passant par DavMail, qui parle IMAP et SMTP sur votre propre ordinateur. L'administrateur peut aussi activer IMAP.
discover-unknown = La table ne connaît aucun serveur pour lire ce courrier. Demandez à votre fournisseur les noms de ses serveurs IMAP et SMTP.
discover-app-password = Votre mot de passe habituel sera refusé : créez un mot de passe d'application dans les réglages de sécurité de votre compte, et donnez celui-là au logiciel.
discover-oauth2-only = Aucun mot de passe ne fonctionne ici : le logiciel doit se connecter avec OAuth2, par une page du fournisseur sur laquelle vous tapez votre mot de passe.
discover-none-answers = Aucun serveur pour lire ce courrier et qui réponde comme il faut n'a été trouvé. Demandez à votre fournisseur les noms de ses serveurs IMAP et SMTP.
discover-answers = { $protocol } répond : { $host }, port { $port }
discover-answered = répond
discover-let-in = connecté
discover-at = { $protocol } sur { $host }, port { $port }
discover-failed = { $at } : { $cause } { $fix }
discover-own-machine = Rien n'a pu être joint depuis cette machine. Vérifiez son réseau, puis son pare-feu et son antivirus, et son horloge ; essayez ensuite depuis un autre réseau.
discover-unconfirmed = Le mot de passe n'a pas été envoyé à { $host } : seul le DNS y mène, et n'importe qui en chemin a pu changer sa réponse.
discover-enable = L'accès par un logiciel de messagerie doit d'abord être autorisé, dans les réglages sur le web : { $url }
discover-help = La page d'aide du fournisseur : { $url }
discover-no-tls = { $protocol } sur { $host } n'est pas proposé : il n'est connu que sans chiffrement, un mot de passe pourrait donc être lu en chemin.
discover-no-name = { $protocol } sur « { $host } » n'est pas proposé : ce n'est pas un nom de serveur.
discover-no-port = { $protocol } sur { $host } n'est pas proposé : son port n'est pas un numéro de port.
discover-odd-port = { $protocol } sur { $host } n'est pas proposé : son port n'est pas de ceux où le courrier se lit ou s'envoie.
discover-not-offered = { $protocol } n'est pas proposé : le domaine le dit lui-même.

discover-setting = { $name } : { $value }
discover-server = Serveur
discover-port = Port
discover-security = Sécurité
discover-user = Nom d'utilisateur
discover-for-thunderbird = Dans Thunderbird, ajoutez un compte courrier avec votre nom, votre adresse et votre mot de passe, choisissez « Configurer manuellement », et saisissez :
discover-for-outlook = Dans Outlook, ajoutez un compte avec votre adresse, ouvrez les options avancées, choisissez de le configurer vous-même, et saisissez :
discover-for-android = Dans le logiciel de messagerie du téléphone, ajoutez un compte de type « Autre », saisissez votre adresse et votre mot de passe, puis :
discover-document-too-large = Le document qui s'y trouve est bien plus gros que des réglages : il n'a pas été lu.
discover-document-attack = Le document qui s'y trouve est fait pour surcharger ses lecteurs : on ne l'a pas cru.
discover-document-other = Ce qui s'y trouve n'est pas des réglages, mais autre chose, par exemple une page web.
discover-document-empty = Le document qui s'y trouve ne nomme aucun serveur utilisable.
discover-document-redirects = L'adresse renvoie d'un endroit à un autre sans fin.

needs-password = Ce fournisseur demande le nom d'utilisateur et le mot de passe du compte.
needs-key = Ce fournisseur demande une clé : créez une clé SMTP ou API dans sa console, et donnez-la comme mot de passe.
needs-login-full = Le nom d'utilisateur est l'adresse entière.
needs-login-local = Le nom d'utilisateur est la partie de l'adresse avant le @.
