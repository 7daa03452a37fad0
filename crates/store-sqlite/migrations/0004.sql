-- Sums (CRC-32) over what must not change between the door and the way out. Absent where an older program wrote.
ALTER TABLE messages ADD COLUMN content_sum INTEGER;
ALTER TABLE messages ADD COLUMN envelope_sum INTEGER;
ALTER TABLE recipients ADD COLUMN address_sum INTEGER;
ALTER TABLE signatures ADD COLUMN lines_sum INTEGER;
