-- What covers the commits: a digest for every 256 of them, and in the head one over all, which the head guard has as
-- well (src/log/commit-chain.ts). The program fills both in when it opens a database that was without.

CREATE TABLE commit_blocks (
  -- Of the last commit in the block.
  size INTEGER PRIMARY KEY CHECK (size BETWEEN 256 AND 9007199254740991),
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

CREATE TRIGGER commit_blocks_insert BEFORE INSERT ON commit_blocks
WHEN NEW.size <= ifnull((SELECT max(size) FROM commit_blocks), 0)
  OR NOT EXISTS (SELECT 1 FROM commits WHERE size = NEW.size)
  OR 256 <> (SELECT count(*) FROM commits
    WHERE size > ifnull((SELECT max(size) FROM commit_blocks), 0) AND size <= NEW.size)
BEGIN SELECT RAISE(ABORT, 'a block has 256 commits'); END;
CREATE TRIGGER commit_blocks_update BEFORE UPDATE ON commit_blocks
BEGIN SELECT RAISE(ABORT, 'the blocks of commits are append-only'); END;
CREATE TRIGGER commit_blocks_delete BEFORE DELETE ON commit_blocks
BEGIN SELECT RAISE(ABORT, 'the blocks of commits are append-only'); END;

ALTER TABLE head ADD COLUMN commits BLOB CHECK (commits IS NULL OR length(commits) = 32);

DROP TRIGGER head_update;
CREATE TRIGGER head_update BEFORE UPDATE ON head
WHEN NEW.time < OLD.time
  OR (OLD.commits IS NOT NULL AND NEW.commits IS NULL)
  OR NOT (NEW.size > OLD.size
    OR (OLD.commits IS NULL AND (NEW.size, NEW.root, NEW.time) = (OLD.size, OLD.root, OLD.time)))
BEGIN SELECT RAISE(ABORT, 'the head only moves forward'); END;

-- One digest over all rows of `messages` (without their bytes, which have a checksum), `message_redactions` and
-- `redactions`: src/storage/sqlite/log/beside-digest.ts.
CREATE TABLE beside (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

CREATE TRIGGER beside_insert BEFORE INSERT ON beside WHEN EXISTS (SELECT 1 FROM beside)
BEGIN SELECT RAISE(ABORT, 'there is one digest over what lies beside the tree'); END;
CREATE TRIGGER beside_delete BEFORE DELETE ON beside
BEGIN SELECT RAISE(ABORT, 'there is one digest over what lies beside the tree'); END;
