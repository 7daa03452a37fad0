# The first visit.
web-setup = Set this server up
web-setup-hint = Five steps. You can stop at any of them and come back: what is done stays done.
web-step-done = Done
web-step-open = To do
web-setup-name = Name of the server
web-setup-name-hint = Other servers know it by this name: best one whose address in the DNS is this machine's, such as mail.example.org. The server uses it from its next start on.
web-setup-name-next = This server is called { $host }. From its next start on it is called { $next }: restart it when it suits you (systemctl restart facteur).
web-setup-admin = You
web-setup-address = Your address
web-setup-address-hint = This server's own notices, and the mail for root, go there.
web-setup-password-hint = For signing in here with the login admin. Empty keeps the one that is there.
web-setup-way = How mail leaves
web-setup-way-hint = Nothing leaves yet. Mail that comes in waits, and leaves once you have chosen.
web-setup-relay = Through a relay
web-setup-relay-hint = A provider sends your mail on: right at home and in most offices.
web-setup-explain = What it asks for
web-setup-relay-do = Set up this relay
web-setup-relay-own = My provider is not in the list
web-setup-local-hint = Straight to the servers of each recipient: for a server with a fixed public address and a name of its own in the DNS. Many providers of home lines block it.
web-setup-local-do = Send without a relay
web-setup-test = Test
web-setup-test-local = Without a relay there is nothing to test by itself: the confirmation mail shows whether it works.
web-setup-first-way = First choose how mail leaves.
web-setup-mail = Confirmation mail
web-setup-mail-hint = A small message takes the whole road. You see it leave, or why it does not.
web-setup-mail-do = Send it
web-setup-later = Do this later
web-setup-left = It has left: the server on the other side has taken it. Look into the mailbox.
web-setup-tried = tried
web-setup-end = To the overview
web-setup-story = The whole story
web-setup-subject = facteur works: { $host } has sent this
web-setup-text = This message was sent by { $host } to show that its mail arrives. There is nothing to answer.
web-look-again = Look again
web-field-address = Address
web-do-setup = Set up
web-relay-waiting = { $count ->
    [one] { $count } message waits for this relay.
   *[other] { $count } messages wait for this relay.
}
web-relay-waiting-more = More than { $count } messages wait for this relay.
web-relay-waiting-none = No mail waits for this relay.
web-no-route-person = An administrator of this server has yet to choose how mail leaves. Yours then leaves by itself.
