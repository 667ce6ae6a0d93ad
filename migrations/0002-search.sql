-- What entries are found by, and what is kept beside them. A term is 16 bytes of a hash: no text is kept.
-- The terms of a batch are one row; of the rows of up to 65,536 entries a run is made, page by page along
-- with later batches, and then the rows go. src/log/search-*.ts say what the bytes are. The triggers let
-- terms go only when a run covers them, and pages only while no run has them.

-- Terms of entries that are there already cannot be found out from their bodies, so a log that was begun
-- without search stays as it is: the name of the constraint is what its operator gets to read.
CREATE TABLE begun (
  entries INTEGER NOT NULL
    CONSTRAINT "this log was begun without search; make a new one with countersign init" CHECK (entries = 0)
) STRICT;
INSERT INTO begun SELECT size FROM head;
DROP TABLE begun;

CREATE TABLE term_batches (
  first_index INTEGER PRIMARY KEY CHECK (first_index BETWEEN 0 AND 9007199254740990),
  end_index INTEGER NOT NULL CHECK (end_index > first_index AND end_index <= 9007199254740991),
  bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER term_batches_insert BEFORE INSERT ON term_batches
WHEN NEW.first_index <> max(
    ifnull((SELECT end_index FROM term_batches ORDER BY first_index DESC LIMIT 1), 0),
    ifnull((SELECT end_index FROM term_runs ORDER BY run DESC LIMIT 1), 0))
  OR NEW.end_index <> (SELECT size FROM head)
BEGIN SELECT RAISE(ABORT, 'terms are append-only and without gaps'); END;
CREATE TRIGGER term_batches_update BEFORE UPDATE ON term_batches
BEGIN SELECT RAISE(ABORT, 'terms are append-only and without gaps'); END;
CREATE TRIGGER term_batches_delete BEFORE DELETE ON term_batches
WHEN OLD.end_index > ifnull((SELECT end_index FROM term_runs ORDER BY run DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'terms are deleted only when a run has them'); END;

-- Pages of runs: id = run * 2^20 + page.
CREATE TABLE term_pages (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 9007199254740991),
  bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER term_pages_insert BEFORE INSERT ON term_pages
WHEN NEW.id / 1048576 <> ifnull((SELECT max(run) FROM term_runs), -1) + 1
  OR NEW.id <> max(
    NEW.id / 1048576 * 1048576,
    ifnull((SELECT max(id) FROM term_pages), -1) + 1)
BEGIN SELECT RAISE(ABORT, 'pages are written for the next run, one after the other'); END;
CREATE TRIGGER term_pages_update BEFORE UPDATE ON term_pages
BEGIN SELECT RAISE(ABORT, 'the pages of a run never change'); END;
CREATE TRIGGER term_pages_delete BEFORE DELETE ON term_pages
WHEN OLD.id / 1048576 <= ifnull((SELECT max(run) FROM term_runs), -1)
BEGIN SELECT RAISE(ABORT, 'the pages of a run never change'); END;

-- A run is there once its row is: it has the terms of all entries from the end of the run before it up to
-- its own end.
CREATE TABLE term_runs (
  run INTEGER PRIMARY KEY CHECK (run BETWEEN 0 AND 8589934590),
  end_index INTEGER NOT NULL CHECK (end_index BETWEEN 1 AND 9007199254740991),
  pages INTEGER NOT NULL CHECK (pages BETWEEN 0 AND 1048576),
  directory BLOB NOT NULL
) STRICT;

CREATE TRIGGER term_runs_insert BEFORE INSERT ON term_runs
WHEN NEW.run <> ifnull((SELECT max(run) FROM term_runs), -1) + 1
  OR NEW.end_index <= ifnull((SELECT end_index FROM term_runs ORDER BY run DESC LIMIT 1), 0)
  OR NEW.end_index > (SELECT size FROM head)
  OR NEW.pages <> ifnull(
    (SELECT max(id) + 1 - NEW.run * 1048576 FROM term_pages WHERE id >= NEW.run * 1048576), 0)
BEGIN SELECT RAISE(ABORT, 'runs are append-only, without gaps and with all their pages'); END;
CREATE TRIGGER term_runs_update BEFORE UPDATE ON term_runs
BEGIN SELECT RAISE(ABORT, 'runs are append-only'); END;
CREATE TRIGGER term_runs_delete BEFORE DELETE ON term_runs
BEGIN SELECT RAISE(ABORT, 'runs are append-only'); END;

-- What signers sent that the body has only a digest of. It can be taken away again, which leaves a row of
-- `redactions`; the tree does not know of it.
CREATE TABLE attachments (
  idx INTEGER PRIMARY KEY CHECK (idx BETWEEN 0 AND 9007199254740990),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  media_type TEXT NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE redactions (
  idx INTEGER PRIMARY KEY,
  time INTEGER NOT NULL CHECK (time BETWEEN 0 AND 9007199254740991)
) STRICT;

CREATE TRIGGER attachments_insert BEFORE INSERT ON attachments
WHEN NEW.idx >= (SELECT size FROM head)
  OR NEW.idx <= ifnull((SELECT max(idx) FROM attachments), -1)
  OR EXISTS (SELECT 1 FROM redactions WHERE idx = NEW.idx)
BEGIN SELECT RAISE(ABORT, 'attachments come with their entries'); END;
CREATE TRIGGER attachments_update BEFORE UPDATE ON attachments
BEGIN SELECT RAISE(ABORT, 'attachments never change'); END;
CREATE TRIGGER attachments_delete BEFORE DELETE ON attachments
WHEN NOT EXISTS (SELECT 1 FROM redactions WHERE idx = OLD.idx)
BEGIN SELECT RAISE(ABORT, 'attachments are deleted only by a redaction'); END;

CREATE TRIGGER redactions_insert BEFORE INSERT ON redactions
WHEN NOT EXISTS (SELECT 1 FROM attachments WHERE idx = NEW.idx)
  OR EXISTS (SELECT 1 FROM redactions WHERE idx = NEW.idx)
BEGIN SELECT RAISE(ABORT, 'only what is there can be redacted'); END;
CREATE TRIGGER redactions_update BEFORE UPDATE ON redactions
BEGIN SELECT RAISE(ABORT, 'redactions are append-only'); END;
CREATE TRIGGER redactions_delete BEFORE DELETE ON redactions
BEGIN SELECT RAISE(ABORT, 'redactions are append-only'); END;
