# Running a server for long: its rights, its backups, its configuration as a file.

start-as-root = The server runs as root, and need not: name a user in facteur.toml (user = "facteur"), or start it as that user.
start-unconfined = The kernel does not confine the server as it should ({ $measure }): { $detail }. Mail is carried all the same.
start-user-unknown = facteur.toml names the user { $user }, and there is none on this machine.
    .fix = Make it with: useradd --system --shell /usr/sbin/nologin { $user }
start-user-root = facteur.toml names the user { $user }, who is root.
    .fix = Name another one, made with: useradd --system --shell /usr/sbin/nologin facteur
start-user-refused = The system does not let root become another user: { $detail }
    .fix = In a container, start facteur as that user, or allow the capabilities SETUID and SETGID.

help-facteur-backup = Copy everything into a new directory, while the server runs or while it is stopped
    .directory = Where to: a directory that does not exist yet, or is empty
    .with_key = Copy the key too, without which the passwords of relays cannot be read: whoever has both can read them
    .epilogue = The server writes it. Where it may not, it makes the backup beside its data, and this command moves it. facteur restore is the way back.
help-facteur-restore = Put a backup into a data directory where there is no server yet
    .directory = The backup
    .key = The key, when it is not in the backup
    .hold = Hold what was waiting until it is released, rather than perhaps send it twice
help-facteur-secrets = The key that seals the passwords of relays and the keys of domains
help-facteur-secrets-rotate = Make a new key and seal everything with it, while the server runs or while it is stopped
    .epilogue = The old key is forgotten. Backups from before need the key of their time: keep the copy that goes with them.
help-facteur-check = Look through everything that is stored, and name what the disk did not keep as it was written
    .epilogue = Reads all the data once, while the server runs or while it is stopped. Damaged messages are never sent: they are held, or wait with that reason.

secrets-rotated = There is a new key in { $path }: { $key }. Secrets sealed with it: { $secrets }.
secrets-rotated-backups = Keep a copy of it elsewhere in place of the old one. Backups from before need the key of their time.
check-whole = Messages: { $messages }. All is as it was written.
check-found = Messages: { $messages }. Not as it was written:
check-message = { $message }: { $detail }
check-database = the database: { $detail }
check-fix = Check the disk. A damaged message is never sent: restore it from a backup, or delete it with facteur queue delete. Damage of the database itself calls for a restore.
backup-done = Everything is in { $path }. Messages: { $messages }; recipients not finished: { $open }.
backup-key-in = The key is in it too: keep the backup where nobody else can read it.
backup-key-left = The key is not in it. Keep a copy of { $path } elsewhere: without it, the passwords of relays cannot be read.
restore-done = The backup taken { $when } is in { $path }. Messages: { $messages }.
restore-perhaps = { $count ->
    [one] The mail of { $count } recipient was waiting when the backup was taken. If it has left since, it will arrive twice; facteur queue shows it.
   *[other] The mail of { $count } recipients was waiting when the backup was taken. What has left since will arrive twice; facteur queue shows it.
}
restore-held = { $count ->
    [one] The mail of { $count } recipient was waiting when the backup was taken, and is held. Look at it with facteur queue, then release or delete it.
   *[other] The mail of { $count } recipients was waiting when the backup was taken, and is held. Look at it with facteur queue, then release or delete it.
}
restore-taken = There is something already: { $what }
    .fix = A backup is never mixed with other data: name an empty directory with --data, or move the old one away.
restore-no-key = The backup was taken without its key, and passwords are sealed with it.
    .fix = Name the copy that you kept with --key FILE.
restore-not-whole = This is not a whole backup: { $what } is not there.
    .fix = Check the name of the directory; a backup that was interrupted cannot be used, take another one.
store-newer = The data was written by a newer facteur: { $detail }
    .fix = Install that version or a newer one. Nothing was changed.

help-facteur-export = Write the configuration down (owners, domains, relays, accounts, sites, routes, settings), as facteur apply reads it
    .with_secrets = With passwords and private keys: only into a file or a pipe, never onto a terminal
    .output = A new file that only its owner can read (otherwise standard output)
help-facteur-apply = Make the server what a file says: add and change; what is not in the file is left alone
    .file = The file, in the form of facteur export; - for standard input
    .dry_run = Only show what would change
    .epilogue = A password may also be named by password_file (its first line) or password_env. Nothing is done while anything in the file cannot be.

export-head = # The configuration of a facteur server. Read it back with: facteur apply FILE
apply-nothing = Everything is as the file says already.
apply-done = { $count ->
    [one] { $count } change was made.
   *[other] { $count } changes were made.
}
apply-would = { $count ->
    [one] { $count } change would be made.
   *[other] { $count } changes would be made.
}
usage-secrets-shown = Passwords and private keys are not written onto a terminal.
    .fix = Name a file with --output FILE: only you will be able to read it.

queue-sure-count = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
queue-sure-more = more than { $count } messages
queue-sure-delete = This deletes { $messages } for good, and their senders are not told. Go on? (yes/no)
queue-sure-bounce = This gives up { $messages } for good, and their senders are told. Go on? (yes/no)
queue-sure-yes = yes y
queue-left = Nothing was done.
