# A person's own relays.
web-nav-own-relays = My relays
web-relay-used = in use
web-relay-use = Use this one
web-relay-of = It belongs to { $login }, and carries nobody else's mail. You cannot read its password.
web-relay-default-own = My mail leaves through it from now on (the first one is used in any case)
web-hint-login-own = Often the whole address.
web-own-relays-none = You have added no relay. With one, your mail leaves through your own account at a provider, such as Gmail or Brevo.
web-own-relays-closed = The administrator does not let people add or change relays at the moment. Those that are here go on.
web-own-relays-statistics = How much went through each
web-own-way-own = Your mail leaves through your relay { $relay }.
web-own-way-server = Your mail leaves as this server sends everybody's.
web-own-way-none = Nobody has said yet how mail leaves: yours waits until you add a relay, or the administrator does.
