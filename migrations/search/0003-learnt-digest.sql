-- One digest over all that was learnt: keys and terms of messages, opaque pages, and how far learning came
-- (src/storage/sqlite/search/learnt-digest.ts). The program fills it in when it opens an index that was without.

ALTER TABLE learning ADD COLUMN digest BLOB CHECK (digest IS NULL OR length(digest) = 32);
