// What a watch file says, once it was read: subjects, signers with their ledgers, shipments, and what is to become of
// entries that nobody can place. Names, patterns and digests are kept as they were written.
import type { AuthoritySet } from "../../entry/certificates/authority.ts"
import type { Pattern } from "./pattern.ts"
import type { RevokedKey, SignerRule } from "./rules.ts"

/** Bare digests of a subject or a ledger of which each may be an image: what would be logged for it is computed for as many. */
export const MOST_FORETOLD = 20_000

/** An image as a registry names it. */
export interface WatchedImage {
  /** Without a tag; undefined for an image that is named by its digest alone. */
  readonly repository?: string
  /** `sha256:hex` of the manifest. */
  readonly digest: string
}

export interface Subject {
  readonly name: string
  /** `algorithm:hex` of artifacts, payloads, images or subjects of in-toto statements. */
  readonly digests: ReadonlySet<string>
  /**
   * Digests (`algorithm:hex`) that unmodified clients log for an image or a commit, and for a bare digest if it is an
   * image's, each with the reason: they say what an entry is about, never that its signer is right.
   */
  readonly foretold: ReadonlyMap<string, string>
  /** One for each repository that an image was said to be in. */
  readonly images: readonly WatchedImage[]
  /** Names of in-toto subjects. */
  readonly names: readonly Pattern[]
  /** Nobody else is expected to sign; if it is empty, anybody is. */
  readonly signers: readonly SignerRule[]
  /** Whether a name may stand for one digest only. */
  readonly isUnique: boolean
}

/** What a signer has signed, as its owner knows. */
export interface Ledger {
  /** Hex of the leaf hashes of entries. */
  readonly leafHashes: ReadonlySet<string>
  /** `algorithm:hex`: any entry about one of these is expected. Those that are foretold of images are among them. */
  readonly digests: ReadonlySet<string>
  /** Marks of single signatures (signature-mark.ts), whatever entry they are in. */
  readonly signatures: ReadonlySet<string>
}

export interface WatchedSigner {
  readonly name: string
  readonly rules: readonly SignerRule[]
  /** Undefined if everything is expected. */
  readonly mine?: Ledger
  readonly revoked: readonly RevokedKey[]
}

/** A line of a ledger that could not be read; all others were. */
export interface BadLine {
  readonly signer: string
  /** Says file, line, what was expected and what was found. */
  readonly message: string
}

/** Digests that must be in the log in time. */
export interface Shipment {
  readonly file: string
  readonly digests: ReadonlySet<string>
  /** Digests that clients log for a shipped image, each with the image's own, which is in `digests`. */
  readonly foretold: ReadonlyMap<string, string>
  readonly hours: number
  /** The log that is meant; every followed log if it is not there. */
  readonly origin?: string
}

export type Severity = "violation" | "ignore"

/**
 * What becomes of entries of which nobody can say what they are about: `ignore`; `count` those by signers of the watch
 * file; `closed`: whoever is not a signer of the watch file must not be in the log at all.
 */
export type OpaqueClass = "ignore" | "count" | "closed"

export interface Watch {
  readonly subjects: readonly Subject[]
  readonly signers: readonly WatchedSigner[]
  readonly shipments: readonly Shipment[]
  /** Who must have issued the certificates that identity rules go by; if there is none, anyone may have. */
  readonly authorities: readonly AuthoritySet[]
  /** What an entry is that is in the log already. */
  readonly duplicates: Severity
  /** What an entry is whose kind, key or algorithm is not known here. */
  readonly unknown: Severity
  readonly opaque: OpaqueClass
  /** Hours within which an opaque entry by a signer of the watch file must be explained; undefined for no limit. */
  readonly explainWithin?: number
  /** The first lines of ledgers that could not be read, at most {@link MOST_BAD_LINES}. */
  readonly badLines: readonly BadLine[]
  /** How many there are in all. */
  readonly badLineCount: number
  /** The files and folders that were read for it, in order, without the watch file itself. */
  readonly files: readonly string[]
}

/** Bad lines that are named; the rest is counted. */
export const MOST_BAD_LINES = 100
