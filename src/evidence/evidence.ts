// A proven case as one small text file (tlog-evidence/v2) that anyone can check offline with nothing but the
// public keys. What each kind holds and how it is checked stands in a file of its own.

/** Kinds about entries of the log, which prove that those are in it. */
export const entryEvidenceKinds = [
  "signed-after-revocation",
  "conflicting-claims",
  "bad-entry",
  "duplicate-entry",
  "unexpected-entry",
] as const

export type EntryEvidenceKind = (typeof entryEvidenceKinds)[number]

/**
 * `fork`: two heads of one log that no one tree can have. `broken-promise`: the log's signed word on an
 * entry, and another entry in that place. `key-misuse`: the log's key under another origin.
 * `witness-equivocation`, `witness-rollback`: the same of a witness's cosignatures. `time`: times that
 * contradict each other. All others are about entries of the log, and prove that they are in it.
 */
export const evidenceKinds = [
  "fork",
  "broken-promise",
  "key-misuse",
  "witness-equivocation",
  "witness-rollback",
  "time",
  ...entryEvidenceKinds,
] as const

/** What a case is about, docs/evidence.md: one of {@link evidenceKinds}. */
export type EvidenceKind = (typeof evidenceKinds)[number]

/**
 * What a file does to the key that it names. `convicts`: signatures of this key contradict each other, or what it
 * has promised. `presents`: something is in the log of this key, or is said of it by others; nobody is accused.
 */
export type EvidenceEffect = "convicts" | "presents"

export interface Evidence {
  /** SHA-256 of the file, lower-case hex. */
  readonly id: string
  readonly kind: EvidenceKind
  /** The whole file. */
  readonly text: string
}
