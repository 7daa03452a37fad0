# Faire vivre un serveur : ses droits, ses sauvegardes, sa configuration en un fichier.

start-as-root = Le serveur tourne en tant que root, sans en avoir besoin : nommez un utilisateur dans facteur.toml (user = "facteur"), ou lancez-le sous cet utilisateur.
start-user-unknown = facteur.toml nomme l'utilisateur { $user }, qui n'existe pas sur cette machine.
    .fix = Créez-le avec : useradd --system --shell /usr/sbin/nologin { $user }
start-user-root = facteur.toml nomme l'utilisateur { $user }, qui est root.
    .fix = Nommez-en un autre, créé avec : useradd --system --shell /usr/sbin/nologin facteur
start-user-refused = Le système ne laisse pas root devenir un autre utilisateur : { $detail }
    .fix = Dans un conteneur, lancez facteur sous cet utilisateur, ou accordez les capacités SETUID et SETGID.
