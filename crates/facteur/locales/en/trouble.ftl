# Troubles: a sentence of cause, and as `.fix` one of what to do.

fault-not-allowed = You may look at this server, but not change it.
    .fix = Ask its administrator.
fault-missing = There is no “{ $what }” here.
    .fix = Check the spelling; the lists (facteur account list, site list, relay list, queue) show what there is.
fault-exists = There is a “{ $what }” already.
    .fix = Take another name, or change or remove that one.
fault-invalid = The value of { $what } is not valid: { $detail }
    .fix = Correct it; --help shows what it should look like.
fault-invalid-bare = The value of { $what } is not valid.
    .fix = Correct it; --help shows what it should look like.
fault-invalid-password = The password is too short: it needs at least 8 characters.
    .fix = Choose a longer one, or give none to have one made.
fault-invalid-preset = No relay is known by that name.
    .fix = Known are: { $detail }. For any other, give --host.
fault-needed = Something is missing: { $what }
    .fix = Give it; --help shows what it should look like.
fault-oauth2-only = The provider { $what } takes no passwords from programs any more, only OAuth2.
    .fix = Send through another relay; facteur relay presets shows those that work with a password or a key.
fault-insecure = A relay on a public address needs TLS and a sign-in, or your password and your mail can be read on the way.
    .fix = Leave out --tls never and --no-auth; if you know that the way is safe, add --insecure.
fault-not-published = The MX record of { $what } does not point to this server yet, so that other servers would refuse mail from it.
    .fix = Publish this record, wait a few minutes, then try again: { $detail }
fault-no-listener = No port of this server takes mail from other servers, so that the bounces of { $what } could not come back.
    .fix = Add to facteur.toml: [[listener]] address = "0.0.0.0:25" kind = "mx", each on a line of its own; start the server anew, then try again.
fault-store = The server's data cannot be read or written: { $detail }
    .fix = Check the disk and the rights on the data directory, then try again.
fault-refused = The message was not accepted: { $detail }
    .fix = Correct what it names, and send it again.

client-not-initialised = There is no server in { $path } yet.
    .fix = Make and run one with: facteur start; or name another with --data.
client-unreachable = The server in { $path } does not answer: { $detail }
    .fix = If it is just starting or stopping, try again in a moment; else start it anew.
client-forbidden = The data in { $path } belongs to another user.
    .fix = Run the command as that user, or as root.

config-unreadable = The configuration { $path } cannot be read: { $detail }
    .fix = Check the rights on the file.
config-invalid = The configuration { $path } has a mistake: { $detail }
    .fix = Correct the line that it names.

start-net = The network cannot be set up: { $detail }
    .fix = Free that port or name another in facteur.toml, under [[listener]]; for a certificate, check the files under [tls].
start-file = { $path } cannot be made: { $detail }
    .fix = Check the rights on the directory, or choose another with --data.
store-in-use = The data is in use: { $detail }
    .fix = Stop the other facteur first, or give this one another directory with --data.
store-full = The disk is full: { $detail }
    .fix = Free some space; no mail is lost, it is refused until then.
store-read-only = The disk failed while the server ran: { $detail }
    .fix = Check the disk and its cables, then start facteur again: what was acknowledged before is there.
store-other = The data cannot be opened: { $detail }
    .fix = Check the disk and the rights on the data directory; if the file is damaged, restore a backup.

trouble-file = { $path } cannot be read: { $detail }
    .fix = Check its name and the rights on it.
trouble-system = The system refuses what every program needs: { $detail }
    .fix = Try again in a moment.
trouble-unexpected = The server answered something else than what was asked.
    .fix = It runs another version than this command: restart it.

usage-unknown-argument = { $argument } is not known here.
usage-unknown-command = There is no command “{ $command }”.
usage-invalid-value = “{ $value }” is not a valid value of { $argument }.
usage-no-value = { $argument } needs a value.
usage-too-many-values = { $argument } takes fewer values.
usage-conflict = { $argument } and { $other } do not go together.
usage-missing = Something is missing: { $argument }
usage-no-command = A command is missing.
usage-not-text = An argument is not UTF-8 text.
usage-other = The arguments mean nothing together.
usage-meant = Did you mean { $meant }?
usage-expected = { $argument }: { $says }.
usage-help = Help: { $command } --help
usage-all-needed = Nothing says which messages are meant.
    .fix = Name them by id, by --sender, --recipient, --domain, --relay, --cause or --older-than; or say --all.
usage-password-needed = A password is needed, and there is no terminal to ask for it.
    .fix = Give it on standard input, with --password-stdin.
usage-passwords-differ = The two passwords are not the same.
    .fix = Start again, and type the same one twice.
usage-text-needed = There is nothing to explain.
    .fix = Give the text that the server said, as an argument or on standard input.
usage-question-needed = Line { $what } is no JSON object with a text.
    .fix = Write one object a line, such as: {"{"}"text": "550 5.1.1 User unknown"{"}"}
usage-from-needed = No sender is known.
    .fix = Give one with --from.
