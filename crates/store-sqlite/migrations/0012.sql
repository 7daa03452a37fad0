-- What an account may do in the portal. The one of the first start has always been the administrator's.
ALTER TABLE accounts ADD COLUMN role TEXT NOT NULL DEFAULT 'person';
UPDATE accounts SET role = 'administrator' WHERE login = 'admin' COLLATE NOCASE;
