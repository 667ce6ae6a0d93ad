// A signed head as it was seen somewhere, before anything of it is believed.

/** Where a head was seen: `log`, `mirror NAME`, `witness NAME`, `verifier`. */
export type Vantage = "log" | "verifier" | `mirror ${string}` | `witness ${string}`

/** The log's own answers, perhaps over another path; a verifier's heads may be of any age. */
export function isPublished(vantage: Vantage): boolean {
  return vantage === "log" || vantage.startsWith("mirror ")
}

export interface Observation {
  readonly vantage: Vantage
  /** The note as it came. */
  readonly note: string
  /** Unix milliseconds on the monitor's clock. */
  readonly receivedAt: number
}
