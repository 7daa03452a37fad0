# The code besides the password.
web-factor = Code besides the password
web-factor-hint = Besides your password, signing in to these pages then asks for a code that your phone makes. Who finds out your password still does not get in.
web-factor-programs = Your mail programs cannot show a code: each then needs an app password of its own, and your password opens these pages only.
web-factor-do = Set it up
web-factor-on = Asked for
web-factor-left = { $count ->
    [one] { $count } recovery code is left.
   *[other] { $count } recovery codes are left.
}
web-factor-remove = Ask for no code any more
web-factor-removed = No code is asked for any more.
web-factor-scan = 1. Show this picture to your phone
web-factor-scan-hint = Use a program that makes such codes (Aegis, FreeOTP, Google Authenticator, 1Password, Bitwarden and many more).
web-factor-picture = A picture (QR code) with the secret, for your phone
web-factor-type = Or type this secret:
web-factor-check = 2. Type the code that it shows
web-factor-confirm = Check the code
web-factor-is-on = From now on a code is asked for
web-factor-reset-hint = For somebody whose phone or passkey is lost. Make sure that it is really them who asks: from then on, their password is enough.
web-recovery-hint = Keep these recovery codes on paper or in a password manager. Each opens these pages once if your phone is lost. They are not shown again.
web-recovery-kept = I have kept them
web-field-code = Code
web-hint-code = Six digits, a new one every thirty seconds.
web-hint-code-or-recovery = The six digits that your phone shows now, or one of your recovery codes.
web-code-title = Your code
web-code-wrong = The code is wrong, or was used already.
web-code-wrong-fix = Wait for the next one. If it is refused as well, set the clock of your phone to the right time.
web-code-over = It took too long. Give your password again.
web-code-slowed = Too many wrong codes: nothing is checked for a while. Try again in { $span }.
web-code-lost = I do not have my phone
web-code-lost-hint = Type one of the recovery codes that you kept. If you have none, an administrator of this server can take the code away.

# Passwords of single programs.
web-apps = App passwords
web-apps-hint = A password of its own for each program or device that sends your mail: one that is lost is taken back alone, and none opens these pages.
web-app-add = Make an app password
web-app-made = made
web-app-used = last used
web-app-unused = never used
web-app-remove = Take it back
web-app-removed = The app password is taken back. The program that used it can no longer send.
web-app-is = The app password for “{ $label }” is made.
web-field-app = What it is for
web-hint-app = For example: phone, Thunderbird at home.

# Browsers that are signed in.
web-devices = My devices
web-devices-hint = The browsers that are signed in to these pages in your name. End what you do not know, then change your password.
web-device-seen = last seen
web-device-this = This one
web-device-end = End
web-device-ended = It is signed out.
web-device-unnamed = A program without a name

# Blocks.
web-block-title = Right to send
web-block = Block
web-block-hint = Nothing is taken from it any more, and its waiting mail is kept. After unblocking, that mail leaves by itself.
web-field-why = Why
web-hint-why = For the record; only administrators see it.
web-field-note = Note to the person
web-field-note-en = Note to the person, in English
web-field-note-fr = Note to the person, in French
web-hint-note = Shown on their own page.
web-unblock = Unblock
web-unblock-hint = It may send again at once, and its waiting mail leaves, oldest first.
web-is-blocked = Blocked
web-asks = Asks to be unblocked
web-blocked-done = { $name } is blocked: nothing is taken from it, and its waiting mail is kept.
web-unblocked-done = { $name } is unblocked: its waiting mail leaves.
web-blocked = Your account is blocked
web-blocked-more = You may not send for the time being. Your waiting mail is kept, and leaves by itself once you are unblocked. Nothing is lost.
web-blocked-since = since
web-blocked-own = Why, and what to do
web-plea = Ask to be unblocked
web-plea-hint = Say what happened and what you did about it. The administrators of this server read it.
web-plea-do = Send the request
web-plea-sent = You asked to be unblocked:
web-plea-done = The administrators can read your request now.
web-pleas = { $count ->
    [one] { $count } person asks to be unblocked
   *[other] { $count } people ask to be unblocked
}
web-pleas-do = Look at the accounts

# My account.
web-own-none = You are signed in by a link from the server, and have no account of your own here.
web-own-addresses = My addresses
web-own-addresses-hint = What you may send with. An administrator adds others.
web-own-undo = Your mail leaves after { $span }; until then you can take it back.
