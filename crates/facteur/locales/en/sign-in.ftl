# Wrong passwords, and who waits for them.

help-facteur-sign-in = Who has to wait after too many wrong passwords
help-facteur-sign-in-list = List who has to wait, and until when
help-facteur-sign-in-lift = Let them try again at once
    .what = A network or an address (203.0.113.7), or a login
    .all = Everybody

slowed-network = Too many wrong passwords from { $network }: who comes from there can try again { $until }. Put off: { $count }.
slowed-login = Too many wrong passwords for { $login }: addresses that it never signed in from can try again { $until }. Put off: { $count }.
slowed-pair = Too many wrong passwords for { $login } from its own address { $network }: who comes from there can try again { $until }. Put off: { $count }. Perhaps a device still has an old password.
slowed-everybody = Wrong passwords come from so many networks that all addresses which never signed in can try again { $until }. Put off: { $count }.
slowed-lift = If these are people of yours, let them in again with: facteur sign-in lift { $what }
slowed-none = Nobody has to wait for signing in.
status-slowed = { $count ->
    [one] Sign-in is slowed after wrong passwords in one place: facteur sign-in list
   *[other] Sign-in is slowed after wrong passwords in { $count } places: facteur sign-in list
}
lifted = { $count ->
    [0] Nobody was waiting there.
    [one] Done: one wait is over.
   *[other] Done: { $count } waits are over.
}

status-certificate-ends = The certificate ends { $when }: renew it, or mail programs will refuse to connect.
status-certificate-ended = The certificate ended { $when }: mail programs refuse to connect. Renew it.
