// How much of everything a log takes and keeps in memory at once.

export const defaultLimits = {
  /** Entries that may be under way: being verified, pooled or written. */
  entriesUnderWay: 4_096,
  batchEntries: 1_024,
  batchBytes: 8 * 1024 * 1024,
  /** 16 KB each: 64 MB. */
  cachedTiles: 4_096,
  /** Of entry bundles; one of the longest entries has half of that. */
  cachedBundleBytes: 32 * 1024 * 1024,
  /** Bytes of the longest attachment that is kept, and so taken; 0 keeps none and takes all. */
  attachmentBytes: 0,
  /** Bytes of the longest message that may be attached; 0 takes none. */
  messageBytes: 0,
}

export type LogLimits = Readonly<typeof defaultLimits>
