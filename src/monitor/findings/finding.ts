// What a monitor reports: a finding, how sure it is, and what it is about.
import type { Evidence } from "../../evidence/evidence.ts"

/**
 * `PROVEN`: anyone with the public key can check the evidence offline. `ATTESTED`: the monitor's word, with
 * signed fragments at best. `SUSPECTED`: it may be the network and may heal.
 */
export type Grade = "PROVEN" | "ATTESTED" | "SUSPECTED"

/** Misbehaviour of the log or its surroundings. */
export type LogFindingKind =
  | "fork"
  | "rollback"
  | "replayed-head"
  | "stale-head"
  | "stale-view"
  | "unreconciled-head"
  | "entry-mismatch"
  | "tile-mismatch"
  | "missing-data"
  | "bad-head-signature"
  | "bad-head"
  | "key-misuse"
  | "broken-promise"
  | "duplicate-entry"
  | "entry-time"
  | "head-time"
  | "trust-changed"

export type WitnessFindingKind =
  | "witness-equivocation"
  | "witness-rollback"
  | "witness-silent"
  | "witness-time"

/** An entry that its subject's owner did not expect, or the lack of one. */
export type MisissuanceKind =
  | "unknown-signer"
  | "not-mine"
  | "after-revocation"
  | "outside-validity"
  | "bad-signature"
  | "conflicting-claims"
  | "unclassifiable"
  | "not-logged"

/** The monitor cannot see: it says so instead of being silent. */
export type HealthKind = "unreachable" | "backlog" | "canary-missing" | "sink-failing"

export type FindingKind = LogFindingKind | WitnessFindingKind | MisissuanceKind | HealthKind

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
  /** Raised by the monitor's own canary: delivered like any other, and marked. */
  readonly isCanary?: boolean
}
