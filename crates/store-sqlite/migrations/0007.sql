-- Keys of requests: a program that sends the same request again gets the message that it gave before.
CREATE TABLE once (
    slot BLOB NOT NULL PRIMARY KEY,
    content BLOB NOT NULL,
    message_id INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX once_until ON once (until);
