# Answers.

colon = :

reason-who = Who must act: { $text }
reason-fix = What to do: { $text }
reason-link = See: { $text }
reason-raw = What was said: { $text }

time-never = at no known time
time-now = now
time-today = at { $time }
time-other-day = on { $date } at { $time }
time-ago = { $span } ago ({ $moment })
time-in = in { $span } ({ $moment })
span-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
span-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}

state-waiting = waits
state-leased = is being sent
state-held = is held back
state-delivered = delivered
state-failed = refused
state-expired = given up
state-cancelled = deleted
queue-next = next attempt { $when }
queue-others = { $count ->
    [one] and { $count } other
   *[other] and { $count } others
}

count-recipients = { $count ->
    [one] { $count } recipient
   *[other] { $count } recipients
}
acted-retry = { $messages ->
    [0] Nothing to try: no waiting message is meant.
    [one] { $messages } message ({ $recipients }) is tried at once.
   *[other] { $messages } messages ({ $recipients }) are tried at once.
}
acted-hold = { $messages ->
    [0] Nothing to hold: no waiting message is meant.
    [one] { $messages } message ({ $recipients }) is held back.
   *[other] { $messages } messages ({ $recipients }) are held back.
}
acted-release = { $messages ->
    [0] Nothing to release: no held message is meant.
    [one] { $messages } message ({ $recipients }) is let go.
   *[other] { $messages } messages ({ $recipients }) are let go.
}
acted-delete = { $messages ->
    [0] Nothing to delete: no waiting message is meant.
    [one] { $messages } message ({ $recipients }) is deleted.
   *[other] { $messages } messages ({ $recipients }) are deleted.
}
acted-bounce = { $messages ->
    [0] Nothing to send back: no waiting message is meant.
    [one] { $messages } message ({ $recipients }) is given up, and its sender is told.
   *[other] { $messages } messages ({ $recipients }) are given up, and their senders are told.
}
acted-undo = { $messages ->
    [0] Too late: the message has left, or an attempt was made already. See: facteur why
   *[other] The message is taken back ({ $recipients }): it will not leave.
}
acted-in-flight = { $count ->
    [one] { $count } recipient was being sent just then, or was in that state already, and was left alone.
   *[other] { $count } recipients were being sent just then, or were in that state already, and were left alone.
}

story-title = Message { $id }
story-from = From: { $text }
story-to = To: { $text }
story-size = Size: { $text }
story-message-id = Message-ID: { $text }
story-nobody = nobody (a notice)
story-received-here = given on this machine, by { $client }
story-happened = What happened
story-now = How it stands
story-received = received from { $client }
story-others = { $count ->
    [one] and { $count } other
   *[other] and { $count } others
}
story-attempt = attempt through the relay { $relay } ({ $server })
story-attempt-direct = attempt straight to the recipient's server ({ $server })
story-took = taken for { $to }: { $said }
story-refused = not taken for { $to }: { $said }
story-next = Next attempt: { $when }
story-expires = Given up if nothing changes: { $moment }
event-held = held back by a person
event-released = let go by a person
event-cancelled = deleted by a person
event-retried = attempt at once, asked for by a person
event-perhaps-twice = the server stopped without warning while this was perhaps leaving: it may arrive twice
event-expired = given up
event-relay-closed = the relay { $relay } was closed
event-relay-opened = the relay { $relay } was opened again
event-sender-stopped = the sender was stopped on the relay { $relay }
event-sender-resumed = the sender may use the relay { $relay } again
event-came-back = sent back by the server that had taken it
event-reported = { $detail ->
    [delay] another server reported that it is late there, and still tried
    [success] another server confirmed that it arrived
    [complaint] the recipient complained about it
    [auto_reply] an automatic reply to it came in
   *[other] a report came in that could not be read: the sender got it as it is
}
event-noticed = the sender was told, by the message { $detail }

record-published = Published.
record-missing = Not there yet.
record-otherwise = Something else is there: { $text }
record-unanswered = The DNS did not answer for { $name }: try again in a moment.
record-name = Name: { $name }
record-kind = Type: { $kind }
record-value = Value: { $value }
purpose-dkim-rsa = The key of the signature that every server knows (DKIM, RSA)
purpose-dkim-ed25519 = The key of the short signature that newer servers prefer (DKIM, Ed25519)
purpose-spf = The servers that may send for the domain (SPF); a domain has only one such record
purpose-dmarc = What others are to do with mail that is neither signed nor from these servers (DMARC): nothing yet, to begin with
purpose-bounces-mx = The server to which bounces come back
purpose-bounces-spf = The server that may send with the addresses to which bounces come back (SPF)
purpose-mail-server = By this, mail programs find where the domain's mail is read or sent; "." says that it is not
purpose-mail-documents = The host at which mail programs find the domain's settings
relay-open = open
relay-out-of-reach = out of reach
relay-closed = closed
hook-state-good = works
hook-state-trouble = in trouble
hook-state-paused = paused
hook-taken = taken ({ $status })
hook-moved = The receiver says that it has moved ({ $status }).
    .fix = Redirects are not followed: write the new address into the webhook.
hook-signature = The receiver does not let this server in ({ $status }).
    .fix = Compare the secret, or the user name and the password in the address, with what the receiver expects.
hook-nothing-there = The receiver knows nothing at this address, or takes no POST there ({ $status }).
    .fix = Correct the path of the address.
hook-gone = The receiver says that it is gone for good ({ $status }).
    .fix = Remove the webhook, or resume it once the receiver is back.
hook-patience = The receiver asks for patience ({ $status }).
    .fix = Nothing to do: it is tried again.
hook-refused = The receiver does not take this event ({ $status }).
    .fix = Look at what it says, and at its own log: it may await another shape.
hook-broken = The receiver is broken, or out of service ({ $status }).
    .fix = Its own log says why. The event is tried again.
hook-address = The address of the webhook cannot be called.
    .fix = Write an address that begins with https:// or http://.
hook-no-name = The name in the address does not exist, or leads into a private network.
    .fix = Check how it is written.
hook-no-dns = The name in the address could not be looked up.
    .fix = The DNS did not answer: the event is tried again.
hook-inside = The address leads into a private network, or to this server itself, and was not called.
    .fix = If that is meant, name the network in facteur.toml: [webhooks] networks = ["10.0.0.0/8"].
hook-unreachable = Nobody answers at this address and port.
    .fix = Check that the receiver runs and can be reached from this server. The event is tried again.
hook-slow = The receiver did not answer in time.
    .fix = It should answer first and work afterwards. The event is tried again.
hook-dropped = The receiver cut the connection without an answer.
    .fix = Its own log says why. The event is tried again.
hook-no-tls = There is no TLS at this port.
    .fix = Begin the address with http://, or correct the port.
hook-certificate = The receiver's certificate is not one to be trusted.
    .fix = Renew it, or correct the name in the address.
hook-not-http = What answered there speaks no HTTP.
    .fix = Correct the host or the port of the address.
hook-paused-person = Somebody paused it { $since }. What happens meanwhile is kept for it.
hook-paused-failing = Paused { $since }: an event was still not taken that had first been tried { $tried }. Nothing was dropped. Mend the receiver, then resume the webhook.
hook-paused-gone = Paused { $since }: the receiver said that it is gone for good. Nothing was dropped.
elsewhere-of-provider = All { $count } relays at { $provider } are in trouble: it is probably { $provider } that is down, and there is nothing to change here.
elsewhere-of-account = { $count ->
    [one] The other relay at { $provider } is in no trouble that this server knows of: it is rather this account or its settings than { $provider }.
   *[other] The { $count } other relays at { $provider } are in no trouble that this server knows of: it is rather this account or its settings than { $provider }.
}
elsewhere-carries = { $count ->
    [one] The other relay at { $provider } took mail { $when }: it is rather this account or its settings than { $provider }.
   *[other] One of the { $count } other relays at { $provider } took mail { $when }: it is rather this account or its settings than { $provider }.
}
relay-refuses-all = The relay { $relay } refused its last { $count } messages one after the other, whatever they contained: it is rather a quota that is used up or an account that is blocked than what this message says. Look at the account at the provider before changing the text.
elsewhere-of-connection = None of the { $count } relays can be reached, whoever their provider is: look at the connection of this server first.

role-person = person
role-helper = helper
role-administrator = administrator
