-- Keys of programs: never the key, only its digest. principal_kind: 0 account, 1 site, 2 this server's administrator.
CREATE TABLE api_keys (
    name TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    label TEXT NOT NULL,
    owner INTEGER NOT NULL,
    principal_kind INTEGER NOT NULL,
    principal_id INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    revoked_at INTEGER
) STRICT;
