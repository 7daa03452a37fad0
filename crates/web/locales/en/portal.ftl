# The pages.

web-skip = Skip to the content
web-language = Language

web-problem-not-found = There is nothing at this address
    .fix = The link may be old, or mistyped. Begin again at the first page.
web-problem-method = This address cannot be used in this way
    .fix = Go back, reload the page and try again.
web-problem-too-large = What was sent is too large
    .fix = Send less at once.
web-problem-too-slow = The answer took too long
    .fix = Try again in a moment. If it happens again, look at the server's log.
