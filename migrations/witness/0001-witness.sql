-- The witness: who it is, the newest head of each log that it stands for, and why it has stopped for a log.
-- Heads only move forward, and the triggers hold that against any connection, whatever its pragmas.
-- Sizes and times end at 2^53-1, because a JavaScript number is rounded silently above.

CREATE TABLE witness (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL,
  tree_id TEXT NOT NULL,
  key_fingerprints TEXT NOT NULL CHECK (json_type(key_fingerprints) = 'array'),
  created INTEGER NOT NULL CHECK (created BETWEEN 0 AND 9007199254740991)
) STRICT;

CREATE TRIGGER witness_insert BEFORE INSERT ON witness WHEN EXISTS (SELECT 1 FROM witness)
BEGIN SELECT RAISE(ABORT, 'the witness has its identity already'); END;
CREATE TRIGGER witness_update BEFORE UPDATE ON witness
BEGIN SELECT RAISE(ABORT, 'the identity of the witness never changes'); END;
CREATE TRIGGER witness_delete BEFORE DELETE ON witness
BEGIN SELECT RAISE(ABORT, 'the identity of the witness never changes'); END;

-- Counts the changes and chains them: what the head guard compares this database with.
CREATE TABLE history (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  changes INTEGER NOT NULL CHECK (changes BETWEEN 0 AND 9007199254740991),
  chain BLOB NOT NULL CHECK (length(chain) = 32),
  previous BLOB NOT NULL CHECK (length(previous) = 32)
) STRICT;

CREATE TRIGGER history_insert BEFORE INSERT ON history WHEN EXISTS (SELECT 1 FROM history)
BEGIN SELECT RAISE(ABORT, 'there is one history'); END;
CREATE TRIGGER history_update BEFORE UPDATE ON history
WHEN NEW.changes <> OLD.changes + 1 OR NEW.previous <> OLD.chain
BEGIN SELECT RAISE(ABORT, 'the history goes on step by step'); END;
CREATE TRIGGER history_delete BEFORE DELETE ON history
BEGIN SELECT RAISE(ABORT, 'there is one history'); END;

-- The newest head of each log. The time, in Unix seconds, is the newest one that may have been signed.
CREATE TABLE heads (
  origin TEXT PRIMARY KEY,
  size INTEGER NOT NULL CHECK (size BETWEEN 0 AND 9007199254740991),
  root BLOB NOT NULL CHECK (length(root) = 32),
  note TEXT NOT NULL,
  time INTEGER NOT NULL CHECK (time BETWEEN 1 AND 9007199254740991)
) STRICT;

CREATE TRIGGER heads_insert BEFORE INSERT ON heads
WHEN EXISTS (SELECT 1 FROM heads WHERE origin = NEW.origin)
BEGIN SELECT RAISE(ABORT, 'a log has one head'); END;
CREATE TRIGGER heads_update BEFORE UPDATE ON heads
WHEN NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.time < OLD.time
  OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
BEGIN SELECT RAISE(ABORT, 'a head only moves forward'); END;
CREATE TRIGGER heads_delete BEFORE DELETE ON heads
BEGIN SELECT RAISE(ABORT, 'a head only moves forward'); END;

-- The vkeys under which a log was first accepted, or that an operator accepted since.
CREATE TABLE logs (
  origin TEXT PRIMARY KEY,
  vkeys TEXT NOT NULL CHECK (json_type(vkeys) = 'array')
) STRICT;

-- `because` is the id of evidence, or the note that shows the rollback.
CREATE TABLE freezes (
  origin TEXT PRIMARY KEY,
  cause TEXT NOT NULL CHECK (cause IN ('proven', 'rolled-back')),
  because TEXT NOT NULL
) STRICT;

CREATE TABLE evidence (
  number INTEGER PRIMARY KEY,
  origin TEXT NOT NULL,
  id TEXT NOT NULL CHECK (length(id) = 64),
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  UNIQUE (origin, id)
) STRICT;

CREATE TRIGGER evidence_insert BEFORE INSERT ON evidence
WHEN EXISTS (SELECT 1 FROM evidence WHERE number = NEW.number OR (origin = NEW.origin AND id = NEW.id))
BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
CREATE TRIGGER evidence_update BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
CREATE TRIGGER evidence_delete BEFORE DELETE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
