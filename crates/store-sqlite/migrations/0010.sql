-- How much of what happened. span: 0 hours, 1 days. dimension: 0 all, 1 relay, 2 destination, 3 cause.
-- principal_kind: 0 account, 1 site, 2 this server, 3 those that are counted together.
CREATE TABLE counts (
    span INTEGER NOT NULL,
    at INTEGER NOT NULL,
    dimension INTEGER NOT NULL,
    principal_kind INTEGER NOT NULL,
    principal_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    messages INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    deferred INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    bounced INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    PRIMARY KEY (span, at, dimension, principal_kind, principal_id, key)
) STRICT, WITHOUT ROWID;
-- Up to which event it was counted.
CREATE TABLE counted (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    through INTEGER NOT NULL
) STRICT;
INSERT INTO counted (one, through) VALUES (1, 0);
