# Faire vivre un serveur : ses droits, ses sauvegardes, sa configuration en un fichier.

start-as-root = Le serveur tourne en tant que root, sans en avoir besoin : nommez un utilisateur dans facteur.toml (user = "facteur"), ou lancez-le sous cet utilisateur.
start-unconfined = Le noyau ne confine pas le serveur comme il le devrait ({ $measure }) : { $detail }. Le courrier est transporté quand même.
start-user-unknown = facteur.toml nomme l'utilisateur { $user }, qui n'existe pas sur cette machine.
    .fix = Créez-le avec : useradd --system --shell /usr/sbin/nologin { $user }
start-user-root = facteur.toml nomme l'utilisateur { $user }, qui est root.
    .fix = Nommez-en un autre, créé avec : useradd --system --shell /usr/sbin/nologin facteur
start-user-refused = Le système ne laisse pas root devenir un autre utilisateur : { $detail }
    .fix = Dans un conteneur, lancez facteur sous cet utilisateur, ou accordez les capacités SETUID et SETGID.

help-facteur-backup = Tout copier dans un nouveau répertoire, serveur en marche ou arrêté
    .directory = Où : un répertoire qui n'existe pas encore, ou vide
    .with_key = Copier aussi la clé, sans laquelle les mots de passe des relais sont illisibles : qui a les deux peut les lire
    .epilogue = C'est le serveur qui l'écrit. Là où il n'en a pas le droit, il la fait à côté de ses données, et cette commande la déplace. Le chemin inverse est facteur restore.
help-facteur-restore = Remettre une sauvegarde dans un répertoire de données où il n'y a pas encore de serveur
    .directory = La sauvegarde
    .key = La clé, si elle n'est pas dans la sauvegarde
    .hold = Retenir ce qui attendait jusqu'à nouvel ordre, plutôt que de l'envoyer peut-être deux fois
help-facteur-secrets = La clé qui scelle les mots de passe des relais et les clés des domaines
help-facteur-secrets-rotate = Créer une nouvelle clé et tout sceller avec elle, serveur en marche ou arrêté
    .epilogue = L'ancienne clé est oubliée. Les sauvegardes d'avant ont besoin de la clé de leur époque : gardez la copie qui va avec elles.
help-facteur-check = Parcourir tout ce qui est conservé, et nommer ce que le disque n'a pas gardé tel quel
    .epilogue = Toutes les données sont lues une fois, serveur en marche ou arrêté. Un message abîmé n'est jamais envoyé : il est retenu, ou il attend avec cette raison.

secrets-rotated = Il y a une nouvelle clé dans { $path } : { $key }. Secrets scellés avec elle : { $secrets }.
secrets-rotated-backups = Gardez-en une copie ailleurs, à la place de l'ancienne. Les sauvegardes d'avant ont besoin de la clé de leur époque.
check-whole = Messages : { $messages }. Tout est tel qu'il a été écrit.
check-found = Messages : { $messages }. N'est plus tel qu'il a été écrit :
check-message = { $message } : { $detail }
check-database = la base de données : { $detail }
check-fix = Vérifiez le disque. Un message abîmé n'est jamais envoyé : restaurez-le depuis une sauvegarde, ou supprimez-le avec facteur queue delete. Si la base elle-même est abîmée, restaurez une sauvegarde.
backup-done = Tout est dans { $path }. Messages : { $messages } ; destinataires encore en cours : { $open }.
backup-key-in = La clé y est aussi : gardez la sauvegarde là où personne d'autre ne peut la lire.
backup-key-left = La clé n'y est pas. Gardez une copie de { $path } ailleurs : sans elle, les mots de passe des relais sont illisibles.
restore-done = La sauvegarde faite { $when } est dans { $path }. Messages : { $messages }.
restore-perhaps = { $count ->
    [one] Le courrier de { $count } destinataire attendait au moment de la sauvegarde. S'il est parti depuis, il arrivera deux fois ; facteur queue le montre.
   *[other] Le courrier de { $count } destinataires attendait au moment de la sauvegarde. Ce qui est parti depuis arrivera deux fois ; facteur queue le montre.
}
restore-held = { $count ->
    [one] Le courrier de { $count } destinataire attendait au moment de la sauvegarde, et il est retenu. Regardez-le avec facteur queue, puis libérez-le ou supprimez-le.
   *[other] Le courrier de { $count } destinataires attendait au moment de la sauvegarde, et il est retenu. Regardez-le avec facteur queue, puis libérez-le ou supprimez-le.
}
restore-taken = Il y a déjà quelque chose : { $what }
    .fix = Une sauvegarde n'est jamais mêlée à d'autres données : indiquez un répertoire vide avec --data, ou déplacez l'ancien.
restore-no-key = La sauvegarde a été faite sans sa clé, et des mots de passe sont scellés avec elle.
    .fix = Indiquez la copie que vous avez gardée avec --key FICHIER.
restore-not-whole = Ce n'est pas une sauvegarde complète : { $what } n'y est pas.
    .fix = Vérifiez le nom du répertoire ; une sauvegarde interrompue ne peut pas servir, prenez-en une autre.
store-newer = Les données ont été écrites par un facteur plus récent : { $detail }
    .fix = Installez cette version ou une plus récente. Rien n'a été modifié.

help-facteur-export = Mettre la configuration par écrit (propriétaires, domaines, relais, comptes, sites, routes, réglages), comme facteur apply la lit
    .with_secrets = Avec les mots de passe et les clés privées : seulement vers un fichier ou un tube, jamais sur un terminal
    .output = Un nouveau fichier, lisible par son seul propriétaire (sinon la sortie standard)
help-facteur-apply = Faire du serveur ce que dit un fichier : ajouter et modifier ; ce qui n'est pas dans le fichier reste tel quel
    .file = Le fichier, dans la forme de facteur export ; - pour l'entrée standard
    .dry_run = Montrer seulement ce qui changerait
    .epilogue = Un mot de passe peut aussi être indiqué par password_file (sa première ligne) ou password_env. Rien n'est fait tant que quelque chose dans le fichier ne peut pas l'être.

export-head = # La configuration d'un serveur facteur. Pour la relire : facteur apply FICHIER
apply-nothing = Tout est déjà comme le dit le fichier.
apply-done = { $count ->
    [one] { $count } changement a été fait.
   *[other] { $count } changements ont été faits.
}
apply-would = { $count ->
    [one] { $count } changement serait fait.
   *[other] { $count } changements seraient faits.
}
usage-secrets-shown = Les mots de passe et les clés privées ne s'écrivent pas sur un terminal.
    .fix = Indiquez un fichier avec --output FICHIER : vous seul pourrez le lire.

queue-sure-count = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
queue-sure-more = plus de { $count } messages
queue-sure-delete = Ceci supprime définitivement { $messages }, sans prévenir les expéditeurs. Continuer ? (oui/non)
queue-sure-bounce = Ceci abandonne définitivement { $messages } ; les expéditeurs en sont avertis. Continuer ? (oui/non)
queue-sure-yes = oui o
queue-left = Rien n'a été fait.
