# Passkeys: signing in with what a device keeps.
web-passkeys = Passkeys
web-passkeys-hint = A passkey signs you in to these pages without your password: your phone, your computer or a security key asks for your finger, your face or its PIN. No false page can trick you out of it.
web-passkeys-second = Once you have one, your password alone opens these pages no more: it asks for a passkey besides, or for a code. Each mail program then needs an app password of its own.
web-passkey-do = Add a passkey
web-passkey-title = A new passkey
web-passkey-make-hint = Give it a name, then let your device make it.
web-passkey-make = Make the passkey
web-field-passkey = Name of the passkey
web-hint-passkey = For example: phone, laptop, key on my ring.
web-passkey-made = added
web-passkey-used = last used
web-passkey-unused = never used
web-passkey-remove = Remove
web-passkey-removed = The passkey is removed: it signs nobody in any more. Delete it on your device too.
web-passkey-added = The passkey “{ $label }” is added.
web-passkey-doubted = Refused at its last use: it counted backwards, as a copy does. Remove it, and add a new one.
web-passkey-refused = Your device's answer was not accepted.
web-passkey-refused-fix = It may have come too late, or from another page. Begin again.
web-passkey-elsewhere = A passkey belongs to the name { $name }, and you opened these pages under another one.
web-passkey-elsewhere-do = Open them under that name
web-passkey-none = This browser knows no passkeys, or does not use them here.
web-passkey-certificate = Your browser refuses passkeys because it does not trust this server's certificate. An administrator must give the server a certificate that browsers trust (section [tls] of facteur.toml).
web-passkey-cancelled = Nothing was done: it was cancelled, it took too long, or this device has no fitting passkey.
web-passkey-exists = This device already has a passkey for your account.
web-passkey-failed = It did not work. Load the page anew and try again.
web-passkey-sign-in = Sign in with a passkey
web-passkey-use = Use a passkey
web-passkey-second-title = Your passkey
web-passkey-second-hint = Your password is right. Show your passkey now.
web-passkey-wrong = The passkey was not accepted.
web-passkey-wrong-fix = It is not known here, or the answer came too late. Try again, or sign in in another way.
web-passkey-copied = The passkey was refused: it counted backwards, as a copy does.
web-passkey-copied-fix = Sign in in another way, remove this passkey under “My account”, and add a new one.
web-passkey-slowed = Too many wrong tries: nothing is checked for a while. Try again in { $span }.
web-passkey-lost = I do not have it
web-passkey-lost-hint = Type one of the recovery codes that you kept. If you have none, an administrator of this server can take your passkeys away.
web-hint-recovery = One of your recovery codes.
web-recovery-is-on = From now on your password alone is not enough
web-factors-reset = Take code and passkeys away
web-factors-reset-done = Code, passkeys and recovery codes of { $name } are gone: the password is enough again.
web-factors-second = Second factors
web-passkeys-count = { $count ->
    [one] { $count } passkey
   *[other] { $count } passkeys
}
