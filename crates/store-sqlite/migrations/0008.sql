-- What guards an account or a site beside its password: a second factor, app passwords, a block. One sealed JSON each.
CREATE TABLE protections (
    principal_kind INTEGER NOT NULL,
    principal_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (principal_kind, principal_id)
) STRICT, WITHOUT ROWID;
