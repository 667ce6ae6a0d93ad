// What judges are given: signed heads as they were seen somewhere, before anything of them is believed. What they
// return: cases that are seen, and cases that were looked for and are not there. Judges change no finding; what
// becomes of a case depends on what is open (settle.ts).
import type { Finding, FindingKind, Ungraded } from "./finding.ts"

/** Where a head was seen: `log`, its door of Rekor v1, `mirror NAME`, `witness NAME`, `verifier`. */
export type Vantage = "log" | "rekor-v1" | "verifier" | `mirror ${string}` | `witness ${string}`

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

/** A case that may be the network and may heal: its grade follows from who shows it, and for how long. */
export interface SuspectedCase extends Omit<Ungraded, "isCanary"> {
  readonly shownBy: Vantage
  /** When, in Unix milliseconds. */
  readonly at: number
  /** How long one vantage point must show it until it is attested, in milliseconds; a minute by default. */
  readonly patience?: number
}

/** A case that is not there: nowhere, or not at this vantage point any more. */
export interface AbsentCase {
  readonly key: string
  readonly absentAt: "everywhere" | Vantage
}

/** A finding that was about what is watched, and that the present watch file no longer makes. */
export interface WithdrawnCase {
  readonly key: string
  /** Why, in words behind the summary. */
  readonly withdrawn: string
}

/** Says that of these kinds there is nothing else about this origin. */
export interface NothingElse {
  readonly kinds: readonly FindingKind[]
  readonly origin: string
  /** The keys of what there is. */
  readonly but: ReadonlySet<string>
}

export type Case = Finding | SuspectedCase | AbsentCase | WithdrawnCase | NothingElse

export function absent(key: string, absentAt: AbsentCase["absentAt"] = "everywhere"): AbsentCase {
  return { key, absentAt }
}
