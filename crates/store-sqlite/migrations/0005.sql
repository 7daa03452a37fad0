-- What a domain tells mail programs (JSON). Absent when it publishes nothing.
ALTER TABLE domains ADD COLUMN settings TEXT;
