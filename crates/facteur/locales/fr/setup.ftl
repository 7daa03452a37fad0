# La mise en service : ce qui est demandé, ce qui est fait, le message de confirmation.

help-facteur-setup = Tout mettre en service : par questions, ou par les options ci-dessous ; se termine par un message de confirmation
    .host_name = Le nom de ce serveur, tel que les autres le connaissent, par exemple mail.example.org
    .direct = Remettre directement aux serveurs de chaque destinataire (il faut un port 25 ouvert et un nom inverse)
    .relay = Passer par un fournisseur : un nom de facteur relay presets, ou le nom d'un serveur
    .login = Le nom d'utilisateur chez le fournisseur
    .no_auth = Le fournisseur ne demande pas d'authentification
    .port = Le port (sinon 587, puis 465, puis 2525)
    .tls = auto (STARTTLS exigé, ou TLS d'emblée sur 465), implicit, starttls, ou never
    .ca = Un fichier contenant le certificat (PEM) d'une autorité privée
    .region = La région, pour un fournisseur qui en a plusieurs, par exemple eu-west-3
    .admin = Votre propre adresse : le courrier de root et les avis de ce serveur y vont
    .no_test = Ne pas envoyer le message de confirmation
    .epilogue = Codes de sortie : 0 le message de confirmation est arrivé, 75 il attend, 1 il a été refusé ; la raison est affichée. Peut être refait à tout moment.

setup-ask-host = Le nom de ce serveur, tel que les autres le connaissent (par exemple mail.example.org)
setup-ask-way =
    Comment le courrier part-il ?
      direct           directement aux serveurs de chaque destinataire : pour un serveur à adresse fixe, port 25 ouvert
      un fournisseur   { $presets }
      un serveur       son nom, par exemple smtp.example.org
    Votre choix
setup-ask-admin = Votre propre adresse, pour le courrier de root et les avis de ce serveur
setup-ask-again = Cette réponse ne convient pas. Réessayez, s'il vous plaît.

setup-host-changed = Ce serveur s'appelle désormais { $host } (dans { $path }). Un serveur en marche prendra ce nom à son prochain démarrage.
setup-direct = Le courrier part directement vers les serveurs de chaque destinataire.
setup-administrator = Le courrier de root et les avis de ce serveur vont à { $address }.
setup-mail-subject = { $host } sait envoyer du courrier
setup-mail-text =
    Bonne nouvelle : si vous lisez ceci, { $host } sait envoyer du courrier.

    Ce message a été envoyé par facteur, à la fin de sa mise en service, avec l'expéditeur { $from }. Il n'y a rien d'autre à faire.
    S'il était dans vos indésirables, signalez à votre logiciel de courrier qu'il n'en est pas un.

    Pour voir ce qui est en cours : facteur status
    Pour voir ce qui attend, et pourquoi : facteur queue
setup-sent = Le message de confirmation à { $address } est en route, de la part de { $from }.
setup-confirmed = Il est arrivé au serveur de son destinataire : regardez dans votre boîte, et dans les indésirables. La mise en service est terminée.
setup-waits = Il n'est pas encore arrivé : la raison et le remède sont ci-dessus. Une fois la cause corrigée, il partira tout seul ; facteur setup peut aussi être refait.
setup-refused = Il a été refusé : la raison et le remède sont ci-dessus. Corrigez, et refaites facteur setup.
setup-done = La mise en service est terminée.
setup-next-start = Prochaine étape : facteur start

setup-doubt-word = « { $host } » est un seul mot : les autres serveurs attendent un nom complet, comme mail.example.org.
    .fix = Choisissez un nom dans un domaine à vous, et faites : facteur setup --host-name NOM
setup-doubt-reserved = « { $host } » est un nom qui n'existe pas sur Internet : d'autres serveurs peuvent refuser le courrier qui le porte.
    .fix = Pour un essai, cela convient ; sinon, choisissez un nom dans un domaine à vous, et faites : facteur setup --host-name NOM
setup-doubt-address = Le DNS ne connaît pas d'adresse pour { $host } : d'autres serveurs peuvent refuser son courrier.
    .fix = Chez le fournisseur de votre domaine, ajoutez un enregistrement A (et AAAA, en IPv6) pour { $host }, avec l'adresse de ce serveur.
setup-doubt-private = { $host } a pour adresse { $address }, qui est celle d'un réseau privé : les autres serveurs ne peuvent pas la vérifier.
    .fix = Chez le fournisseur de votre domaine, donnez à { $host } l'adresse publique de ce serveur.
setup-doubt-reverse = Le nom qui correspond à { $address } est { $other }, et non { $host } : beaucoup de serveurs refusent pour cela le courrier direct, dont Gmail et Outlook.
    .fix = Chez l'hébergeur de votre serveur, donnez à { $address } le nom inverse (PTR) { $host } ; ou passez par un fournisseur, avec --relay.
setup-doubt-no-reverse = Aucun nom ne correspond à { $address } : beaucoup de serveurs refusent pour cela le courrier direct, dont Gmail et Outlook.
    .fix = Chez l'hébergeur de votre serveur, donnez à { $address } le nom inverse (PTR) { $host } ; ou passez par un fournisseur, avec --relay.

usage-setup-needed = Il manque quelque chose, et il n'y a pas de terminal où le demander : { $what }
    .fix = Donnez-le en option, ou lancez facteur setup dans un terminal. Aide : facteur setup --help
usage-setup-unanswered = Une question est restée sans réponse.
    .fix = Relancez facteur setup, ou donnez les réponses en options. Aide : facteur setup --help
