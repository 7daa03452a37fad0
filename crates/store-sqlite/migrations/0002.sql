-- What few messages and recipients have, as JSON: the sender's wishes for notices, the bond of a notice.
ALTER TABLE messages ADD COLUMN extras TEXT;
ALTER TABLE recipients ADD COLUMN wishes TEXT;

-- The header lines that sign a message, made at its first attempt.
CREATE TABLE signatures (
    message_id INTEGER PRIMARY KEY,
    lines BLOB NOT NULL
) STRICT;

-- Notices that are owed to senders. kind: 0 failure, 1 delay, 2 success, 3 relayed.
CREATE TABLE notices_due (
    message_id INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (message_id, idx, kind)
) STRICT, WITHOUT ROWID;

ALTER TABLE accounts ADD COLUMN undo_secs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sites ADD COLUMN uids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE relays ADD COLUMN sender TEXT NOT NULL DEFAULT 'keep';

-- Domains that mail is signed for, and their keys in the order of the signatures.
CREATE TABLE domains (
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE,
    written TEXT NOT NULL,
    return_path TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE dkim_keys (
    domain_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    selector TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (domain_id, place)
) STRICT, WITHOUT ROWID;
