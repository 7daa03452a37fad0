-- Addresses on the web that are told of events, and how far each has been told.
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    url TEXT NOT NULL,
    sealed_sign_in BLOB,
    sealed BLOB NOT NULL,
    events TEXT NOT NULL,
    shape TEXT NOT NULL,
    description TEXT NOT NULL,
    paused TEXT,
    told_to INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
-- What they still have to be told.
CREATE TABLE owed_posts (
    webhook_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    message_id INTEGER,
    tries INTEGER NOT NULL,
    since INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, event_id)
) STRICT, WITHOUT ROWID;
-- The latest posts of each.
CREATE TABLE webhook_posts (
    webhook_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (webhook_id, place)
) STRICT, WITHOUT ROWID;
