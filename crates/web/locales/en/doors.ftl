# Why mail that is given over HTTP is not taken.
web-door-field = Correct the field and send the request again; docs/api/sending.md of facteur shows what is read.
web-door-twice = This key of a request came with another request before.
    .fix = Make a new Idempotency-Key for each message, and repeat one only with exactly the same request.
web-door-missing = There is no such message.
    .fix = Check the id; with the key of an account or a site only its own messages are seen.
web-door-late = The message has left already, or is leaving.
    .fix = Only what was never tried can be taken back: send later, or give a message a time with undo_seconds.
