// An entry read for the rules: what it claims, who signed, what its statement is about, and which signatures
// can be verified. Never throws for what an entry holds: that it cannot be read is an answer, too.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { Refusal } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { HashName } from "../../entry/algorithm.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { createClaimReader, keptEnvelopeChecks, type LoggedClaim } from "../../entry/kinds/claim.ts"
import { revocationDigest, revokedKey } from "../../entry/revocation.ts"
import type { VerifierKey } from "../../entry/verifier-key.ts"
import type { Documents } from "../state/documents.ts"
import { type EntryPayload, openPayload } from "./payload.ts"
import type { EntryFacts, EntrySigner } from "./watch-index.ts"

/** What reading takes of an entry. */
export interface LoggedEntryBytes {
  readonly body: Uint8Array
  /** The DSSE envelope that the log keeps beside it, if it was asked for and there is one. */
  readonly envelope?: Uint8Array
  /** The bytes that were signed, proven to be those of the entry, where somebody gave them. */
  readonly message?: Uint8Array
}

export interface ExaminedEntry extends LoggedEntryBytes {
  readonly index: number
  readonly leafHash: Hash
  /** The lower index at which the same leaf hash is. */
  readonly repeats?: number
  /** Whether it was examined before: it is counted nowhere a second time. */
  readonly isAgain?: boolean
}

export interface ReadEntry {
  readonly form: "read"
  readonly claim: LoggedClaim
  readonly facts: EntryFacts
  /** Empty if nothing can be verified. */
  readonly checks: readonly SignatureCheck[]
  /** Whether checks that fail prove that the log took a bad entry. */
  readonly isProvable: boolean
  /** Undefined also if there should be one and it is not at hand. */
  readonly payload?: EntryPayload
  /** The key that it revokes if its signature holds. */
  readonly revokes?: string
}

/** An entry that was read, at its place, with the documents that the commit changes which takes it. */
export interface Examination extends ReadEntry, Pick<ExaminedEntry, "index" | "leafHash"> {
  readonly documents: Documents
}

export type EntryReading =
  | ReadEntry
  /**
   * `malformed`: an entry of no log. `unknown`: of a kind, with a key or a hash not known here. `ambiguous`:
   * not written in the one way in which all readers find the same.
   */
  | { readonly form: "malformed" | "unknown" | "ambiguous"; readonly reason: string }

type Sha256 = (bytes: Uint8Array) => Uint8Array
type Checks = Pick<ReadEntry, "checks" | "isProvable">

/** Keys that are remembered, of each form; some 12 KB each at most. */
const MOST_KEYS = 4096

interface KnownSigner {
  readonly signer: EntrySigner
  /** The digest of the key's revocation, made once a hash. */
  readonly revocation: (hash: HashName) => string
}

const known = new WeakMap<VerifierKey, KnownSigner>()

function knownSigner(verifierKey: VerifierKey, key: string): KnownSigner {
  const found = known.get(verifierKey)
  if (found !== undefined) return found
  const digests = new Map<HashName, string>()
  function revocation(hash: HashName): string {
    const digest = digests.get(hash) ?? revocationDigest(key, hash)
    digests.set(hash, digest)
    return digest
  }
  const { names } = verifierKey
  const { identities = [], written = identities, issuer, isUnreadable = false } = names ?? {}
  const signer = { key, identities: written, isUnreadable, ...present({ issuer }) }
  const made = { signer, revocation }
  known.set(verifierKey, made)
  return made
}

/**
 * Whether the body is written as logs write bodies, without repeated members or blanks. The order of members
 * is not looked at, because all readers find the same whatever it is.
 */
function isPlainJson(body: Uint8Array): boolean {
  const text = parseUtf8(body, "body")
  return JSON.stringify(JSON.parse(text)) === text
}

/** `hash` is SHA-256 of payloads; noble's by default, which is slow for large ones. */
export function createEntryReader(hash: Sha256 = (bytes) => digestOf("sha256", bytes)) {
  const readClaim = createClaimReader(MOST_KEYS)

  function checksOf(body: Uint8Array, claim: LoggedClaim, payload?: EntryPayload): Checks {
    if (payload === undefined) return { checks: claim.checks, isProvable: true }
    const { checks } = readClaim(body, payload.payload)
    if (checks.length > 0) return { checks, isProvable: true }
    return { checks: keptEnvelopeChecks(body, payload), isProvable: false }
  }

  function readKnown({ body, envelope }: LoggedEntryBytes): EntryReading {
    const claim = readClaim(body)
    const { summary, keys } = claim
    if (!isPlainJson(body)) return { form: "ambiguous", reason: "its body is no canonical JSON" }
    if (keys.length === 0) return { form: "unknown", reason: "a kind that is not known here" }
    const stated = summary.payload
    const payload =
      stated === undefined || envelope === undefined
        ? undefined
        : openPayload(stated, envelope, hash)
    const signers = keys.map((key, i) => knownSigner(key, summary.signers[i]?.key ?? ""))
    const digest = summary.digest ?? stated
    const [first] = signers
    const revokes = revokedKey(summary, first && ((_, hash) => first.revocation(hash)))
    return {
      form: "read",
      claim,
      facts: {
        digests: digest === undefined ? [] : [digest],
        signers: signers.map(({ signer }) => signer),
        subjects: payload?.subjects ?? [],
      },
      ...checksOf(body, claim, payload),
      ...(payload !== undefined && { payload }),
      ...(revokes !== undefined && { revokes }),
    }
  }

  return (entry: LoggedEntryBytes): EntryReading => {
    try {
      return readKnown(entry)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, message } = error
      const isUnknown = code === "unsupported" || code === "too-large"
      return { form: isUnknown ? "unknown" : "malformed", reason: message }
    }
  }
}
