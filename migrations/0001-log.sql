-- The log: who it is, its head, and what its entries and tiles are. Everything but the head only grows,
-- and the triggers hold that against any connection, whatever its pragmas: each INSERT trigger refuses
-- the row that INSERT OR REPLACE would put in the place of another.
-- Sizes and indexes end at 2^53-1 and 2^53-2, because a JavaScript number is rounded silently above.

CREATE TABLE log (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  origin TEXT NOT NULL,
  tree_id TEXT NOT NULL,
  key_fingerprints TEXT NOT NULL CHECK (json_type(key_fingerprints) = 'array'),
  created INTEGER NOT NULL CHECK (created BETWEEN 0 AND 9007199254740991)
) STRICT;

CREATE TRIGGER log_insert BEFORE INSERT ON log WHEN EXISTS (SELECT 1 FROM log)
BEGIN SELECT RAISE(ABORT, 'the log has its identity already'); END;
CREATE TRIGGER log_update BEFORE UPDATE ON log
BEGIN SELECT RAISE(ABORT, 'the identity of the log never changes'); END;
CREATE TRIGGER log_delete BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'the identity of the log never changes'); END;

-- Moves by a compare-and-swap on size and root only.
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL CHECK (size BETWEEN 0 AND 9007199254740991),
  root BLOB NOT NULL CHECK (length(root) = 32),
  time INTEGER NOT NULL CHECK (time BETWEEN 0 AND 9007199254740991)
) STRICT;

CREATE TRIGGER head_insert BEFORE INSERT ON head WHEN EXISTS (SELECT 1 FROM head)
BEGIN SELECT RAISE(ABORT, 'the log has one head'); END;
CREATE TRIGGER head_update BEFORE UPDATE ON head WHEN NEW.size <= OLD.size OR NEW.time < OLD.time
BEGIN SELECT RAISE(ABORT, 'the head only moves forward'); END;
CREATE TRIGGER head_delete BEFORE DELETE ON head
BEGIN SELECT RAISE(ABORT, 'the log has one head'); END;

-- One row a batch: entry i was committed at the time of the smallest size above i.
CREATE TABLE commits (
  size INTEGER PRIMARY KEY CHECK (size BETWEEN 1 AND 9007199254740991),
  time INTEGER NOT NULL CHECK (time BETWEEN 0 AND 9007199254740991)
) STRICT;

CREATE TRIGGER commits_insert BEFORE INSERT ON commits
WHEN NEW.size <= ifnull((SELECT max(size) FROM commits), 0)
  OR (NEW.size, NEW.time) <> (SELECT size, time FROM head)
BEGIN SELECT RAISE(ABORT, 'a commit has the size and the time of the head'); END;
CREATE TRIGGER commits_update BEFORE UPDATE ON commits
BEGIN SELECT RAISE(ABORT, 'commits are append-only'); END;
CREATE TRIGGER commits_delete BEFORE DELETE ON commits
BEGIN SELECT RAISE(ABORT, 'commits are append-only'); END;

-- Full entry bundles, encoded: bundle i holds the entries from 256 * i to 256 * i + 255.
CREATE TABLE bundles (
  idx INTEGER PRIMARY KEY CHECK (idx BETWEEN 0 AND 35184372088830),
  bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 512 AND 16777472)
) STRICT;

CREATE TRIGGER bundles_insert BEFORE INSERT ON bundles
WHEN NEW.idx <> ifnull((SELECT max(idx) FROM bundles), -1) + 1
BEGIN SELECT RAISE(ABORT, 'bundles are append-only and without gaps'); END;
CREATE TRIGGER bundles_update BEFORE UPDATE ON bundles
BEGIN SELECT RAISE(ABORT, 'bundles are append-only and without gaps'); END;
CREATE TRIGGER bundles_delete BEFORE DELETE ON bundles
BEGIN SELECT RAISE(ABORT, 'bundles are append-only and without gaps'); END;

-- The bodies of the entries that no full bundle holds yet.
CREATE TABLE entries (
  idx INTEGER PRIMARY KEY CHECK (idx BETWEEN 0 AND 9007199254740990),
  body BLOB NOT NULL CHECK (length(body) <= 65535)
) STRICT;

CREATE TRIGGER entries_insert BEFORE INSERT ON entries
WHEN NEW.idx <> 1 + max(
  ifnull((SELECT max(idx) FROM entries), -1),
  ifnull((SELECT max(idx) FROM bundles), -1) * 256 + 255)
BEGIN SELECT RAISE(ABORT, 'entries are append-only and without gaps'); END;
CREATE TRIGGER entries_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are append-only and without gaps'); END;
CREATE TRIGGER entries_delete BEFORE DELETE ON entries
WHEN OLD.idx / 256 > ifnull((SELECT max(idx) FROM bundles), -1)
BEGIN SELECT RAISE(ABORT, 'entries are deleted only when their bundle is there'); END;

-- Full tiles: id = level * 2^46 + index. Indexes stay below 2^45, as sizes stay below 2^53.
CREATE TABLE tiles (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 4503599627370495),
  hashes BLOB NOT NULL CHECK (length(hashes) = 8192)
) STRICT;

CREATE TRIGGER tiles_insert BEFORE INSERT ON tiles WHEN EXISTS (SELECT 1 FROM tiles WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'tiles are append-only'); END;
CREATE TRIGGER tiles_update BEFORE UPDATE ON tiles
BEGIN SELECT RAISE(ABORT, 'tiles are append-only'); END;
CREATE TRIGGER tiles_delete BEFORE DELETE ON tiles
BEGIN SELECT RAISE(ABORT, 'tiles are append-only'); END;
