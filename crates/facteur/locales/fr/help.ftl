# L'aide de la ligne de commande. Un message est une commande, ses attributs sont ses arguments.

help-usage = Utilisation :
help-commands = Commandes{ "\u00A0" }
help-command = COMMANDE
help-arguments = Arguments{ "\u00A0" }
help-options = Options{ "\u00A0" }
help-everywhere = Options de toutes les commandes{ "\u00A0" }

value-address = ADRESSE
value-age = ÂGE
value-cause = CAUSE
value-tag = ÉTIQUETTE
value-dir = RÉPERTOIRE
value-domain = DOMAINE
value-file = FICHIER
value-form = FORME
value-host = HÔTE
value-login = IDENTIFIANT
value-name = NOM
value-relay = RELAIS
value-preset = FOURNISSEUR
value-program = LOGICIEL
value-region = RÉGION
value-state = ÉTAT
value-text = TEXTE
value-seconds = SECONDES
value-option = OPTION
value-port = PORT
value-subdomain = SOUS-DOMAINE
value-selector = SÉLECTEUR

help-common = Commun à plusieurs commandes
    .data = Le répertoire des données du serveur (sinon FACTEUR_DATA, le serveur installé, ou ./facteur-data)
    .lang = La langue : fr ou en (sinon celle de la session)
    .json = Afficher du JSON, pour les programmes
    .help = Afficher cette aide
    .version = Afficher la version
    .owner = Le propriétaire ; il est créé s'il est nouveau
    .password_stdin = Lire le mot de passe sur la première ligne de l'entrée standard
    .ask = Demander le mot de passe dans le terminal
    .ids = Seulement ces messages
    .sender = Seulement le courrier de cet expéditeur
    .recipient = Seulement le courrier pour ce destinataire
    .domain = Seulement le courrier pour ce domaine
    .relay = Seulement le courrier qui prend ou attend ce relais
    .cause = Seulement le courrier qui attend pour cette cause, par exemple auth_bad_credentials
    .tag = Seulement le courrier remis avec cette étiquette
    .older_than = Seulement le courrier plus ancien, par exemple 30m, 2h ou 1d (ou 1j)
    .state = Seulement les destinataires dans cet état : waiting, held, delivered, failed, expired, cancelled
    .all = Tout, quand rien d'autre ne restreint le choix

help-facteur = Envoie votre courrier, et vous dit pourquoi un message n'est pas arrivé et que faire.
    .epilogue =
        Premiers pas :
          facteur start                       lancer le serveur
          facteur setup                       dire qui transporte votre courrier, et envoyer un premier message
          facteur send quelquun@example.org   envoyer un message d'essai et le voir partir
          facteur status                      voir ce qui demande votre attention

        Codes de sortie : 0 fait, 1 pas fait, 64 mauvais usage, 65 mauvaise valeur, 69 serveur ou relais hors d'atteinte, 75 pas maintenant (réessayer plus tard), 77 pas permis, 78 mauvaise configuration.

help-facteur-start = Lancer le serveur, jusqu'à ce qu'on l'arrête
    .epilogue = FACTEUR_LOG règle la quantité du journal : error, warn, info (par défaut), debug.

help-facteur-init = Créer le répertoire des données, la configuration et l'administrateur, sans lancer le serveur
    .host_name = Le nom de ce serveur, par exemple mail.example.org (sinon celui de la machine)

help-facteur-status = Montrer ce qui demande votre attention, et l'état du serveur

help-facteur-account = Les personnes qui s'authentifient et peuvent envoyer
help-facteur-account-list = Lister les comptes
help-facteur-account-add = Ajouter un compte ; un mot de passe est créé et affiché, à moins que vous n'en donniez un
    .login = L'identifiant, en général l'adresse
    .sender = Ce avec quoi il peut envoyer : une adresse, tout un @domaine, ou * pour toute adresse (répétable ; sinon son identifiant)
    .language = La langue de ce qu'on lui dit : fr ou en
    .undo = Les secondes avant que son courrier parte, pendant lesquelles facteur undo peut le reprendre (sinon 0)
    .role = Ce qu'il peut faire dans le portail : person (son propre courrier), helper (répondre aux clients : voir, bloquer, débloquer, agir sur les messages) ou administrator (tout)
help-facteur-account-change = Modifier un compte ; ce qui n'est pas nommé reste tel quel
    .login = L'identifiant du compte
    .sender = Ce avec quoi il peut envoyer désormais : une adresse, tout un @domaine, ou * pour toute adresse (répétable)
    .language = La langue de ce qu'on lui dit : fr ou en
    .undo = Les secondes avant que son courrier parte, pendant lesquelles facteur undo peut le reprendre (10 conviennent à une personne)
    .role = Ce qu'il peut faire dans le portail : person (son propre courrier), helper (répondre aux clients : voir, bloquer, débloquer, agir sur les messages) ou administrator (tout)
help-facteur-account-password = Changer le mot de passe d'un compte ; il est créé et affiché, à moins que vous n'en donniez un
    .login = L'identifiant du compte
help-facteur-account-remove = Supprimer un compte
    .login = L'identifiant du compte

help-facteur-site = Les programmes qui envoient : par identifiant, ou par le réseau où ils sont
help-facteur-site-list = Lister les sites
help-facteur-site-add = Ajouter un site : avec --network, il n'a pas à s'authentifier ; sinon une clé est créée et affichée
    .name = Le nom, qui est aussi l'identifiant SMTP
    .network = Un réseau d'où il envoie sans s'authentifier, par exemple 192.168.1.0/24 (répétable)
    .uid = Le numéro d'un utilisateur local dont ce sont les programmes (répétable)
    .user = La même chose par le nom de l'utilisateur : www-data (répétable)
    .sender = Ce avec quoi il peut envoyer : une adresse, tout un @domaine, ou * pour toute adresse (répétable)
    .line_endings = Que faire d'un CR ou d'un LF qu'il envoie seul : strict refuse le message, repair en fait un CR LF
    .allow_any_sender = Comme --sender '*' : seulement pour un programme auquel vous vous fiez autant qu'à ce serveur
help-facteur-site-change = Modifier un site ; ce qui n'est pas nommé reste tel quel
    .name = Le nom du site
    .network = Un réseau d'où il envoie désormais sans s'authentifier (répétable)
    .uid = Le numéro d'un utilisateur local dont ce sont désormais les programmes (répétable)
    .sender = Ce avec quoi il peut désormais envoyer : une adresse, tout un @domaine, ou * pour toute adresse (répétable)
    .line_endings = Que faire d'un CR ou d'un LF qu'il envoie seul : strict refuse le message, repair en fait un CR LF
help-facteur-site-password = Changer la clé d'un site ; elle est créée et affichée, à moins que vous n'en donniez une
    .name = Le nom du site
help-facteur-site-remove = Supprimer un site
    .name = Le nom du site

help-facteur-domain = Les domaines dont le courrier est signé, et les enregistrements DNS à publier
help-facteur-domain-list = Lister les domaines
help-facteur-domain-add = Ajouter un domaine : ses clés sont créées, et les enregistrements à publier sont montrés
    .name = Le domaine, par exemple example.org
    .selector = Le nom de ses clés dans le DNS (sinon facteur)
    .owner = Le propriétaire
help-facteur-domain-check = Regarder si les enregistrements d'un domaine sont publiés, et si les logiciels de messagerie obtiennent ses réglages
    .name = Le domaine
    .private = Demander aussi à des adresses de réseaux privés
help-facteur-domain-bounces = Faire revenir à ce serveur les retours d'échec du courrier parti sans relais, pour qu'ils rejoignent l'histoire du message
    .name = Le domaine
    .to = Un nom au-dessous de lui dont l'enregistrement MX désigne ce serveur, par exemple bounce.example.org
    .off = Laisser les expéditeurs tels quels
help-facteur-domain-publish = Faire dire à un domaine ses réglages aux logiciels de messagerie, pour qu'ils se configurent seuls
    .name = Le domaine
    .imap = Où son courrier se lit par IMAP (répétable ; port 993 sauf mention)
    .pop3 = Où son courrier se relève par POP3 (répétable ; port 995 sauf mention)
    .smtp = Où son courrier s'envoie (répétable ; port 465 sauf mention ; sinon ce serveur, aux ports qu'il écoute)
    .local_part = Le nom d'utilisateur est la partie avant le @, et non l'adresse entière
    .title = Le nom que les gens donnent au domaine (sinon le sien)
    .off = Ne plus rien dire
help-facteur-domain-settings = Afficher ce qu'un domaine publie pour que les logiciels de messagerie se configurent seuls
    .name = Le domaine
    .imap = Où son courrier se lit par IMAP (répétable ; port 993 sauf mention)
    .pop3 = Où son courrier se relève par POP3 (répétable ; port 995 sauf mention)
    .smtp = Où son courrier s'envoie (répétable ; port 465 sauf mention ; sinon ce serveur, aux ports qu'il écoute)
    .local_part = Le nom d'utilisateur est la partie avant le @, et non l'adresse entière
    .title = Le nom que les gens donnent au domaine (sinon le sien)
    .form = dns (enregistrements à coller, par défaut), autoconfig, autodiscover, autodiscover-json, apple (un profil, sans signature), page (pour les gens), nginx ou caddy (ce qu'il leur faut pour se tenir devant)
    .address = Pour cette adresse : nécessaire pour autodiscover et apple
    .web = L'hôte où les documents sont publiés (sinon ce serveur)
help-facteur-domain-remove = Supprimer un domaine et ses clés
    .name = Le domaine

help-facteur-relay = Les serveurs qui transportent votre courrier
help-facteur-relay-list = Lister les relais, et dire pourquoi ceux qui sont fermés le sont
help-facteur-relay-presets = Lister les relais connus par leur nom, et ce que chacun demande
help-facteur-relay-add = Ajouter un relais ; le premier transporte le courrier de tous
    .name = Son nom ; celui d'un relais connu suffit : facteur relay add gmail
    .preset = Le fournisseur, parmi ceux de facteur relay presets
    .host = Le serveur, si le relais n'est pas connu
    .port = Le port (sinon 587, puis 465, puis 2525)
    .tls = auto (STARTTLS exigé, ou TLS d'emblée sur 465), implicit, starttls, ou never
    .insecure = Ne pas vérifier les certificats, et permettre l'envoi en clair : seulement sur un réseau sûr
    .ca = Un fichier contenant le certificat (PEM) d'une autorité privée
    .login = Le nom d'utilisateur
    .no_auth = Le relais ne demande pas d'authentification
    .sender = keep (l'expéditeur du message), ou login (l'adresse du relais ; celle du message passe dans Reply-To)
    .region = La région, pour un fournisseur qui en a plusieurs, par exemple eu-west-3
    .connections = Le nombre maximal de connexions simultanées
    .recipients = Le nombre maximal de destinataires d'un message à la fois
    .account = Pour le courrier de ce seul compte, qui peut le changer
    .default = Faire passer par lui le courrier de tous ; avec --account, celui de ce compte
    .epilogue = Le mot de passe est demandé dans le terminal, ou lu avec --password-stdin ; ce n'est jamais un argument.
help-facteur-relay-change = Modifier un relais ; ce qui n'est pas nommé reste tel quel
    .name = Le relais
    .rename = Un nouveau nom
    .secure = Vérifier de nouveau les certificats
    .preset = Le fournisseur, parmi ceux de facteur relay presets
    .host = Le serveur
    .port = Le port ; 0 revient à 587, puis 465, puis 2525
    .tls = auto (STARTTLS exigé, ou TLS d'emblée sur 465), implicit, starttls, ou never
    .insecure = Ne pas vérifier les certificats, et permettre l'envoi en clair : seulement sur un réseau sûr
    .ca = Un fichier contenant le certificat (PEM) d'une autorité privée
    .login = Le nom d'utilisateur
    .no_auth = Le relais ne demande pas d'authentification
    .sender = keep (l'expéditeur du message), ou login (l'adresse du relais ; celle du message passe dans Reply-To)
    .region = La région, pour un fournisseur qui en a plusieurs, par exemple eu-west-3
    .connections = Le nombre maximal de connexions simultanées
    .recipients = Le nombre maximal de destinataires d'un message à la fois
    .default = Faire passer par lui le courrier de tous
help-facteur-relay-password = Donner à un relais un nouveau mot de passe : il rouvre aussitôt, et son courrier part
    .name = Le relais
    .login = Un nouveau nom d'utilisateur, s'il change aussi
help-facteur-relay-test = Aller voir un relais sans courrier, et montrer ce qui s'est dit ; il rouvre si cela marche
    .name = Le relais
help-facteur-relay-remove = Supprimer un relais ; son courrier en prend un autre, ou en attend un
    .name = Le relais

help-facteur-route = Quel courrier prend quel relais
help-facteur-route-list = Lister les routes
help-facteur-route-set = Faire passer un courrier par un relais
    .relay = Le relais ; direct pour aucun : droit chez les serveurs des destinataires
    .site = Le courrier de ce site
    .account = Le courrier de ce compte
    .domain = Le courrier envoyé par les adresses de ce domaine
    .owner = Le courrier de ce propriétaire
    .default = Tout le courrier qui n'a pas d'autre route
help-facteur-route-unset = Supprimer une route
    .site = Celle de ce site
    .account = Celle de ce compte
    .domain = Celle de ce domaine d'expéditeurs
    .owner = Celle de ce propriétaire
    .default = Celle de tout le reste

help-facteur-queue = Ce qui attend, et ce que vous pouvez en faire (seul : list)
help-facteur-queue-list = Lister ce qui attend, pourquoi, et jusqu'à quand
    .limit = Au plus tant de messages (sinon 50 ; tous avec --json)
help-facteur-queue-retry = Réessayer tout de suite
help-facteur-queue-hold = Retenir, jusqu'à nouvel ordre
help-facteur-queue-release = Laisser partir ce qui est retenu
help-facteur-queue-delete = Supprimer, sans prévenir l'expéditeur
    .yes = Le faire sans demander, quel que soit le nombre de messages
help-facteur-queue-bounce = Abandonner, en prévenant l'expéditeur
    .yes = Le faire sans demander, quel que soit le nombre de messages

help-facteur-undo = Reprendre un message avant qu'il parte
    .id = L'identifiant du message dans la file

help-facteur-why = Raconter l'histoire d'un message, et dire que faire
    .id = L'identifiant du message dans la file, ou son identifiant public
    .dialogue = Montrer tout ce que les serveurs se sont dit

help-facteur-send = Envoyer un message d'essai, et le suivre jusqu'à ce qu'il soit arrivé ou que l'on sache pourquoi non
    .recipients = À qui
    .to = À qui (répétable)
    .from = L'expéditeur (sinon l'identifiant du relais par défaut)
    .subject = Le sujet
    .text = Le texte
    .no_follow = Ne pas attendre la suite
    .epilogue = Codes de sortie : 0 il est arrivé, 75 il attend, 1 il a été refusé. Ctrl-C arrête le suivi, pas le message.

help-facteur-discover = Trouver les réglages d'une adresse, et les essayer
    .address = L'adresse
    .program = Pour un logiciel, à copier : thunderbird, outlook, apple (un profil pour Mac et iPhone), android, qr, msmtp, postfix, php, wordpress, django, rails, laravel ou node
    .offline = Ne rien demander à personne, répondre d'après la table des fournisseurs connus
    .trust = Envoyer le mot de passe aux serveurs de ce domaine, bien que seul le DNS y mène
    .use_it = Faire du serveur d'envoi un relais de ce serveur, une fois qu'il vous a accepté
    .private = Admettre les noms et les adresses de réseaux privés
    .jsonl = Lire une adresse par ligne sur l'entrée standard, et répondre à chacune par une ligne de JSON

help-facteur-explain = Expliquer un refus, copié de n'importe où, sans interroger de serveur
    .text = Ce qui a été dit, par exemple '535 5.7.8 Username and Password not accepted' (sinon l'entrée standard)
    .host = Le serveur qui l'a dit, s'il est connu
    .jsonl = Lire sur l'entrée standard une question par ligne, en JSON (text, host, stage), et répondre ligne à ligne
    .topic = Afficher ce qu'il faut faire, dans l'ordre : after-abuse, pour un hébergeur dont un compte ou un site a envoyé du courrier indésirable
    .epilogue = Un fichier en .eml est lu comme un avis d'échec, un fichier en .log ou .txt comme un journal de Postfix ou d'Exim, ou comme le texte même.

help-facteur-mailq = Afficher la file d'attente comme le fait Postfix
    .config = Le répertoire des données, là où le mailq de Postfix attend sa configuration
    .epilogue = Entre parenthèses : la cause dans votre langue, puis ce que le serveur a dit. Avec LC_ALL=C : cela seul.

help-facteur-postqueue = Faire ce que fait le postqueue de Postfix
    .config = Le répertoire des données, là où le postqueue de Postfix attend sa configuration
    .print = Afficher la file d'attente, comme mailq
    .lines = Afficher la file d'attente en JSON, un objet par ligne
    .flush = Tout réessayer tout de suite
    .id = Réessayer ce message tout de suite

help-facteur-sendmail = Remettre du courrier comme le fait tout sendmail
    .words = Ses options et destinataires à lui (-t, -i, -f adresse …) ; les autres options de facteur se mettent devant
help-facteur-newaliases = Vérifier le fichier des alias
    .words = Les options de sendmail, sans effet ici
help-facteur-postsuper = Supprimer, retenir, libérer ou remettre en file comme le fait le postsuper de Postfix
    .words = -d, -h, -H ou -r avec un identifiant, ALL, ou - pour des identifiants sur l'entrée standard

help-facteur-demo = Voir l'essentiel en une minute, sans réseau : un mot de passe faux, la raison, le remède, le courrier qui part
    .stay = Rester ensuite, avec un portail et un mois d'historique, jusqu'à Ctrl-C (comme dans un terminal)
    .short = Finir après la scène, même dans un terminal
