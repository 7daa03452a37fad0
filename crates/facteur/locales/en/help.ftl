# The help of the command line. A message is a command, its attributes are its arguments.

help-usage = Usage:
help-commands = Commands
help-command = COMMAND
help-arguments = Arguments
help-options = Options
help-everywhere = Options of every command

value-address = ADDRESS
value-age = AGE
value-cause = CAUSE
value-tag = TAG
value-dir = DIR
value-domain = DOMAIN
value-file = FILE
value-form = FORM
value-host = HOST
value-login = LOGIN
value-name = NAME
value-relay = RELAY
value-preset = PRESET
value-program = PROGRAM
value-region = REGION
value-state = STATE
value-text = TEXT
value-seconds = SECONDS
value-option = OPTION
value-port = PORT
value-subdomain = SUBDOMAIN
value-selector = SELECTOR

help-common = Shared by many commands
    .data = The data directory of the server (else FACTEUR_DATA, the installed server, or ./facteur-data)
    .lang = The language: fr or en (else the locale's)
    .json = Print JSON, for programs
    .help = Print this help
    .version = Print the version
    .owner = The owner that it belongs to; made when it is new
    .password_stdin = Read the password from the first line of standard input
    .ask = Ask for the password on the terminal
    .ids = Only these messages
    .sender = Only mail of this sender
    .recipient = Only mail to this recipient
    .domain = Only mail to this domain
    .relay = Only mail that takes or waits for this relay
    .cause = Only mail that waits for this cause, such as auth_bad_credentials
    .tag = Only mail that was given with this tag
    .older_than = Only mail that is older, such as 30m, 2h or 1d
    .state = Only recipients in this state: waiting, held, delivered, failed, expired, cancelled
    .all = Everything, when nothing else narrows it

help-facteur = Sends your mail, and tells you why a message has not arrived and what to do about it.
    .epilogue =
        First steps:
          facteur start                       run the server
          facteur setup                       say who carries your mail, and send a first message
          facteur send someone@example.org    send a test message and watch it leave
          facteur status                      see what needs attention

        Exit codes: 0 done, 1 not done, 64 wrong usage, 65 wrong value, 69 server or relay out of reach, 75 not now (try again later), 77 not allowed, 78 wrong configuration.

help-facteur-start = Run the server, until it is told to stop
    .epilogue = FACTEUR_LOG says how much is logged: error, warn, info (the default), debug.

help-facteur-init = Make the data directory, the configuration and the administrator, without starting
    .host_name = The name of this server, such as mail.example.org (else the machine's own)

help-facteur-status = Show what needs attention, and how the server is

help-facteur-account = People who sign in and may send
help-facteur-account-list = List the accounts
help-facteur-account-add = Add an account; a password is made and shown, unless you give one
    .login = The login, usually the address
    .sender = What it may send with: an address, all of a @domain, or * for any (repeatable; else its login)
    .language = The language of what it is told: fr or en
    .undo = The seconds before its mail leaves, in which it can be taken back with facteur undo (else 0)
    .role = What it may do in the portal: person (its own mail), helper (answer customers: see, block, unblock, act on messages) or administrator
help-facteur-account-change = Change an account; what is not named stays as it is
    .login = The account's login
    .sender = What it may send with from now on: an address, all of a @domain, or * for any (repeatable)
    .language = The language of what it is told: fr or en
    .undo = The seconds before its mail leaves, in which it can be taken back with facteur undo (people like 10)
    .role = What it may do in the portal: person (its own mail), helper (answer customers: see, block, unblock, act on messages) or administrator
help-facteur-account-password = Change the password of an account; one is made and shown, unless you give one
    .login = The account's login
help-facteur-account-remove = Remove an account
    .login = The account's login

help-facteur-site = Programs that send: by login, or by the network that they are on
help-facteur-site-list = List the sites
help-facteur-site-add = Add a site: with --network it needs no login; else a key is made and shown
    .name = The name, also the SMTP login
    .network = A network from which it sends without a login, such as 192.168.1.0/24 (repeatable)
    .uid = The number of a local user whose programs it is (repeatable)
    .user = The same by the user's name: www-data (repeatable)
    .sender = What it may send with: an address, all of a @domain, or * for any (repeatable)
    .allow_any_sender = The same as --sender '*': only for a program that you trust as much as this server
    .line_endings = What is done with a CR or LF that it sends alone: strict refuses the message, repair makes CR LF of it
help-facteur-site-change = Change a site; what is not named stays as it is
    .name = The site's name
    .network = A network from which it sends without a login from now on (repeatable)
    .uid = The number of a local user whose programs it is from now on (repeatable)
    .sender = What it may send with from now on: an address, all of a @domain, or * for any (repeatable)
    .line_endings = What is done with a CR or LF that it sends alone: strict refuses the message, repair makes CR LF of it
help-facteur-site-password = Change the key of a site; one is made and shown, unless you give one
    .name = The site's name
help-facteur-site-remove = Remove a site
    .name = The site's name

help-facteur-domain = Domains that mail is signed for, and the DNS records to publish
help-facteur-domain-list = List the domains
help-facteur-domain-add = Add a domain: its keys are made, and the records to publish are shown
    .name = The domain, such as example.org
    .selector = The name of its keys in the DNS (else facteur)
    .owner = The owner
help-facteur-domain-check = Look up whether a domain's records are published, and whether mail programs get its settings
    .name = The domain
    .private = Also ask at addresses of private networks
help-facteur-domain-bounces = Have bounces of mail that left without a relay come back to this server, so that they join the message's story
    .name = The domain
    .to = A name below it whose MX record points to this server, such as bounce.example.org
    .off = Leave the senders as they are
help-facteur-domain-publish = Have a domain tell mail programs its settings, so that they set themselves up
    .name = The domain
    .imap = Where its mail is read by IMAP (repeatable; port 993 unless you say)
    .pop3 = Where its mail is fetched by POP3 (repeatable; port 995 unless you say)
    .smtp = Where its mail is sent (repeatable; port 465 unless you say; else this server, at the ports it listens on)
    .local_part = The user name is the part before the @, and not the whole address
    .title = What people call the domain (else its name)
    .off = Tell nothing any more
help-facteur-domain-settings = Print what a domain publishes so that mail programs set themselves up
    .name = The domain
    .imap = Where its mail is read by IMAP (repeatable; port 993 unless you say)
    .pop3 = Where its mail is fetched by POP3 (repeatable; port 995 unless you say)
    .smtp = Where its mail is sent (repeatable; port 465 unless you say; else this server, at the ports it listens on)
    .local_part = The user name is the part before the @, and not the whole address
    .title = What people call the domain (else its name)
    .form = dns (records to paste, the default), autoconfig, autodiscover, autodiscover-json, apple (a profile, unsigned), page (for people), nginx or caddy (what they need to stand in front)
    .address = For this address: needed for autodiscover and apple
    .web = The host at which the documents are published (else this server)
help-facteur-domain-remove = Remove a domain and its keys
    .name = The domain

help-facteur-relay = The servers that carry your mail on
help-facteur-relay-list = List the relays, and why those that are closed are
help-facteur-relay-presets = List the relays known by name, and what each needs
help-facteur-relay-add = Add a relay; the first one carries everybody's mail
    .name = Its name; the name of a preset is enough: facteur relay add gmail
    .preset = The provider, from facteur relay presets
    .host = The server, when there is no preset
    .port = The port (else 587, then 465, then 2525)
    .tls = auto (STARTTLS required, or TLS at once on 465), implicit, starttls, or never
    .insecure = Do not verify certificates, and allow plain text: only on a network that you trust
    .ca = A file with the certificate (PEM) of a private authority
    .login = The user name
    .no_auth = The relay wants no sign-in
    .sender = keep (the message's own sender), or login (the relay's own address; the message's own goes to Reply-To)
    .region = The region, for a provider that has several, such as eu-west-3
    .connections = The most connections at once
    .recipients = The most recipients of one message at once
    .account = For this account's mail alone, and theirs to change
    .default = Send everybody's mail through it; with --account, that account's
    .epilogue = The password is asked for on the terminal, or read with --password-stdin; it is never an argument.
help-facteur-relay-change = Change a relay; what is not named stays as it is
    .name = The relay
    .rename = A new name
    .secure = Verify certificates again
    .preset = The provider, from facteur relay presets
    .host = The server
    .port = The port; 0 goes back to 587, then 465, then 2525
    .tls = auto (STARTTLS required, or TLS at once on 465), implicit, starttls, or never
    .insecure = Do not verify certificates, and allow plain text: only on a network that you trust
    .ca = A file with the certificate (PEM) of a private authority
    .login = The user name
    .no_auth = The relay wants no sign-in
    .sender = keep (the message's own sender), or login (the relay's own address; the message's own goes to Reply-To)
    .region = The region, for a provider that has several, such as eu-west-3
    .connections = The most connections at once
    .recipients = The most recipients of one message at once
    .default = Send everybody's mail through it
help-facteur-relay-password = Give a relay a new password: it opens at once, and its mail leaves
    .name = The relay
    .login = A new user name, if it changes too
help-facteur-relay-test = Go to a relay without mail, and show what was said; it opens if that works
    .name = The relay
help-facteur-relay-remove = Remove a relay; its mail takes another, or waits for one
    .name = The relay

help-facteur-route = Whose mail takes which relay
help-facteur-route-list = List the routes
help-facteur-route-set = Send somebody's mail through a relay
    .relay = The relay; direct for none: straight to the recipients' own servers
    .site = The mail of this site
    .account = The mail of this account
    .domain = The mail from addresses of this domain
    .owner = The mail of this owner
    .default = All mail that no other route is for
help-facteur-route-unset = Remove a route
    .site = That of this site
    .account = That of this account
    .domain = That of this sender domain
    .owner = That of this owner
    .default = The one for all other mail

help-facteur-queue = What waits, and what you can do with it (alone: list)
help-facteur-queue-list = List what waits, why, and until when
    .limit = At most so many messages (else 50; all with --json)
help-facteur-queue-retry = Try at once
help-facteur-queue-hold = Hold back, until released
help-facteur-queue-release = Let go what is held
help-facteur-queue-delete = Delete, without telling the sender
    .yes = Do it without asking, however many messages there are
help-facteur-queue-bounce = Give up, and tell the sender
    .yes = Do it without asking, however many messages there are

help-facteur-undo = Take a message back before it leaves
    .id = The message's queue id

help-facteur-why = Tell the story of a message, and what to do
    .id = The message's queue id, or its public id
    .dialogue = Show all that the servers said to each other

help-facteur-send = Send a test message, and follow it until it has arrived or its reason is known
    .recipients = To whom
    .to = To whom (repeatable)
    .from = The sender (else the default relay's login)
    .subject = The subject
    .text = The text
    .no_follow = Do not wait for what comes of it
    .epilogue = Exit codes: 0 it has arrived, 75 it waits, 1 it was refused. Ctrl-C stops watching, not the message.

help-facteur-discover = Find the mail settings of an address, and try them
    .address = The address
    .program = For one program, to copy: thunderbird, outlook, apple (a profile for Mac and iPhone), android, qr, msmtp, postfix, php, wordpress, django, rails, laravel or node
    .offline = Ask nobody: answer from the table of known providers
    .trust = Send the password to servers of this domain, although only the DNS leads to them
    .use_it = Make the server for sending a relay of this server, once it has let you in
    .private = Allow names and addresses of private networks
    .jsonl = Read an address a line from standard input, and answer with one line of JSON each

help-facteur-explain = Explain a refusal, pasted from anywhere, without asking a server
    .text = What was said, such as '535 5.7.8 Username and Password not accepted' (else standard input)
    .host = The server that said it, if known
    .jsonl = Read one question a line from standard input, as JSON (text, host, stage), and answer one a line
    .topic = Print what to do in order: after-abuse, for a host whose account or site sent unwanted mail
    .epilogue = A file that ends in .eml is read as a bounce, one in .log or .txt as a log of Postfix or Exim, or as the text itself.

help-facteur-mailq = Print the queue as Postfix does
    .config = The data directory, where Postfix's mailq is told its configuration
    .epilogue = In parentheses: the cause in your language, then what the server said. With LC_ALL=C: only what it said.

help-facteur-postqueue = Do what Postfix's postqueue does
    .config = The data directory, where Postfix's postqueue is told its configuration
    .print = Print the queue, as mailq does
    .lines = Print the queue as JSON, an object a line
    .flush = Try everything at once
    .id = Try this message at once

help-facteur-sendmail = Hand over mail as every sendmail does
    .words = Its own options and recipients (-t, -i, -f address …); put the other options of facteur in front
help-facteur-newaliases = Check the file of aliases
    .words = sendmail's options, which mean nothing here
help-facteur-postsuper = Delete, hold, release or requeue as Postfix's postsuper does
    .words = -d, -h, -H or -r with an id, ALL, or - for ids on standard input

help-facteur-demo = See the main thing in a minute, without network: a wrong password, the reason, the fix, the mail leaving
    .stay = Stay afterwards, with a portal and a month of history, until Ctrl-C (as in a terminal)
    .short = End after the scene, in a terminal too
