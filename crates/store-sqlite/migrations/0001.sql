-- Messages on their way. A message's row never changes once it is written: what moves is in the small tables beside it.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    public_id BLOB NOT NULL,
    owner INTEGER NOT NULL,
    principal_kind INTEGER NOT NULL,
    principal_id INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    sender TEXT NOT NULL,
    body_type INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    added_headers BLOB NOT NULL,
    body_bytes INTEGER NOT NULL,
    client TEXT NOT NULL
) STRICT;
-- Public ids are random: an index over them that grew with each message would dirty a page each, a third of all that is
-- written. So this one is filled in large sorted steps, when somebody asks; counters.public_through says how far it is.
CREATE TABLE public_ids (
    public_id BLOB NOT NULL PRIMARY KEY,
    message_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages with a recipient that is not final.
CREATE TABLE open_messages (
    message_id INTEGER PRIMARY KEY,
    open_recipients INTEGER NOT NULL,
    failed_recipients INTEGER NOT NULL,
    finished_at INTEGER NOT NULL
) STRICT;

-- Messages whose recipients are all final, by the moment since which they are.
CREATE TABLE finished_messages (
    finished_at INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (finished_at, message_id)
) STRICT, WITHOUT ROWID;

-- Contents: small ones here, large ones in a file each.
CREATE TABLE bodies (
    message_id INTEGER PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;
CREATE TABLE body_files (
    message_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- place: 0 waits, 1 held, 2 leased, 10 delivered, 11 failed, 12 expired, 13 cancelled.
-- flags: 1 a wait asked for by the remote is used up, 2 perhaps sent before a crash.
CREATE TABLE recipients (
    message_id INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    place INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    since INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    paused_ms INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    relay INTEGER,
    cause TEXT,
    evidence TEXT,
    parked_on INTEGER,
    parked_since INTEGER,
    wake_at INTEGER,
    PRIMARY KEY (message_id, idx)
) STRICT, WITHOUT ROWID;
-- A recipient that is sent at once never enters any of these three.
CREATE INDEX recipients_due ON recipients (owner, next_attempt_at, message_id, idx) WHERE place = 0;
CREATE INDEX recipients_parked ON recipients (parked_on, message_id, idx) WHERE place = 0 AND parked_on IS NOT NULL;
CREATE INDEX recipients_marked ON recipients (place, message_id, idx) WHERE place = 1 OR place > 10;

-- What happened.
CREATE TABLE attempts (
    message_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    relay INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (message_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    message_id INTEGER,
    recipient INTEGER,
    relay INTEGER,
    cause TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_message ON events (message_id) WHERE message_id IS NOT NULL;

-- Who may send, and through which relay.
CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    login TEXT NOT NULL,
    senders TEXT NOT NULL,
    language TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sites (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    name TEXT NOT NULL,
    networks TEXT NOT NULL,
    senders TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
-- The names of accounts and sites in lower case: one name, one principal.
CREATE TABLE logins (
    name TEXT NOT NULL PRIMARY KEY,
    principal_kind INTEGER NOT NULL,
    principal_id INTEGER NOT NULL,
    hash TEXT,
    UNIQUE (principal_kind, principal_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE relays (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE,
    preset TEXT,
    host TEXT NOT NULL,
    port INTEGER,
    tls TEXT NOT NULL,
    insecure INTEGER NOT NULL,
    extra_ca TEXT,
    login TEXT,
    sealed BLOB,
    max_connections INTEGER NOT NULL,
    max_recipients INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
-- scope: 0 site, 1 account, 2 sender domain, 3 owner, 4 default: the order in which they win.
CREATE TABLE routes (
    scope INTEGER NOT NULL,
    of_id INTEGER NOT NULL,
    of_domain TEXT NOT NULL,
    written TEXT NOT NULL,
    relay INTEGER NOT NULL,
    PRIMARY KEY (scope, of_id, of_domain)
) STRICT, WITHOUT ROWID;
CREATE TABLE closures (
    id INTEGER PRIMARY KEY,
    relay INTEGER NOT NULL,
    sender TEXT,
    cause TEXT NOT NULL,
    evidence TEXT NOT NULL,
    since INTEGER NOT NULL,
    reopen_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    alarm INTEGER NOT NULL
) STRICT;
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The largest numbers ever given, so that none is given twice, whatever was removed since.
CREATE TABLE counters (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last_id INTEGER NOT NULL,
    last_event INTEGER NOT NULL,
    last_row INTEGER NOT NULL,
    public_through INTEGER NOT NULL
) STRICT;

INSERT INTO owners (id, name) VALUES (1, 'default');
INSERT INTO counters (one, last_id, last_event, last_row, public_through) VALUES (1, 0, 0, 0, 0);
