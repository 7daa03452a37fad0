# Webhooks.

help-facteur-webhook = Addresses on the web that are told what happens to mail
    .epilogue =
        Events: queued, delivered, deferred, bounced, failed, held, released, cancelled, retried, perhaps_twice, reported, relay_closed, relay_opened, sender_stopped, sender_resumed.
        Each comes at least once, with the same id each time, and in order for each message. What is not taken is tried for three days; then the webhook pauses, and nothing is dropped.
help-facteur-webhook-list = List the webhooks, and why those that pause do
help-facteur-webhook-show = Show a webhook, and what came of its latest posts
    .name = The webhook
help-facteur-webhook-add = Add a webhook; the secret that its posts are signed with is shown once
    .name = Its name
    .url = Where: https:// or http://; a user name and a password may stand in it
    .scope = Whose events: server (everybody's), owner:NAME, account:LOGIN, site:NAME
    .event = Only this event; can be given several times
    .shape = In whose words: own, or those of Postmark, SendGrid, Resend, Brevo, Mailjet
    .description = A note for people
help-facteur-webhook-change = Change a webhook; what is not named stays as it is
    .name = The webhook
    .url = Where
    .all_events = All events from now on
    .scope = Whose events: server (everybody's), owner:NAME, account:LOGIN, site:NAME
    .event = Only this event; can be given several times
    .shape = In whose words: own, or those of Postmark, SendGrid, Resend, Brevo, Mailjet
    .description = A note for people
help-facteur-webhook-secret = Give a webhook a new secret, which is shown once
    .name = The webhook
help-facteur-webhook-test = Post a made-up event, and show what came of it
    .name = The webhook
help-facteur-webhook-replay = Tell a webhook again what it may have lost; the ids stay the same
    .name = The webhook
    .since = All since then: an age such as 2h or 3d, or a time such as 2026-11-22T10:00:00Z
    .event = This one event, by the id that the receiver saw
help-facteur-webhook-pause = Post nothing more to a webhook; what happens meanwhile is kept for it
    .name = The webhook
help-facteur-webhook-resume = Go on with a webhook, with all that it missed
    .name = The webhook
    .skip_refused = Leave out the events that it was tried with in vain
help-facteur-webhook-remove = Remove a webhook
    .name = The webhook

value-event = EVENT
value-time = TIME

column-address = ADDRESS
webhooks-none = There is no webhook. Add one with: facteur webhook add NAME https://…
webhook-removed = The webhook is removed.
webhook-all-events = all
webhook-line-name = Webhook:     { $value }
webhook-line-address = Address:     { $value }
webhook-line-description = Note:        { $value }
webhook-line-scope = Events of:   { $value }
webhook-line-events = Events:      { $value }
webhook-line-shape = Shape:       { $value }
webhook-line-state = State:       { $value }
webhook-owed = { $count ->
    [one] One event waits to be told.
   *[other] { $count } events wait to be told.
}
webhook-secret =
    Its secret, shown this once: { $secret }
    The receiver checks webhook-signature (or X-Signature) with it.
webhook-post = { $when }: { $event } ({ $id }, { $millis } ms): { $what }
