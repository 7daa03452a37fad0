account-changed = The account is changed.
account-removed = The account is gone.
site-changed = The site is changed.
site-removed = The site is gone.
site-added = The site is there. It sends from its network without a login.
relay-removed = The relay is gone. Its mail takes another, or waits for one.
route-set = The route is set.
route-unset = The route is gone.

column-login = LOGIN
column-name = NAME
column-owner = OWNER
column-role = ROLE
column-language = LANGUAGE
column-undo = UNDO
column-senders = MAY SEND WITH
column-line-endings = LINE ENDINGS
column-networks = NETWORKS
column-state = STATE
column-server = SERVER
column-scope = MAIL OF
column-relay = RELAY
column-needs = NEEDS

accounts-none = There is no account yet. Add one with: facteur account add you@example.org
sites-none = There is no site yet. Add one with: facteur site add NAME --sender @example.org
relays-none = There is no relay yet: mail waits. Add one with: facteur relay add (facteur relay presets lists those known by name)
domain-removed = The domain is gone, and its keys with it: mail is not signed for it any more.
domains-none = There is no domain yet: mail leaves without a signature. Add one with: facteur domain add example.org
column-domain = DOMAIN
column-bounces = BOUNCES COME BACK TO
domain-publish = { $domain } is added: its mail is signed from now on. Publish these records where the domain's DNS is kept:
domain-all-published = { $domain }: all records are published.
domain-some-missing = { $domain }: some records are not published yet, or not as they should be.
domain-then-check = Then see whether they are there: facteur domain check { $domain }
documents = What mail programs are told (https):
document-out-of-reach = Publish the records above, have port 443 lead here, and get a certificate for this name.
document-otherwise = Something else is there, or nothing: another web server answers for this name, or this server does not publish there yet.
settings-on = { $domain } tells mail programs its settings from now on. Publish these records where the domain's DNS is kept:
settings-off = { $domain } tells mail programs nothing any more. Remove its SRV records and the names autoconfig and autodiscover from the DNS.
settings-then = The names autoconfig.{ $domain } and autodiscover.{ $domain } need a certificate, and port 443 must lead here: docs/discover.md says how. Then see: facteur domain check { $domain }
routes-none = There is no route yet: mail waits. The first relay becomes everybody's: facteur relay add

password-set = The password of { $login } is set.
password-made =
    Login:    { $login }
    Password: { $password }
    It is not shown again.

relay-no-tls = no TLS
relay-insecure = not verified
relay-next = Try it with: facteur relay test { $relay }

preset-password = password
preset-app-password = app password
preset-key = key from its console
preset-oauth2-only = OAuth2 only: passwords do not work
presets-next = Add one with: facteur relay add NAME --login LOGIN

closure-relay = The relay { $relay } was closed { $since }; its mail waits.
closure-out-of-reach = The relay { $relay } is out of reach (first failure { $since }); its mail waits.
closure-sender = { $sender } was stopped on the relay { $relay } { $since }; their mail waits.
closure-again = It is tried again { $when }.

tested-works = The relay { $relay } works.
tested-fails = The relay { $relay } does not work.
dialogue-cut = (the rest was too long)
size-bytes = { $count ->
    [one] { $count } byte
   *[other] { $count } bytes
}
size-kilobytes = { $count } kB
size-megabytes = { $count } MB

queue-none = Nothing waits.
queue-more = There is more after these { $count }: ask with --limit, or narrow with --sender, --relay, --cause…

status-running = facteur { $version } on { $host } (process { $pid }) runs, started { $since }.
status-stopped = facteur { $version } on { $host } is stopped: mail neither comes nor goes. Run it with: facteur start
status-all-well = Nothing needs attention.
status-attention = Needs attention
status-disk-full = The disk is full ({ $mib } MiB left): no mail is taken until there is room. What was taken is safe.
status-disk-failed = The disk has failed ({ $detail }): no mail is taken and none is sent until facteur starts again. What was acknowledged before is on it. Check the disk, then: systemctl restart facteur
status-no-relay = There is no way out yet: mail waits. Choose one with: facteur setup (or facteur relay add)
status-no-route = No relay carries everybody's mail. Choose one with: facteur route set NAME --default
status-nobody = Nobody may send yet. Add an account with: facteur account add you@example.org
status-queue = { $messages ->
    [0] The queue is empty.
    [one] { $messages } message waits or is being sent ({ $recipients }).
   *[other] { $messages } messages wait or are being sent ({ $recipients }).
}
status-queue-leased = about to be sent or being sent: { $count }
status-queue-parked = waiting for a relay: { $count }
status-queue-held = held back: { $count }
status-relays = Relays: { $relays }
status-principals = Accounts: { $accounts }, sites: { $sites }
listener = Listens on { $address }, { $kind }
listener-instead = Listens on { $address }, { $kind }, because port { $port } could not be had
listener-tls = TLS at once
listener-starttls = STARTTLS
listener-mx = STARTTLS, for mail from other servers
listener-http = web in clear, which leads to the portal
listener-https = the portal, with a browser
listener-submission = STARTTLS, without for networks of sites

explain-provider = The server belongs to: { $name }
explain-wait = The same message may pass later, without a change: the server asks to wait { $span }.
explain-may-pass = The same message may pass later, without a change.
explain-will-not-pass = The same message will not pass unless something is changed.
explain-topic = If the mail was not yours: facteur explain --topic { $name }
explain-unsure = This reading is not certain: the text is vague.
explain-cause = Cause: { $cause }
explain-cause-by = Cause: { $cause } (by the words “{ $words }”)
explain-address-dead = This address is dead: nothing should be sent to it again.
explain-not-a-bounce = This mail does not tell that another one failed.

send-subject = A test message from facteur
send-text = This is a test message. If you can read it, mail leaves this server as it should.
send-accepted = Message { $id } from { $from } is accepted.
send-stopped = The server is stopped: the message leaves when it runs. Start it with: facteur start
send-left = You no longer watch; the message goes its way. See it with: facteur queue

ask-login = User name of the relay:{" "}
ask-password = Password for { $login } (it is not shown):{" "}
ask-password-again = Once more, the password for { $login }:{" "}
