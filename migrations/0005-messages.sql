-- Messages: the bytes that were signed, where an entry has only a hash of them. Anyone may attach one later; what is
-- taken hashes to the digest in the entry's body, or holds the payload that does, so it proves itself. One message
-- serves every entry with that digest. The tree does not know of them, so each has a checksum, as attachments have.
-- A redaction takes the bytes of all messages of a digest away and is remembered, so that they do not come back.

CREATE TABLE messages (
  sequence INTEGER PRIMARY KEY CHECK (sequence BETWEEN 1 AND 9007199254740991),
  -- As it stands in bodies: algorithm:hex.
  digest TEXT NOT NULL CHECK (length(digest) BETWEEN 71 AND 135),
  form TEXT NOT NULL,
  -- The entry that it was attached to.
  idx INTEGER NOT NULL CHECK (idx BETWEEN 0 AND 9007199254740990),
  time INTEGER NOT NULL CHECK (time BETWEEN 0 AND 9007199254740991),
  checksum BLOB NOT NULL CHECK (length(checksum) = 32),
  -- NULL once they are redacted.
  bytes BLOB,
  -- A digest of the bytes leaves one choice. A payload may have been signed under several types.
  UNIQUE (digest, checksum)
) STRICT;

CREATE TABLE message_redactions (
  digest TEXT PRIMARY KEY,
  time INTEGER NOT NULL CHECK (time BETWEEN 0 AND 9007199254740991)
) STRICT;

CREATE TRIGGER messages_insert BEFORE INSERT ON messages
WHEN NEW.sequence <> ifnull((SELECT max(sequence) FROM messages), 0) + 1
  OR NEW.idx >= (SELECT size FROM head)
  OR NEW.bytes IS NULL
  OR EXISTS (SELECT 1 FROM messages WHERE digest = NEW.digest AND checksum = NEW.checksum)
  OR EXISTS (SELECT 1 FROM message_redactions WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'messages are numbered without gaps and belong to entries'); END;
CREATE TRIGGER messages_update BEFORE UPDATE ON messages
WHEN NEW.bytes IS NOT NULL
  OR (NEW.sequence, NEW.digest, NEW.form, NEW.idx, NEW.time, NEW.checksum)
    IS NOT (OLD.sequence, OLD.digest, OLD.form, OLD.idx, OLD.time, OLD.checksum)
  OR NOT EXISTS (SELECT 1 FROM message_redactions WHERE digest = OLD.digest)
BEGIN SELECT RAISE(ABORT, 'the bytes of messages are taken away only by a redaction'); END;
CREATE TRIGGER messages_delete BEFORE DELETE ON messages
BEGIN SELECT RAISE(ABORT, 'messages are never deleted'); END;

CREATE TRIGGER message_redactions_insert BEFORE INSERT ON message_redactions
WHEN EXISTS (SELECT 1 FROM message_redactions WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'redactions are append-only'); END;
CREATE TRIGGER message_redactions_update BEFORE UPDATE ON message_redactions
BEGIN SELECT RAISE(ABORT, 'redactions are append-only'); END;
CREATE TRIGGER message_redactions_delete BEFORE DELETE ON message_redactions
BEGIN SELECT RAISE(ABORT, 'redactions are append-only'); END;
