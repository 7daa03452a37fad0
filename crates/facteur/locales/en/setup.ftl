# Setting up: what is asked, what is done, the confirmation mail.

help-facteur-setup = Set everything up: by questions, or by the options below; ends with a confirmation mail
    .host_name = The name of this server, as others know it, for example mail.example.org
    .direct = Deliver straight to the servers of each recipient (needs an open port 25 and a reverse name)
    .relay = Send through a provider: a name from facteur relay presets, or a server's name
    .login = The user name at the provider
    .no_auth = The provider asks for no sign-in
    .port = The port (otherwise 587, then 465, then 2525)
    .tls = auto (STARTTLS required, or TLS at once on 465), implicit, starttls, or never
    .ca = A file with the certificate (PEM) of a private authority
    .region = The region, for a provider that has several, for example eu-west-3
    .admin = Your own address: root's mail and the notices of this server go there
    .no_test = Do not send the confirmation mail
    .epilogue = Exit codes: 0 the confirmation mail arrived, 75 it waits, 1 it was refused; its reason is shown. Can be done again at any time.

setup-ask-host = The name of this server, as others know it (for example mail.example.org)
setup-ask-way =
    How does mail leave?
      direct        straight to the servers of each recipient: for a server with a fixed address and an open port 25
      a provider    { $presets }
      a server      its name, for example smtp.example.org
    Your choice
setup-ask-admin = Your own address, for root's mail and the notices of this server
setup-ask-again = That cannot be used. Please try again.

setup-host-changed = This server is now called { $host } (in { $path }). A running server takes the name at its next start.
setup-direct = Mail leaves straight to the servers of each recipient.
setup-administrator = Root's mail and the notices of this server go to { $address }.
setup-mail-subject = { $host } can send mail
setup-mail-text =
    Good news: if you read this, { $host } can send mail.

    This message was sent by facteur, at the end of its set-up, with the sender { $from }. Nothing more is to be done.
    If it was in your spam folder, tell your mail program that it is not spam.

    To see what is under way: facteur status
    To see what waits, and why: facteur queue
setup-sent = The confirmation mail to { $address } is on its way, from { $from }.
setup-confirmed = It arrived at the server of its recipient: look into your mailbox, and into the spam folder. The set-up is done.
setup-waits = It has not arrived yet: the reason and what to do are above. Once this is mended it leaves by itself; facteur setup can also be done again.
setup-refused = It was refused: the reason and what to do are above. Mend it, and do facteur setup again.
setup-done = The set-up is done.
setup-next-start = Next step: facteur start

setup-doubt-word = “{ $host }” is a single word: other servers expect a full name, such as mail.example.org.
    .fix = Choose a name of a domain of yours, and do: facteur setup --host-name NAME
setup-doubt-reserved = “{ $host }” is a name that does not exist on the Internet: other servers may refuse mail that names it.
    .fix = That is fine for a try; otherwise choose a name of a domain of yours, and do: facteur setup --host-name NAME
setup-doubt-address = The DNS knows no address for { $host }: other servers may refuse its mail.
    .fix = At the provider of your domain, add an A record (and AAAA, with IPv6) for { $host } with the address of this server.
setup-doubt-private = { $host } has the address { $address }, which is of a private network: other servers cannot verify it.
    .fix = At the provider of your domain, give { $host } the public address of this server.
setup-doubt-reverse = The name behind { $address } is { $other }, and not { $host }: many servers refuse direct mail for that, Gmail and Outlook among them.
    .fix = At the host of your server, set the reverse name (PTR) of { $address } to { $host }; or send through a provider, with --relay.
setup-doubt-no-reverse = There is no name behind { $address }: many servers refuse direct mail for that, Gmail and Outlook among them.
    .fix = At the host of your server, set the reverse name (PTR) of { $address } to { $host }; or send through a provider, with --relay.

usage-setup-needed = Something is missing, and there is no terminal to ask on: { $what }
    .fix = Give it as an option, or run facteur setup in a terminal. Help: facteur setup --help
usage-setup-unanswered = A question was not answered.
    .fix = Run facteur setup again, or give the answers as options. Help: facteur setup --help
