-- Who changed what, found among everything that happened.
CREATE INDEX events_audit ON events (id) WHERE kind = 14;
