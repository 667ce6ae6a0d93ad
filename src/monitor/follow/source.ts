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
  /** The DSSE envelope that is kept beside an entry, where the log has such a thing. */
  envelope?(index: number): Promise<Uint8Array | undefined>
}

/** A witness's read API: the newest head of a log that it cosigned, as a note. */
export interface HeadSource {
  /** Undefined if it knows no head of this log. */
  head(origin: string): Promise<string | undefined>
}
