# Running a server for long: its rights, its backups, its configuration as a file.

start-as-root = The server runs as root, and need not: name a user in facteur.toml (user = "facteur"), or start it as that user.
start-user-unknown = facteur.toml names the user { $user }, and there is none on this machine.
    .fix = Make it with: useradd --system --shell /usr/sbin/nologin { $user }
start-user-root = facteur.toml names the user { $user }, who is root.
    .fix = Name another one, made with: useradd --system --shell /usr/sbin/nologin facteur
start-user-refused = The system does not let root become another user: { $detail }
    .fix = In a container, start facteur as that user, or allow the capabilities SETUID and SETGID.
