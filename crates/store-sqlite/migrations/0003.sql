-- What is done with a CR or LF that a site sends alone: 'strict' refuses it, 'repair' makes CR LF of it.
ALTER TABLE sites ADD COLUMN line_endings TEXT NOT NULL DEFAULT 'strict';
