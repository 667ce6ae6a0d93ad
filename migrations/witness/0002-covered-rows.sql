-- Digests of all rows, 32 bytes a table: the chain covers them from here on, and the head guard the chain. Only
-- the step that counts them fills this column, in one transaction with it (sqlite/witness/carrying.ts).
ALTER TABLE history ADD COLUMN digests BLOB CHECK (length(digests) = 192);
