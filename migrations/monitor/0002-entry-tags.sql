-- Eight bytes of the digest that each entry states, by which entries with one digest are found again: 256 entries a
-- block, zeros where it is not known. Derived: what is found by a tag is read again and compared before it is used.

CREATE TABLE tags (
  log INTEGER NOT NULL REFERENCES logs (id),
  block INTEGER NOT NULL CHECK (block BETWEEN 0 AND 35184372088831),
  tags BLOB NOT NULL CHECK (length(tags) = 2048),
  PRIMARY KEY (log, block)
) STRICT;
