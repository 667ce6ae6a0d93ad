// What a monitor reports: a finding, how sure it is, and what it is about.
import type { Evidence, EvidenceEffect } from "../../evidence/evidence.ts"

/**
 * `PROVEN`: anyone with the public key can check the evidence offline, whether it convicts or presents. `ATTESTED`: the monitor's word, with
 * signed fragments at best. `SUSPECTED`: it may be the network and may heal.
 */
export type Grade = "PROVEN" | "ATTESTED" | "SUSPECTED"

/** From the least sure to the surest. */
export const grades: readonly Grade[] = ["SUSPECTED", "ATTESTED", "PROVEN"]

/**
 * Every kind of finding with its family. `log`: misbehaviour of the log or its surroundings. `witness`: the
 * same of a witness. `misissuance`: an entry that its subject's owner did not expect, or the lack of one.
 * `health`: the monitor cannot see, and says so instead of being silent.
 */
const families = {
  fork: "log",
  rollback: "log",
  "replayed-head": "log",
  "stale-head": "log",
  "stale-view": "log",
  "unreconciled-head": "log",
  "entry-mismatch": "log",
  "tile-mismatch": "log",
  "missing-data": "log",
  "bad-head-signature": "log",
  "bad-head": "log",
  "key-misuse": "log",
  "broken-promise": "log",
  "duplicate-entry": "log",
  "entry-time": "log",
  "head-time": "log",
  "trust-changed": "log",
  withheld: "log",
  "search-omission": "log",
  "witness-equivocation": "witness",
  "witness-rollback": "witness",
  "witness-silent": "witness",
  "witness-time": "witness",
  "unknown-signer": "misissuance",
  "not-mine": "misissuance",
  "claimed-identity": "misissuance",
  "after-revocation": "misissuance",
  "outside-validity": "misissuance",
  "bad-signature": "misissuance",
  "conflicting-claims": "misissuance",
  unclassifiable: "misissuance",
  "look-alike": "misissuance",
  "unlisted-signer": "misissuance",
  "unexplained-entry": "misissuance",
  "not-logged": "misissuance",
  "undecided-validity": "health",
  unreachable: "health",
  "watch-refused": "health",
  backlog: "health",
  "canary-missing": "health",
  "sink-failing": "health",
  "bad-ledger": "health",
  "own-clock": "health",
} as const

export type FindingKind = keyof typeof families
export type MisissuanceKind = {
  [Kind in FindingKind]: (typeof families)[Kind] extends "misissuance" ? Kind : never
}[FindingKind]

export const findingKinds = Object.keys(families) as readonly FindingKind[]

export function familyOf(kind: FindingKind): (typeof families)[FindingKind] {
  return families[kind]
}

export interface Finding {
  /** The same case has the same key, however often it is seen: `KIND ORIGIN …`. */
  readonly key: string
  readonly kind: FindingKind
  readonly grade: Grade
  readonly origin: string
  /** One sentence for people. */
  readonly summary: string
  /** The entry that it is about. */
  readonly index?: number
  /** The subject, signer or key of the watch file that it is about: a flood about others leaves it room. */
  readonly watched?: string
  readonly evidence?: Evidence
  /** What the evidence does to the key that it names; by default what it says. */
  readonly effect?: EvidenceEffect
  /** Raised by the monitor's own canary: delivered like any other, and marked. */
  readonly isCanary?: boolean
}

/** A finding but for how sure it is. */
export type Ungraded = Omit<Finding, "grade" | "evidence" | "effect">

/** The key of a case; `which` tells cases of one kind about one origin apart. */
export function keyOf(kind: FindingKind, origin: string, ...which: readonly string[]): string {
  return [kind, origin, ...which].join(" ")
}

/** What is found, under the key that {@link keyOf} gives. */
export function ungraded(
  kind: FindingKind,
  origin: string,
  summary: string,
  ...which: readonly string[]
): Ungraded {
  return { key: keyOf(kind, origin, ...which), kind, origin, summary }
}

/** The same on the monitor's word. */
export function attested(...what: Parameters<typeof ungraded>): Finding {
  return { ...ungraded(...what), grade: "ATTESTED" }
}
