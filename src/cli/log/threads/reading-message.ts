// What the main thread and the thread that reads large requests say to each other, and proposals on their way between
// the two: the part that the main thread needs comes along, the rest stays until it is settled.
import type { Vkey } from "../../../core/note/note.ts"
import type { Proposal, Settled, SignatureCheck, Signed } from "../../../entry/entry.ts"
import type { TermName } from "../../../entry/term.ts"
import type { VerifierKey } from "../../../entry/verifier-key.ts"
import type { OpenedAttestation, RetrievalPlan, SubmissionDoor } from "../../../http/door/large.ts"
import { RekorV1Refusal } from "../../../http/rekor-v1/errors.ts"
import type { LoggedSubmission } from "../../../sigstore/submission-bundle.ts"
import { fromPlainError, type PlainError, toPlainError } from "./plain-error.ts"

/** What is asked; each has an answer, but `drop`. */
export type ReadingTask =
  | { readonly type: "propose"; readonly door: SubmissionDoor; readonly bytes: Uint8Array }
  /** `of` is the number of the question that made the proposal; afterwards it is gone. */
  | { readonly type: "settle"; readonly of: number; readonly held: readonly number[] }
  | { readonly type: "drop"; readonly of: number }
  | { readonly type: "retrieve"; readonly bytes: Uint8Array }
  | { readonly type: "open"; readonly envelope: Uint8Array; readonly withGlance: boolean }
  | {
      readonly type: "bundle"
      readonly logged: LoggedSubmission
      readonly key: Vkey
      readonly envelope: Uint8Array
    }

export type ToReader = ReadingTask & { readonly id: number }

/** The part of a proposal that the main thread needs before its signatures are verified. */
export type PlainProposal = Pick<Proposal, "kind" | "version" | "keys" | "terms" | "claims"> & {
  readonly hasEnvelope: boolean
}

/** What each question is answered with. */
export interface ReadingAnswers {
  readonly propose: PlainProposal
  readonly settle: Settled
  readonly drop: undefined
  readonly retrieve: RetrievalPlan
  readonly open: OpenedAttestation
  readonly bundle: Uint8Array
}

export type ReadingAnswer = ReadingAnswers[keyof ReadingAnswers]

/** A refusal of Rekor v1 has numbers of its own. */
export interface PlainReadingError extends PlainError {
  readonly rekorV1?: { readonly status: number; readonly code: number }
}

export type FromReader =
  | { readonly id: number; readonly answer: ReadingAnswer }
  | { readonly id: number; readonly error: PlainReadingError }

export function toPlainReadingError(error: unknown): PlainReadingError {
  const plain = toPlainError(error)
  if (!(error instanceof RekorV1Refusal)) return plain
  return { ...plain, rekorV1: { status: error.status, code: error.rekorCode } }
}

export function fromPlainReadingError(plain: PlainReadingError): Error {
  const { rekorV1, message } = plain
  if (rekorV1 === undefined) return fromPlainError(plain)
  return new RekorV1Refusal(rekorV1.status, rekorV1.code, message)
}

/** What rules for writers ask for; statements have too many of the others to send them along. */
const sent: ReadonlySet<TermName> = new Set([
  ...(["kind", "digest", "payload", "envelope", "key", "identity", "issuer"] as const),
])

/** A view would take all of its buffer along. */
function alone(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function aloneKey(key: VerifierKey): VerifierKey {
  const { issuers } = key
  const own = { ...key, der: alone(key.der), spki: alone(key.spki) }
  return issuers === undefined ? own : { ...own, issuers: issuers.map(alone) }
}

/** Messages stay one buffer each, however many checks are of them. */
function aloneSigned(signed: Signed, messages: Map<Uint8Array, Uint8Array>): Signed {
  const copied = (bytes: Uint8Array): Uint8Array => {
    const copy = messages.get(bytes) ?? alone(bytes)
    messages.set(bytes, copy)
    return copy
  }
  if (signed.form === "message") return { ...signed, message: copied(signed.message) }
  const { digest, of } = signed
  return { ...signed, digest: alone(digest), ...(of !== undefined && { of: copied(of) }) }
}

/** The part that is sent. */
export function plainProposal(proposal: Proposal): PlainProposal {
  const { kind, version, keys, terms, claims, envelope } = proposal
  const messages = new Map<Uint8Array, Uint8Array>()
  const aloneCheck = ({ algorithm, spki, signature, signed }: SignatureCheck): SignatureCheck => {
    const own = { spki: alone(spki), signature: alone(signature) }
    return { algorithm, ...own, signed: aloneSigned(signed, messages) }
  }
  return {
    ...{ kind, version, hasEnvelope: envelope !== undefined },
    keys: keys.map(aloneKey),
    terms: terms.filter(({ name }) => sent.has(name)),
    claims: claims.map((checks) => checks.map(aloneCheck)),
  }
}
