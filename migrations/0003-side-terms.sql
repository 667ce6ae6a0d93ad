-- What an entry is found by and its body does not say: the hashes of those terms, with a checksum
-- (src/log/search/side-terms.ts). The search index is made of bodies and these, so they are never given up.

CREATE TABLE side_terms (
  idx INTEGER PRIMARY KEY CHECK (idx BETWEEN 0 AND 9007199254740990),
  bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER side_terms_insert BEFORE INSERT ON side_terms
WHEN NEW.idx >= (SELECT size FROM head) OR NEW.idx <= ifnull((SELECT max(idx) FROM side_terms), -1)
BEGIN SELECT RAISE(ABORT, 'side terms come with their entries'); END;
CREATE TRIGGER side_terms_update BEFORE UPDATE ON side_terms
BEGIN SELECT RAISE(ABORT, 'side terms never change'); END;
CREATE TRIGGER side_terms_delete BEFORE DELETE ON side_terms
BEGIN SELECT RAISE(ABORT, 'side terms never change'); END;
