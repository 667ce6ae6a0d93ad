// The kinds of database that Countersign keeps. Each has its own number in the file's header and its own
// numbered tables; settings, checks and creation are the same for all.

/** A full tile is 8 KB and a bundle some 128 KB; smaller pages make long chains of both. */
export const PAGE_SIZE = 8_192

/**
 * Pages that the write-ahead log gathers before a commit moves them into the database: 16 MB. The commit
 * that does so waits for it, some 3 ms a megabyte: a higher figure makes the stall rarer but longer, and
 * total throughput stays the same. The file grows past this only while a reader holds an old snapshot
 * (a backup does), and is cut back afterwards.
 */
export const PAGES_BETWEEN_CHECKPOINTS = 2_000

export interface DatabaseKind {
  /** Four ASCII letters that stand in the header of each database of this kind. */
  readonly applicationId: number
  /** Where its migrations lie, relative to the package's folder `migrations/`. */
  readonly folder: string
  /** Whose database it is, as messages name it. */
  readonly owner: string
  /** The command that makes a new one, and the one that opens it for writing. */
  readonly made: string
  readonly opened: string
  /** Can be made again from another database: then a power failure may take its newest commits. */
  readonly isDerived?: true
  /** From the first to the second version a database is brought by a step of its own, never in passing. */
  readonly carried?: { readonly from: number; readonly to: number }
}

/** "CSTR"; its migrations lie in the folder itself. */
export const logDatabase: DatabaseKind = {
  applicationId: 0x43535452,
  folder: "",
  owner: "log",
  made: "countersign init",
  opened: "countersign serve",
  // By log/carrying.ts.
  carried: { from: 2, to: 4 },
}

/** "CSSE". */
export const searchDatabase: DatabaseKind = {
  applicationId: 0x43535345,
  folder: "search/",
  owner: "search index",
  made: "countersign search-index rebuild",
  opened: "countersign serve",
  isDerived: true,
}

/** "CSWI". */
export const witnessDatabase: DatabaseKind = {
  applicationId: 0x43535749,
  folder: "witness/",
  owner: "witness",
  made: "countersign witness init",
  opened: "countersign witness serve",
  // By witness/carrying.ts.
  carried: { from: 1, to: 2 },
}

/** "CSMO". */
export const monitorDatabase: DatabaseKind = {
  applicationId: 0x43534d4f,
  folder: "monitor/",
  owner: "monitor",
  made: "countersign monitor init",
  opened: "countersign monitor run",
}
