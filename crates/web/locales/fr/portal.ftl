# Around every page.
web-skip = Aller au contenu
web-language = Langue
web-menu = Menu
web-to-start = Vers la première page
web-sign-out = Se déconnecter
web-take-back = Revenir en arrière
web-save = Enregistrer
web-saved = C'est enregistré.
web-cancel = Annuler
web-any = Tous
web-number = { $count }
web-sure = Oui, j'en suis sûr
web-not-sure = Rien n'a été supprimé
web-not-sure-fix = Cochez la case qui dit que vous en êtes sûr, puis appuyez de nouveau sur le bouton.

web-nav-overview = Vue d'ensemble
web-nav-messages = Messages
web-nav-my-messages = Mes messages
web-nav-relays = Envoi
web-nav-accounts = Comptes
web-nav-domains = Domaines
web-nav-explain = Expliquer une erreur
web-nav-discover = Trouver des réglages
web-nav-own = Mon compte

# Signing in.
web-sign-in = Se connecter
web-sign-in-wrong = Identifiant ou mot de passe incorrect.
web-sign-in-unavailable = La connexion ne peut pas être vérifiée pour le moment : réessayez dans quelques secondes.
web-sign-in-slowed = Trop de mots de passe erronés : plus rien n'est vérifié pendant un moment. Réessayez dans { $span }.
web-sign-in-lost = Je suis l'administrateur et je n'ai pas de mot de passe
web-sign-in-link-hint = Sur le serveur, cette commande fait un lien qui vous connecte une fois :
web-link-title = Se connecter comme administrateur
web-link-hint = Ce lien a été fait sur le serveur. Il sert une seule fois, pendant un quart d'heure.
web-link-used = Ce lien a déjà servi, ou il est trop vieux.

# What went wrong.
web-problem-not-found = Il n'y a rien à cette adresse
    .fix = Le lien est peut-être ancien, ou mal recopié. Repartez de la première page.
web-problem-method = Cette adresse ne s'utilise pas ainsi
    .fix = Revenez en arrière, rechargez la page et réessayez.
web-problem-too-large = Ce qui a été envoyé est trop volumineux
    .fix = Envoyez-en moins à la fois.
web-problem-too-slow = La réponse a pris trop de temps
    .fix = Réessayez dans un instant. Si cela se reproduit, regardez le journal du serveur.
web-problem-forbidden = Cette page est réservée aux administrateurs
    .fix = Adressez-vous à un administrateur de ce serveur.
web-problem-signed-out = Vous n'êtes plus connecté
    .fix = Reconnectez-vous, puis recommencez : rien n'a été changé.
web-problem-foreign = Ce formulaire n'est plus valable
    .fix = Revenez en arrière, rechargez la page et renvoyez-le : rien n'a été changé.
web-problem-ours = Quelque chose s'est mal passé dans ce serveur
    .fix = Réessayez. Si cela se reproduit, regardez le journal du serveur.

web-fault-not-allowed = Vous ne pouvez pas faire cela.
    .fix = Adressez-vous à un administrateur de ce serveur.
web-fault-missing = Il n'y a pas de « { $what } » ici.
    .fix = Il a peut-être été supprimé ou renommé entre-temps.
web-fault-exists = Il y a déjà un « { $what } ».
    .fix = Prenez un autre nom, ou changez celui-là.
web-fault-invalid = « { $what } » n'est pas valable. { $detail }
    .fix = Corrigez puis réessayez.
web-fault-password = Le mot de passe est trop court.
    .fix = Il lui faut au moins 8 caractères.
web-fault-too-often = « { $what } » a été essayé trop souvent.
    .fix = Réessayez dans { $detail } min.
web-fault-not-public = « { $what } » n'est pas un nom d'Internet, on ne peut donc rien en savoir.
    .fix = Relisez l'adresse, ou demandez à la personne qui gère ce réseau.
web-fault-address = Ce n'est pas une adresse de courrier.
    .fix = Donnez une adresse entière, telle que anne@example.org.
web-fault-needed = Il manque « { $what } ».
    .fix = Remplissez ce champ puis réessayez.
web-fault-oauth2-only = Le fournisseur { $what } n'accepte plus de mot de passe venant d'un programme.
    .fix = Envoyez par un autre relais, qui accepte un mot de passe ou une clé.
web-fault-insecure = Un relais à une adresse publique a besoin de TLS et d'une connexion, sinon votre mot de passe et votre courrier peuvent être lus en chemin.
    .fix = Choisissez un mode TLS, et donnez l'identifiant et le mot de passe.
web-fault-not-published = L'enregistrement de { $what } n'est pas encore publié.
    .fix = Publiez ceci, attendez quelques minutes, puis réessayez : { $detail }
web-fault-no-listener = Aucun port de ce serveur ne reçoit le courrier d'autres serveurs.
    .fix = Ajoutez un port de type « mx » à facteur.toml, et redémarrez le serveur.
web-fault-store = Les données du serveur ne peuvent être ni lues ni écrites : { $detail }
    .fix = Vérifiez le disque, puis réessayez.
web-fault-refused = Le message n'a pas été accepté : { $detail }
    .fix = Corrigez ce qui est nommé, et renvoyez-le.
web-fault-last-administrator = « { $what } » est le dernier administrateur.
    .fix = Donnez d'abord ce rôle à quelqu'un d'autre.
web-fault-not-running = Seul un serveur en marche peut le faire.
    .fix = Démarrez-le, puis réessayez.

# Overview.
web-all-well = Tout va bien
web-all-well-more = Rien ne vous attend pour le moment.
web-attention = À voir en priorité
web-disk-full = Le disque est plein : aucun courrier n'est accepté
web-disk-full-fix = Libérez de la place. Les programmes gardent leur courrier et réessaient ; rien de ce qui a été accepté n'est perdu.
web-disk-failed = Le disque a failli : plus rien n'est écrit
web-disk-failed-fix = Vérifiez le disque et ses câbles, puis redémarrez facteur. Ce qui a été accepté avant est là.
web-no-route-do = Choisir comment le courrier part
web-no-route = Le courrier attend : personne n'a dit comment il part
web-no-route-fix = Ajoutez un relais, ou laissez le courrier aller droit aux serveurs des destinataires. Ce qui attend partira tout seul.
web-sender-stopped = Le relais { $relay } n'accepte pas le courrier de { $sender }
web-relay-is-closed = Le relais { $relay } est fermé : son courrier attend
web-relay-is-away = Le relais { $relay } est hors d'atteinte pour le moment
web-relay-refuses = Le relais { $relay } refuse tout
web-tried-again = Nouvel essai automatique { $when }
web-to-relay = Voir et réparer
web-certificate = Le certificat arrive à sa fin
web-certificate-fix = Il se termine { $when }. Renouvelez-le, sinon les logiciels de courrier et les navigateurs refuseront de se connecter.
web-slowed = { $count ->
    [one] La connexion est ralentie à un endroit, après des mots de passe erronés
   *[other] La connexion est ralentie à { $count } endroits, après des mots de passe erronés
}
web-slowed-fix = Si ce sont des gens de chez vous, laissez-les réessayer. Sinon il n'y a rien à faire : ces essais ne mènent nulle part.
web-slowed-row = { $who } : { $count ->
        [one] une connexion remise
       *[other] { $count } connexions remises
    } à plus tard, de nouveau possible { $when }
web-slowed-more = Et { $count } de plus.
web-slowed-lift = Les laisser réessayer
web-slowed-lifted = Tout le monde peut réessayer aussitôt.
web-record-title = Registre des changements
web-record-hint = Qui s'est connecté et qui a changé quoi, le plus récent d'abord. Rien ne peut en être retiré.
web-record-empty = Rien n'a encore été changé.
web-record-when = Quand
web-record-who = Qui
web-record-what = Quoi
web-record-on = Sur quoi
web-queue = Dans la file
web-count-messages = au total
web-count-leaving = en train de partir
web-count-waiting = en attente du prochain essai
web-count-parked = en attente d'un relais
web-count-held = mis de côté par quelqu'un
web-direct-only = Le courrier va droit aux serveurs des destinataires.
web-no-relay = Il n'y a pas encore de relais.
web-server = { $host }, facteur { $version }
web-since = démarré { $when }

# Messages.
web-field-state = État
web-field-to = À : une adresse ou un domaine
web-field-from = De : une adresse
web-field-account = Compte (identifiant)
web-field-cause = Cause, par exemple recipient_mailbox_full
web-field-tag = Étiquette
web-field-relay = Relais
web-state-open = Tout ce qui n'est pas terminé
web-more-fields = Autres critères
web-search = Chercher
web-no-messages = Aucun message ne correspond.
web-choose = Choisir le message { $id }
web-everything = Tout ce que cette recherche désigne, autres pages comprises
web-next-page = Page suivante
web-act-retry = Essayer maintenant
web-act-hold = Retenir
web-act-release = Laisser partir
web-act-fail = Abandonner, prévenir l'expéditeur
web-act-delete = Supprimer
web-act-undo = Reprendre
web-nothing-chosen = Aucun message n'est choisi
web-nothing-chosen-fix = Cochez les messages voulus, puis appuyez de nouveau sur le bouton.
web-sure-delete = Supprimer { $messages } ? C'est sans retour.
web-sure-fail = Abandonner { $messages }, et prévenir les expéditeurs ? C'est sans retour.
web-sure-count = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
web-sure-more = plus de { $count } messages
web-back-to-messages = Messages
web-given = Confié { $when }
web-size = Taille : { $count } Kio
web-raw = Ce qui a été dit, mot pour mot
web-dialogue = Le dialogue avec le serveur

# Sending.
web-mode = Comment part le courrier
web-mode-none = Personne ne l'a encore dit : le courrier attend jusque-là.
web-mode-local = LOCAL : ce serveur porte le courrier droit aux serveurs des destinataires. Le port 25 doit être ouvert vers Internet.
web-mode-relay = RELAIS : le courrier part par le relais { $relay }.
web-mode-local-short = LOCAL : droit aux serveurs des destinataires
web-mode-relay-short = RELAIS : par { $relay }
web-mode-choose = Le courrier de tous ceux qui n'ont pas leur propre route
web-mode-set = C'est fait : le courrier part désormais ainsi, et celui qui attend aussi.
web-relays = Relais
web-default = par défaut
web-relay-add = Ajouter un relais
web-field-preset = Fournisseur
web-preset-none = Un autre serveur
web-choose-preset = Choisir
web-field-name = Nom
web-hint-name = Comme vous voulez l'appeler. Vide : celui du fournisseur ou du serveur.
web-field-host = Serveur
web-field-port = Port
web-hint-port = Vide : 587, puis 465, puis 2525.
web-field-tls = TLS
web-tls-auto = Comme le port le demande (conseillé)
web-tls-implicit = Dès la connexion
web-tls-starttls = Avec STARTTLS
web-tls-never = Aucun (serveurs proches seulement)
web-field-region = Région
web-field-relay-login = Nom d'utilisateur
web-hint-login = Souvent l'adresse entière. Vide : le relais ne demande pas de connexion.
web-field-password = Mot de passe
web-relay-default = Le courrier de tous part désormais par lui
web-relay-added = Le relais { $relay } est là.
web-relay-added-more = Testez-le maintenant : rien n'est envoyé.
web-relay-test = Tester maintenant
web-relay-test-hint = Va jusqu'au serveur, s'y connecte et repart : aucun courrier n'est envoyé. Si cela marche, un relais fermé s'ouvre et son courrier part.
web-testing = Test du relais { $relay }
web-testing-connect = Connexion à { $host }, port { $port }…
web-testing-greeting = Connecté. Attente de son message d'accueil…
web-testing-tls = Il a répondu. Chiffrement de la connexion…
web-testing-sign-in = Identification…
web-tested-back = Vers le relais
web-tested-mend = Corriger
web-tested-works = Le relais { $relay } fonctionne
web-tested-fails = Le relais { $relay } ne fonctionne pas
web-relay-messages = Ses messages
web-relay-password = Nom d'utilisateur et mot de passe
web-field-password-new = Nouveau mot de passe
web-save-and-open = Enregistrer et rouvrir le relais
web-relay-password-set = C'est enregistré. Le relais est essayé aussitôt, et le courrier qui l'attend part.
web-relay-settings = Réglages et limites
web-relay-changed = C'est enregistré. Le relais est essayé avec ses nouveaux réglages.
web-field-sender-mode = Expéditeur
web-sender-keep = Celui de chaque message
web-sender-login = L'adresse qui se connecte ; celle du message passe en Reply-To
web-field-connections = Connexions simultanées au plus
web-field-recipients = Destinataires par envoi au plus
web-relay-remove = Supprimer ce relais
web-relay-remove-hint = Le courrier qui l'attend prend un autre chemin, ou en attend un.
web-relay-removed = Le relais est supprimé.

# Accounts.
web-people = Personnes
web-programs = Programmes (sites)
web-programs-hint = Un programme se connecte avec son nom et sa clé, ou envoie depuis son réseau sans clé.
web-account-add = Ajouter un compte
web-account-remove = Supprimer ce compte
web-account-messages = Les messages de ce compte
web-field-login = Identifiant
web-hint-account = En général l'adresse électronique.
web-field-senders = Peut envoyer avec
web-hint-senders = Des adresses, ou des domaines entiers comme @exemple.fr, séparés par des espaces. Vide : l'identifiant.
web-password-made = Un mot de passe est créé et montré une seule fois.
web-password-is = Le mot de passe de { $login } est enregistré.
web-password-once = Copiez-le maintenant : il ne sera plus montré.
web-password-new = Créer un nouveau mot de passe
web-password-new-hint = L'ancien cesse aussitôt de valoir, ainsi que les sessions ouvertes avec lui.
web-field-undo = Délai de reprise, en secondes
web-hint-undo = Pendant ce délai le courrier peut être repris avant de partir. 0 : il part aussitôt.
web-field-role = Rôle
web-hint-role = Une personne voit son propre courrier. Un assistant répond à vos clients : il voit le courrier de tous et pourquoi il attend, bloque et débloque, agit sur les messages, et ne touche à aucun réglage. Un administrateur peut tout faire.
web-account-of-staff = Ce compte peut autant que le vôtre, ou plus : seul un administrateur peut le modifier.
web-account-no-factor = Ce compte voit le courrier de tous, et seul un mot de passe le protège. Sa personne devrait activer le second facteur, dans « Mon compte ».
web-site-add = Ajouter un programme
web-site-remove = Supprimer
web-site-networks = Envoie sans clé depuis : { $text }
web-key-new = Créer une nouvelle clé
web-field-networks = Réseaux sans clé
web-hint-networks = Par exemple 192.0.2.0/24. Vide : il se connecte toujours.

# Domains.
web-domains-hint = Le courrier de ces domaines est signé (DKIM), pour que les autres serveurs s'y fient.
web-domains-none = Il n'y a pas encore de domaine : le courrier part sans signature.
web-field-domain = Domaine
web-domain-add = Ajouter ce domaine
web-domain-added = Le domaine est là : publiez ces enregistrements.
web-domain-publish = Publiez ces enregistrements là où le DNS du domaine est géré, puis voyez s'ils y sont.
web-domain-check = Voir s'ils sont publiés
web-domain-remove = Supprimer ce domaine
web-domain-removed = Le domaine est supprimé, et ses clés avec lui.
web-record-name = Nom
web-record-value = Valeur

# Explain.
web-explain-label = L'erreur, le message de retour ou les lignes d'un journal
web-explain-hint = Collez le texte tel quel. Il reste sur ce serveur.
web-explain-do = Expliquer
web-explain-nothing = Il n'y a rien à expliquer dans ce texte.
web-explain-wait = Le serveur demande d'attendre : { $span }. Le même message pourra passer ensuite.
web-explain-later = Le même message peut passer plus tard, sans rien changer.
web-explain-never = Le même message ne passera pas sans un changement.
web-explain-provider = Reconnu : { $name }
web-explain-unsure = C'est une supposition : le texte dit peu de choses.
web-explain-cause = Cause : { $cause }

# One's own account.
web-own-language = Langue de ce qui vous est dit
web-own-language-hint = La langue des avis que ce serveur vous envoie. La langue de ces pages se choisit en haut.
web-own-password = Mot de passe
web-field-password-old = Mot de passe actuel
web-hint-password = Au moins 8 caractères. Vous vous reconnecterez ensuite.
web-old-wrong = Le mot de passe actuel est faux. Rien n'a été changé.
web-old-slowed = Trop de mots de passe erronés : réessayez plus tard. Rien n'a été changé.

# Les réglages d'une adresse.
web-discover-what = Saisissez une adresse pour voir avec quels serveurs, quels ports et quel nom d'utilisateur elle fonctionne. Ils sont essayés aussitôt.
web-discover-password = Mot de passe de cette adresse (facultatif)
web-discover-password-hint = Avec lui, la connexion est essayée aussi. Il ne va qu'aux serveurs que nomme le domaine lui-même ou notre table, et il n'est pas conservé.
web-discover-use = Envoyer par cette adresse : en faire un relais de ce serveur, si la connexion réussit
web-discover-private = Chercher aussi dans le réseau où se trouve ce serveur
web-discover-do = Trouver
web-discover-under-way = Questions et essais en cours : quelques secondes, vingt au plus.
web-discover-copy = Réglages à copier
web-discover-in-vain = Ce qui a été essayé en vain
web-discover-trust = { $host } est-il vraiment votre fournisseur ?
web-discover-trust-hint = Seul le DNS y mène, et n'importe qui en chemin a pu changer sa réponse. Si ce nom est bien celui de votre fournisseur, le mot de passe peut y être essayé.
web-discover-trust-do = Oui, essayer le mot de passe sur { $host }
web-discover-used = « { $name } » est désormais un relais de ce serveur.
web-discover-not-let-in = Aucun serveur d'envoi n'a accepté cette adresse, il n'y a donc pas de relais à utiliser.
web-discover-not-let-in-fix = Corrigez ce qui est dit plus bas, puis cherchez à nouveau.
web-taken-back = { $messages ->
    [0] Il ne restait rien à annuler : la suite a déjà eu lieu.
    [one] Annulé : { $messages } message ({ $recipients }) est comme avant.
   *[other] Annulé : { $messages } messages ({ $recipients }) sont comme avant.
}
web-too-late = Cela ne peut plus être annulé
web-too-late-fix = C'était il y a plus d'une heure, ou c'est déjà annulé, ou le serveur a redémarré depuis. Cherchez les messages et agissez à nouveau.
