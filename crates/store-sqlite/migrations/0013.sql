-- Relays of one account alone.
ALTER TABLE relays ADD COLUMN account INTEGER;
