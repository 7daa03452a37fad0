# Keys with which programs ask over HTTP.

value-scope = SCOPE
value-count = COUNT

help-facteur-key = Keys with which programs ask over HTTP: to send, to read, to repair
help-facteur-key-list = List the keys: what each may do, and when it was used last
    .of = Only those of this account or site
help-facteur-key-add = Make a key; it is shown once
    .label = What it is for, such as "web shop"
    .scope = What it may do (repeatable): send, messages:read, messages:write, statistics, explain, discover, webhooks; without --of also relays:read, relays:write, accounts:read, accounts:write, domains:read, domains:write, status, audit, metrics, admin
    .of = The account or site that it speaks for (else it speaks for the administrator)
    .days = In how many days it ends (else never)
help-facteur-key-remove = Take a key back: it is good for nothing from now on
    .name = The key's name, as facteur key list shows it: fct_ and eight letters

key-made =
    Key { $name } is made. Copy it now: it is not shown again.
    { $key }
key-removed = The key is taken back: nobody gets in with it any more.
keys-none = There is no key yet. Make one with: facteur key add "web shop" --of LOGIN --scope send
key-good = good
key-expired = has ended
key-revoked = taken back
key-of-server = (administrator)
column-of = FOR
column-used = LAST USED
column-ends = ENDS
column-label = LABEL
column-scopes = MAY
