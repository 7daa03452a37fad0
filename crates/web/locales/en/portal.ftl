# Around every page.
web-skip = Skip to the content
web-language = Language
web-menu = Menu
web-to-start = To the first page
web-sign-out = Sign out
web-take-back = Take it back
web-save = Save
web-saved = Saved.
web-cancel = Cancel
web-any = Any
web-number = { $count }
web-sure = Yes, I am sure
web-not-sure = Nothing was removed
web-not-sure-fix = Tick the box that says that you are sure, then press the button again.

web-nav-overview = Overview
web-nav-messages = Messages
web-nav-my-messages = My messages
web-nav-relays = Sending
web-nav-accounts = Accounts
web-nav-domains = Domains
web-nav-explain = Explain an error
web-nav-discover = Find mail settings
web-nav-own = My account

# Signing in.
web-sign-in = Sign in
web-sign-in-wrong = Login or password are wrong.
web-sign-in-unavailable = Sign-in cannot be checked at the moment: try again in a few seconds.
web-sign-in-slowed = Too many wrong passwords: nothing is checked for a while. Try again in { $span }.
web-sign-in-lost = I am the administrator and have no password
web-sign-in-link-hint = On the server, this command makes a link that signs you in once:
web-link-title = Sign in as administrator
web-link-hint = This link was made on the server. It is good once, for a quarter of an hour.
web-link-used = This link was used already, or is too old.

# What went wrong.
web-problem-not-found = There is nothing at this address
    .fix = The link may be old, or mistyped. Begin again at the first page.
web-problem-method = This address cannot be used in this way
    .fix = Go back, reload the page and try again.
web-problem-too-large = What was sent is too large
    .fix = Send less at once.
web-problem-too-slow = The answer took too long
    .fix = Try again in a moment. If it happens again, look at the server's log.
web-problem-forbidden = This page is for administrators
    .fix = Ask an administrator of this server.
web-problem-signed-out = You are not signed in any more
    .fix = Sign in again, then do it once more: nothing was changed.
web-problem-foreign = This form is no longer good
    .fix = Go back, reload the page and send it again: nothing was changed.
web-problem-ours = Something went wrong in this server
    .fix = Try again. If it happens again, look at the server's log.

web-fault-not-allowed = You may not do this.
    .fix = Ask an administrator of this server.
web-fault-missing = There is no “{ $what }” here.
    .fix = It may have been removed or renamed meanwhile.
web-fault-exists = There is a “{ $what }” already.
    .fix = Take another name, or change that one.
web-fault-invalid = “{ $what }” is not valid. { $detail }
    .fix = Correct it and try again.
web-fault-password = The password is too short.
    .fix = It needs at least 8 characters.
web-fault-too-often = “{ $what }” was tried too often.
    .fix = Try again in { $detail } min.
web-fault-not-public = “{ $what }” is not a name of the Internet, so nothing can be known of it.
    .fix = Look at the address once more, or ask whoever runs that network.
web-fault-address = This is no mail address.
    .fix = Give a whole address, such as anne@example.org.
web-fault-needed = “{ $what }” is missing.
    .fix = Fill it in and try again.
web-fault-oauth2-only = The provider { $what } takes no passwords from programs any more.
    .fix = Send through another relay, which takes a password or a key.
web-fault-insecure = A relay on a public address needs TLS and a sign-in, or your password and your mail can be read on the way.
    .fix = Choose a kind of TLS, and give the login and the password.
web-fault-not-published = The record of { $what } is not published yet.
    .fix = Publish this, wait a few minutes, then try again: { $detail }
web-fault-no-listener = No port of this server takes mail from other servers.
    .fix = Add a listener of kind “mx” to facteur.toml, and start the server anew.
web-fault-store = The server's data cannot be read or written: { $detail }
    .fix = Check the disk, then try again.
web-fault-refused = The message was not accepted: { $detail }
    .fix = Correct what it names, and send it again.
web-fault-last-administrator = “{ $what }” is the last administrator.
    .fix = Make somebody else an administrator first.
web-fault-not-running = Only a running server can do this.
    .fix = Start it, then try again.

# Overview.
web-all-well = All is well
web-all-well-more = Nothing needs you at the moment.
web-attention = Needs your attention
web-disk-full = The disk is full: no mail is taken
web-disk-full-fix = Free some space. Programs keep their mail and try again; nothing that was accepted is lost.
web-disk-failed = The disk failed: nothing is written any more
web-disk-failed-fix = Check the disk and its cables, then start facteur again. What was accepted before is there.
web-no-route-do = Choose how mail leaves
web-no-route = Mail waits: nobody said how it leaves
web-no-route-fix = Add a relay, or let mail go straight to the servers of its recipients. What waits then leaves by itself.
web-sender-stopped = The relay { $relay } takes no mail from { $sender }
web-relay-is-closed = The relay { $relay } is closed: its mail waits
web-relay-is-away = The relay { $relay } is out of reach for the moment
web-relay-refuses = The relay { $relay } refuses everything
web-tried-again = Tried again by itself { $when }
web-to-relay = See and mend
web-certificate = The certificate ends soon
web-certificate-fix = It ends { $when }. Renew it, or mail programs and browsers will refuse to connect.
web-slowed = { $count ->
    [one] Sign-in is slowed in one place, after wrong passwords
   *[other] Sign-in is slowed in { $count } places, after wrong passwords
}
web-slowed-fix = If these are people of yours, let them try again. Else nothing is to be done: guessing goes nowhere.
web-slowed-row = { $who }: { $count ->
        [one] one sign-in
       *[other] { $count } sign-ins
    } put off, again { $when }
web-slowed-more = And { $count } more.
web-slowed-lift = Let them try again
web-slowed-lifted = Everybody may try again at once.
web-record-title = Record of changes
web-record-hint = Who signed in and who changed what, the newest first. Nothing can be taken out of it.
web-record-empty = Nothing was changed yet.
web-record-when = When
web-record-who = Who
web-record-what = What
web-record-on = On what
web-queue = In the queue
web-count-messages = in all
web-count-leaving = leaving now
web-count-waiting = waiting for the next attempt
web-count-parked = waiting for a relay
web-count-held = held by a person
web-direct-only = Mail goes straight to the servers of its recipients.
web-no-relay = There is no relay yet.
web-server = { $host }, facteur { $version }
web-since = started { $when }

# Messages.
web-field-state = State
web-field-to = To: an address or a domain
web-field-from = From: an address
web-field-account = Account (login)
web-field-cause = Cause, such as recipient_mailbox_full
web-field-tag = Tag
web-field-relay = Relay
web-state-open = All that is not over
web-more-fields = More to search by
web-search = Search
web-no-messages = No message matches.
web-choose = Choose message { $id }
web-everything = Everything that this search means, other pages included
web-next-page = Next page
web-act-retry = Try now
web-act-hold = Hold back
web-act-release = Let go
web-act-fail = Give up, tell the sender
web-act-delete = Delete
web-act-undo = Take back
web-nothing-chosen = No message was chosen
web-nothing-chosen-fix = Tick the messages that are meant, then press the button again.
web-sure-delete = Delete { $messages }? This cannot be undone.
web-sure-fail = Give up { $messages }, and tell the senders? This cannot be undone.
web-sure-count = { $count ->
    [one] one message
   *[other] { $count } messages
}
web-sure-more = more than { $count } messages
web-back-to-messages = Messages
web-given = Given { $when }
web-size = Size: { $count } KiB
web-raw = What was said, word for word
web-dialogue = The dialogue with the server

# Sending.
web-mode = How mail leaves
web-mode-none = Nobody has said yet: mail waits until then.
web-mode-local = LOCAL: this server brings mail straight to the servers of its recipients. Port 25 must be open towards the Internet.
web-mode-relay = RELAY: mail leaves through the relay { $relay }.
web-mode-local-short = LOCAL: straight to the recipients' servers
web-mode-relay-short = RELAY: through { $relay }
web-mode-choose = Mail of everybody who has no route of their own
web-mode-set = Done: mail leaves this way from now on, and so does what waits.
web-relays = Relays
web-default = default
web-relay-add = Add a relay
web-field-preset = Provider
web-preset-none = Another server
web-choose-preset = Choose
web-field-name = Name
web-hint-name = As you want to call it. Empty: the provider's or the server's.
web-field-host = Server
web-field-port = Port
web-hint-port = Empty: 587, then 465, then 2525.
web-field-tls = TLS
web-tls-auto = As the port wants it (recommended)
web-tls-implicit = At once
web-tls-starttls = With STARTTLS
web-tls-never = None (near servers only)
web-field-region = Region
web-field-relay-login = User name
web-hint-login = Often the whole address. Empty: the relay wants no sign-in.
web-field-password = Password
web-relay-default = Mail of everybody leaves through it from now on
web-relay-added = The relay { $relay } is there.
web-relay-added-more = Test it now: nothing is sent.
web-relay-test = Test now
web-relay-test-hint = Goes there, signs in and leaves again: no mail is sent. When it works, a closed relay opens and its mail leaves.
web-testing = Test of the relay { $relay }
web-testing-connect = Connecting to { $host }, port { $port }…
web-testing-greeting = Connected. Waiting for its greeting…
web-testing-tls = It has answered. Encrypting the connection…
web-testing-sign-in = Signing in…
web-tested-back = To the relay
web-tested-mend = Correct it
web-tested-works = The relay { $relay } works
web-tested-fails = The relay { $relay } does not work
web-relay-messages = Its messages
web-relay-password = User name and password
web-field-password-new = New password
web-save-and-open = Save and open the relay
web-relay-password-set = Saved. The relay is tried at once, and the mail that waits for it leaves.
web-relay-settings = Settings and limits
web-relay-changed = Saved. The relay is tried with its new settings.
web-field-sender-mode = Sender
web-sender-keep = That of each message
web-sender-login = The address that signs in; the message's own goes to Reply-To
web-field-connections = Most connections at once
web-field-recipients = Most recipients of one transaction
web-relay-remove = Remove this relay
web-relay-remove-hint = Mail that waits for it takes another way, or waits for one.
web-relay-removed = The relay is gone.

# Accounts.
web-people = People
web-programs = Programs (sites)
web-programs-hint = A program signs in with its name and its key, or sends from its network without one.
web-account-add = Add an account
web-account-remove = Remove this account
web-account-messages = Messages of this account
web-field-login = Login
web-hint-account = Usually the e-mail address.
web-field-senders = May send with
web-hint-senders = Addresses, or whole domains as @example.org, with spaces in between. Empty: the login.
web-password-made = A password is made and shown once.
web-password-is = The password of { $login } is set.
web-password-once = Copy it now: it is not shown again.
web-password-new = Make a new password
web-password-new-hint = The old one ends at once, and so do the sessions that were opened with it.
web-field-undo = Undo, in seconds
web-hint-undo = So long can mail be taken back before it leaves. 0: it leaves at once.
web-field-role = Role
web-hint-role = A person sees their own mail. A helper answers your customers: sees everybody's mail and why it waits, blocks and unblocks, acts on messages, and sets no settings. An administrator may do everything.
web-account-of-staff = This account may do as much as yours, or more: only an administrator can change it.
web-account-no-factor = This account sees everybody's mail, and only a password guards it. Its person should turn on the second factor, under “My account”.
web-site-add = Add a program
web-site-remove = Remove
web-site-networks = Sends without a key from: { $text }
web-key-new = Make a new key
web-field-networks = Networks without a key
web-hint-networks = Such as 192.0.2.0/24. Empty: it always signs in.

# Domains.
web-domains-hint = Mail of these domains is signed (DKIM), so that other servers trust it.
web-domains-none = There is no domain yet: mail leaves without a signature.
web-field-domain = Domain
web-domain-add = Add this domain
web-domain-added = The domain is there: publish these records.
web-domain-publish = Publish these records where the domain's DNS is kept, then see whether they are there.
web-domain-check = Look whether they are published
web-domain-remove = Remove this domain
web-domain-removed = The domain is gone, and its keys with it.
web-record-name = Name
web-record-value = Value

# Explain.
web-explain-label = The error, the bounce or the lines of a log
web-explain-hint = Paste it as it is. It stays on this server.
web-explain-do = Explain
web-explain-nothing = There is nothing to explain in this text.
web-explain-wait = The server asks to wait: { $span }. The same message may pass then.
web-explain-later = The same message may pass later, without any change.
web-explain-never = The same message will not pass without a change.
web-explain-provider = Recognised: { $name }
web-explain-unsure = This is a guess: the text says little.
web-explain-cause = Cause: { $cause }

# One's own account.
web-own-language = Language of what you are told
web-own-language-hint = The language of the notices that this server sends you. The language of these pages is chosen at the top.
web-own-password = Password
web-field-password-old = Current password
web-hint-password = At least 8 characters. You sign in anew afterwards.
web-old-wrong = The current password is wrong. Nothing was changed.
web-old-slowed = Too many wrong passwords: try again later. Nothing was changed.

# The settings of an address.
web-discover-what = Type an address to see which servers, ports and user name it works with. They are tried at once.
web-discover-password = Password of this address (optional)
web-discover-password-hint = With it, signing in is tried as well. It goes only to servers that the domain itself or our table names, and is not kept.
web-discover-use = Send mail through this address: make it a relay of this server, if signing in works
web-discover-private = Also look in the network that this server is in
web-discover-do = Find
web-discover-under-way = Asking and trying: this takes a few seconds, at most twenty.
web-discover-copy = Settings to copy
web-discover-in-vain = What was tried in vain
web-discover-trust = Is { $host } really your provider?
web-discover-trust-hint = Only the DNS leads there, and anybody on the way could have changed its answer. If the name belongs to your provider, the password can be tried there.
web-discover-trust-do = Yes, try the password at { $host }
web-discover-used = “{ $name }” is now a relay of this server.
web-discover-not-let-in = No server for sending has let this address in, so there is no relay to use.
web-discover-not-let-in-fix = Mend what is said below, and search again.
web-taken-back = { $messages ->
    [0] Nothing was left to take back: it has gone on since.
    [one] Taken back: { $messages } message ({ $recipients }) is as it was.
   *[other] Taken back: { $messages } messages ({ $recipients }) are as they were.
}
web-too-late = That can no longer be taken back
web-too-late-fix = It was more than an hour ago, or it was taken back already, or the server was started anew since. Search for the messages and act on them again.
