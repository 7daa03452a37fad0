# Webhooks.
web-nav-webhooks = Webhooks
web-nav-my-webhooks = My webhooks
web-nav-my-keys = My API keys
web-hooks-hint = A webhook is an address on the web that is told what happens to mail: accepted, delivered, delayed, refused. Each event comes at least once, signed, and in order for each message.
web-hooks-none = There is no webhook yet.
web-hook-add = Add a webhook
web-hook-added = The webhook is added.
web-hook-secret-once = This is its secret, shown this once. The receiver checks the signature of each post with it.
web-hook-url = Address
web-hook-url-hint = It begins with https:// or http://. A user name and a password may stand in it; they are not shown again.
web-hook-shape = Format of the posts
web-hook-own = facteur's own
web-hook-scope = For whose mail
web-hook-scope-hint = server for everybody's, or owner:NAME, account:LOGIN, site:NAME
web-hook-events = Which events
web-hook-events-hint = Empty for all. For example: delivered bounced failed deferred
web-hook-note = Note
web-hook-test = Send a test
web-hook-tested = The receiver took the test.
web-hook-pause = Pause
web-hook-is-paused = The webhook is paused. What happens meanwhile is kept for it.
web-hook-resume = Resume
web-hook-skip = Leave out the events that were tried in vain
web-hook-is-resumed = The webhook goes on, with all that it missed.
web-hook-owed = { $count ->
    [one] One event waits to be told.
   *[other] { $count } events wait to be told.
}
web-hook-posts = Latest posts
web-hook-no-posts = Nothing was posted yet.
web-hook-replay = Tell it again
web-hook-replay-hint = For a receiver that has lost something: every event since then comes again, with the ids that it had.
web-hook-since = Since
web-hook-hour = one hour ago
web-hook-day = one day ago
web-hook-week = one week ago
web-hook-again = Tell it again
web-hook-is-told-again = It is told again.
web-hook-change = Change it
web-hook-new-secret = Make a new secret
web-hook-secret-new = The webhook has a new secret.
web-hook-remove = Remove the webhook
web-hook-removed = The webhook is removed.
