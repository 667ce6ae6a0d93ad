-- What attached messages say, and which entries are opaque. Like the rest of the index it follows from the log's
-- database. The terms of a message lead to its number, and that to the two terms that entries with its digest have:
-- `digest` and `payload`; src/log/search/learning.ts has the rest.

-- How far: entries below `opaque_up_to` have their bit, messages up to `attached_up_to` are learnt, and so many
-- redactions of the log are taken into account.
CREATE TABLE learning (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  opaque_up_to INTEGER NOT NULL CHECK (opaque_up_to BETWEEN 0 AND 9007199254740991),
  attached_up_to INTEGER NOT NULL CHECK (attached_up_to BETWEEN 0 AND 9007199254740991),
  redactions INTEGER NOT NULL CHECK (redactions BETWEEN 0 AND 9007199254740991)
) STRICT;
INSERT INTO learning VALUES (1, 0, 0, 0);

CREATE TRIGGER learning_insert BEFORE INSERT ON learning
BEGIN SELECT RAISE(ABORT, 'there is one row of progress'); END;
CREATE TRIGGER learning_update BEFORE UPDATE ON learning
WHEN NEW.opaque_up_to < OLD.opaque_up_to OR NEW.attached_up_to < OLD.attached_up_to
BEGIN SELECT RAISE(ABORT, 'progress only moves forward'); END;
CREATE TRIGGER learning_delete BEFORE DELETE ON learning
BEGIN SELECT RAISE(ABORT, 'there is one row of progress'); END;

-- A bit an entry, 1 for an opaque one: page p has those of the entries from 4096 * p to 4096 * p + 4095, and a checksum.
CREATE TABLE opaque_pages (
  page INTEGER PRIMARY KEY CHECK (page BETWEEN 0 AND 2199023255551),
  bytes BLOB NOT NULL CHECK (length(bytes) = 528)
) STRICT;

CREATE TABLE message_keys (
  sequence INTEGER PRIMARY KEY,
  digest_key BLOB NOT NULL CHECK (length(digest_key) = 16),
  payload_key BLOB NOT NULL CHECK (length(payload_key) = 16)
) STRICT;
CREATE INDEX message_keys_digest ON message_keys (digest_key);
CREATE INDEX message_keys_payload ON message_keys (payload_key);

CREATE TABLE message_terms (
  term BLOB NOT NULL CHECK (length(term) = 16),
  sequence INTEGER NOT NULL,
  PRIMARY KEY (term, sequence)
) STRICT, WITHOUT ROWID;
