// The port to the places where a log can be read: its own server, a mirror, a folder of static files
// (C2SP tlog-tiles and Rekor v2 alike). Nothing that a source gives is believed before it is checked.

/**
 * What is not there is undefined; what cannot be had now (network, 429, 5xx) rejects with Trouble.
 * `isFresh` asks again in a way that no cache answers.
 */
export interface LogSource {
  /** The signed note as it is served; up to 256 KiB. */
  checkpoint(isFresh?: boolean): Promise<string>
  /** The first `width` entries of an entry bundle, encoded (core/bundle.ts). */
  bundle(index: number, width: number, isFresh?: boolean): Promise<Uint8Array | undefined>
  /** The first `width` hashes of a tile, side by side. */
  tile(
    level: number,
    index: number,
    width: number,
    isFresh?: boolean,
  ): Promise<Uint8Array | undefined>
  /** The newest head as clients of Rekor v1 get it, where the log has a door for them. */
  rekorHead?(): Promise<string | undefined>
  /** The DSSE envelope that is kept beside an entry; refuses `not-found` for one that was taken away. */
  envelope?(index: number): Promise<Uint8Array | undefined>
  /** What only a log's own API has; static files have none of it. */
  readonly native?: NativeSource
}

/** One thing that entries are searched by: the value of a parameter of the log's search. */
export interface SearchItem {
  readonly by: "digest" | "key"
  readonly value: string
}

/** The newest entries that fit, newest first. */
export interface FoundIndexes {
  readonly indexes: readonly number[]
  /** Lower indexes were left out. */
  readonly from: number
  /** The size up to which the log says that nothing else is left out. */
  readonly completeUpTo: number
}

/** A message that somebody attached to an entry, as the log lists it. */
export interface ListedMessage {
  readonly sequence: number
  readonly index: number
}

export interface NativeSource {
  /** Whether the log says that it has the attestation with this payload digest beside the entry. */
  saysKept(index: number, payload: string): Promise<boolean>
  search(item: SearchItem): Promise<FoundIndexes>
  /** Messages behind a sequence number, in order; undefined where the log has no such list. */
  messages(after: number): Promise<readonly ListedMessage[] | undefined>
  /** The message that is attached to an entry. */
  message(index: number): Promise<Uint8Array | undefined>
}

/** A witness's read API: the newest head of a log that it cosigned, as a note. */
export interface HeadSource {
  /** Undefined if it knows no head of this log. */
  head(origin: string): Promise<string | undefined>
}
