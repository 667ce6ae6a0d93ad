-- The search index is a database of its own from here on (search/). In the transaction of this file the program
-- has kept the side terms of all entries before and compared a new index with this one
-- (src/log/search/carrying.ts); without that no log with entries gets here.

DROP TABLE term_batches;
DROP TABLE term_pages;
DROP TABLE term_runs;
