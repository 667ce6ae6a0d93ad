// An entry read for the rules: what it claims, who signed, what its statement is about, and which signatures
// can be verified. Never throws for what an entry holds: that it cannot be read is an answer, too.
import { digestOf } from "../../core/base/digest.ts"
import { Refusal } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { HashName } from "../../entry/algorithm.ts"
import type { SignatureCheck } from "../../entry/entry.ts"
import { createClaimReader, keptEnvelopeChecks, type LoggedClaim } from "../../entry/kinds/claim.ts"
import { revocationDigest, revokedKey } from "../../entry/revocation.ts"
import type { VerifierKey } from "../../entry/verifier-key.ts"
import { type EntryPayload, openMessage, openPayload, readSaid, unsaid } from "./payload.ts"
import type { EntryFacts, EntrySigner } from "./watch-index.ts"

/** What reading takes of an entry. */
export interface LoggedEntryBytes {
  readonly body: Uint8Array
  /** The DSSE envelope that the log keeps beside it, if it was asked for and there is one. */
  readonly envelope?: Uint8Array
  /** The bytes that were signed, if they are known; the caller has seen to it that they are this entry's. */
  readonly message?: Uint8Array
}

export interface ExaminedEntry extends LoggedEntryBytes {
  readonly index: number
  readonly leafHash: Hash
  /** The lower index at which the same leaf hash is. */
  readonly repeats?: number
  /** Whether an envelope was asked for, without an answer that settles whether there is one. */
  readonly isAwaited?: boolean
  /** Whether it was examined before; then nothing of it is counted twice. */
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
  readonly payload: EntryPayload | undefined
  /** Whether what was signed is at hand, and is no artifact. */
  readonly hasMessage: boolean
  /** Whether an envelope was asked for and did not come, or the one of another entry did. */
  readonly isAwaited: boolean
  /** The key that it revokes if its signature holds. */
  readonly revokes: string | undefined
}

/** An entry that was read, at its place. */
export interface Examination extends ReadEntry, Pick<ExaminedEntry, "index" | "leafHash"> {}

export type EntryReading =
  | Examination
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
  const certificate = verifierKey.form === "certificate" ? verifierKey : undefined
  const named = { identities: written, isUnreadable, ...present({ issuer, certificate }) }
  const signer = { key, ...named }
  const made = { signer, revocation }
  known.set(verifierKey, made)
  return made
}

/** Whether there may be an envelope that did not come. */
function isUnanswered({ isAwaited, envelope }: ExaminedEntry): boolean {
  return isAwaited === true || envelope !== undefined
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

  function payloadOf(stated: string | undefined, { envelope, message }: LoggedEntryBytes) {
    if (stated === undefined) return undefined
    const kept = envelope && openPayload(stated, envelope, hash)
    return kept ?? (message && openMessage(stated, message, hash))
  }

  function readKnown(entry: ExaminedEntry): EntryReading {
    const { body, message } = entry
    const claim = readClaim(body)
    const { summary, keys } = claim
    if (!claim.isPlain) return { form: "ambiguous", reason: "its body is no canonical JSON" }
    if (keys.length === 0) return { form: "unknown", reason: "a kind that is not known here" }
    const payload = payloadOf(summary.payload, entry)
    const isSigned = summary.payload === undefined && message !== undefined
    const said = payload ?? (isSigned ? readSaid(message) : undefined)
    const { subjects, odd } = said ?? unsaid
    const signers = keys.map((key, i) => knownSigner(key, summary.signers[i]?.key ?? ""))
    const digest = summary.digest ?? summary.payload
    const [first] = signers
    const { checks, isProvable } = checksOf(body, claim, payload)
    // In one piece: on the path of every entry, copies are what costs.
    return {
      form: "read",
      index: entry.index,
      leafHash: entry.leafHash,
      claim,
      facts: {
        digests: digest === undefined ? [] : [digest],
        signers: signers.map(({ signer }) => signer),
        subjects,
        odd,
      },
      checks,
      isProvable,
      payload,
      hasMessage: said !== undefined,
      isAwaited: payload === undefined && summary.payload !== undefined && isUnanswered(entry),
      revokes: revokedKey(summary, first && ((_, hash) => first.revocation(hash))),
    }
  }

  /** `entry` needs no true place where nothing is remembered of it. */
  return (entry: ExaminedEntry): EntryReading => {
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

/** Unix seconds, both included. */
export interface ValidityDates {
  readonly notBefore: number
  readonly notAfter: number
}

/** The dates of an entry's certificates. */
export function datesOf({
  claim: { notBefore, notAfter },
}: Examination): ValidityDates | undefined {
  if (notBefore === undefined || notAfter === undefined) return undefined
  return { notBefore, notAfter }
}
