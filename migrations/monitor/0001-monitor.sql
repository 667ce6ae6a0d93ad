-- What a monitor keeps: documents, the leaf hashes of each log, and the newest signed statement over both.
-- Leaf hashes are only ever appended. Sizes end at 2^53-1, because a JavaScript number is rounded above.

CREATE TABLE documents (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- `tail` has the leaf hashes behind the last full tile of level 0.
CREATE TABLE logs (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL CHECK (size BETWEEN 0 AND 9007199254740991),
  tail BLOB NOT NULL CHECK (length(tail) = (size % 256) * 32)
) STRICT;

CREATE TRIGGER logs_update BEFORE UPDATE ON logs
WHEN NEW.size <= OLD.size OR NEW.id <> OLD.id OR NEW.origin <> OLD.origin
BEGIN SELECT RAISE(ABORT, 'the leaf hashes of a log are only ever appended'); END;
CREATE TRIGGER logs_delete BEFORE DELETE ON logs
BEGIN SELECT RAISE(ABORT, 'the leaf hashes of a log are only ever appended'); END;

-- Full tiles: tile = level * 2^46 + index. Indexes stay below 2^45, as sizes stay below 2^53.
CREATE TABLE tiles (
  log INTEGER NOT NULL REFERENCES logs (id),
  tile INTEGER NOT NULL CHECK (tile BETWEEN 0 AND 4503599627370495),
  hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
  PRIMARY KEY (log, tile)
) STRICT;

CREATE TRIGGER tiles_insert BEFORE INSERT ON tiles
WHEN EXISTS (SELECT 1 FROM tiles WHERE log = NEW.log AND tile = NEW.tile)
BEGIN SELECT RAISE(ABORT, 'tiles are append-only'); END;
CREATE TRIGGER tiles_update BEFORE UPDATE ON tiles
BEGIN SELECT RAISE(ABORT, 'tiles are append-only'); END;
CREATE TRIGGER tiles_delete BEFORE DELETE ON tiles
BEGIN SELECT RAISE(ABORT, 'tiles are append-only'); END;

CREATE TABLE statement (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  text TEXT NOT NULL
) STRICT;
