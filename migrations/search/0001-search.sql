-- The search index of a log: what its entries are found by. It follows the log's database and can be made again
-- from it. A term is 16 bytes of a hash: no text is kept. The terms of some entries are one row; of the rows of
-- up to 65,536 entries a run is made, page by page along with later rows, and then the rows go. src/log/search
-- says what the bytes are. The triggers let terms go only when a run covers them, and pages only while no run
-- has them.

-- The log that the index is of.
CREATE TABLE search_index (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  origin TEXT NOT NULL,
  tree_id TEXT NOT NULL
) STRICT;

CREATE TRIGGER search_index_insert BEFORE INSERT ON search_index WHEN EXISTS (SELECT 1 FROM search_index)
BEGIN SELECT RAISE(ABORT, 'the index belongs to a log already'); END;
CREATE TRIGGER search_index_update BEFORE UPDATE ON search_index
BEGIN SELECT RAISE(ABORT, 'the index belongs to one log'); END;
CREATE TRIGGER search_index_delete BEFORE DELETE ON search_index
BEGIN SELECT RAISE(ABORT, 'the index belongs to one log'); END;

CREATE TABLE term_batches (
  first_index INTEGER PRIMARY KEY CHECK (first_index BETWEEN 0 AND 9007199254740990),
  end_index INTEGER NOT NULL CHECK (end_index > first_index AND end_index <= 9007199254740991),
  bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER term_batches_insert BEFORE INSERT ON term_batches
WHEN NEW.first_index <> max(
    ifnull((SELECT end_index FROM term_batches ORDER BY first_index DESC LIMIT 1), 0),
    ifnull((SELECT end_index FROM term_runs ORDER BY run DESC LIMIT 1), 0))
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
  OR NEW.end_index > ifnull(
    (SELECT end_index FROM term_batches ORDER BY first_index DESC LIMIT 1), 0)
  OR NEW.pages <> ifnull(
    (SELECT max(id) + 1 - NEW.run * 1048576 FROM term_pages WHERE id >= NEW.run * 1048576), 0)
BEGIN SELECT RAISE(ABORT, 'runs are append-only, without gaps and with all their pages'); END;
CREATE TRIGGER term_runs_update BEFORE UPDATE ON term_runs
BEGIN SELECT RAISE(ABORT, 'runs are append-only'); END;
CREATE TRIGGER term_runs_delete BEFORE DELETE ON term_runs
BEGIN SELECT RAISE(ABORT, 'runs are append-only'); END;
