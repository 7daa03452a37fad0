# The mail settings of an address.

column-protocol = PROTOCOL
column-port = PORT
column-security = SECURITY
column-user = USER NAME
column-tried = TRIED

discover-say-trust = If that is your provider, say so with --trust and its domain.

discover-page = Settings for mail programs at { $domain }. The password is that of the mailbox.
discover-user-full = the whole address
discover-user-local = the part of the address before the @
discover-no-reading = Nothing says where the mail of { $what } is read.
    .fix = Name the server with --imap or --pop3.
discover-not-let-in = No server for sending has let { $what } in, so there is no relay to use.
    .fix = Mend what is said above, and ask again.
discover-not-an-address = { $what } is no mail address.
    .fix = Give a whole address, such as anne@example.org.
discover-not-public = { $what } is not a name of the Internet, so nothing can be known of it.
    .fix = Ask whoever runs that network.
discover-nothing-to-copy = No servers are known for { $what }, or not those that this program needs.
    .fix = Look at what is known: facteur discover { $what }
