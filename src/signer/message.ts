// What a log and its signer say to each other: one JSON object a line, each bounded, the answers in the order of the
// questions. Every request carries the version of this form. Leaves out how lines travel.
import { Refusal, type RefusalCode, refuse, shown } from "../core/base/errors.ts"
import {
  asBytes,
  asInteger,
  asList,
  asMessage,
  asObject,
  asText,
  type Members,
  parseJson,
} from "../core/base/json-value.ts"
import { MOST_PROOF_HASHES } from "../core/base/limits.ts"
import { formatBase64 } from "../core/base/text.ts"
import { asHash, type Hash } from "../core/tree/hash.ts"
import type { EntryPromise } from "../log/ports/signer.ts"
import { type AskedCheckpoint, type AskedPromise, OldSize } from "./judgement.ts"

const VERSION = 1

/** A request of the longest body in base64 is some 93 kB, with 63 hashes and a note. Characters. */
export const LONGEST_REQUEST = 131_072
/** A note of two lines is some 400 bytes. Characters. */
export const LONGEST_ANSWER = 16_384

export type Asked =
  | { readonly ask: "identity" }
  | ({ readonly ask: "checkpoint" } & AskedCheckpoint)
  /** The head of a checkpoint with this signer's line, under the name that Rekor v1 gives the log. */
  | { readonly ask: "rekor-checkpoint"; readonly checkpoint: string }
  /** The signed entry timestamp of an entry under a checkpoint with this signer's line. */
  | ({ readonly ask: "entry-timestamp"; readonly checkpoint: string } & AskedPromise)

export interface SignerIdentity {
  readonly origin: string
  readonly treeId: string
  /** In the order of a checkpoint's lines. */
  readonly vkeys: readonly string[]
  /** The remembered one. */
  readonly size: number
}

export type SignerAnswer =
  | { readonly identity: SignerIdentity }
  | { readonly note: string }
  | { readonly signature: Uint8Array }

/** What became of a request: an answer, a refusal, or trouble that may pass. */
export type Reply = SignerAnswer | { readonly refusal: Refusal } | { readonly trouble: string }

function hashesOf(value: unknown): readonly Hash[] {
  return asList(value, "proof", MOST_PROOF_HASHES).map((hash) => asHash(asBytes(hash, "proof")))
}

function promiseOf(value: unknown): { readonly promise: EntryPromise; readonly body: Uint8Array } {
  const names = ["body", "integratedTime", "logID", "logIndex"] as const
  const members = asMessage(value, "promise", names)
  const body = asText(members.body, "body")
  const promise = {
    body,
    integratedTime: asInteger(members.integratedTime, "integratedTime"),
    logID: asText(members.logID, "logID"),
    logIndex: asInteger(members.logIndex, "logIndex"),
  }
  return { promise, body: asBytes(body, "body") }
}

type Envelope = Members<"signer" | "ask" | "with">

function envelopeOf(line: string): Envelope {
  const value = parseJson(line, "request", LONGEST_REQUEST)
  const envelope = asMessage(value, "request", ["signer", "ask", "with"])
  if (envelope.signer !== VERSION) {
    refuse("unsupported", `expected a request of version ${VERSION}, found another one`)
  }
  return envelope
}

/** Reads a request; refuses `malformed`, `too-large` and `unsupported`. */
export function parseRequest(line: string): Asked {
  const { ask, with: given } = envelopeOf(line)
  switch (ask) {
    case "identity":
      asMessage(given ?? {}, "identity", [])
      return { ask }
    case "checkpoint": {
      const members = asMessage(given, "checkpoint", ["text", "from", "proof"])
      const { text, from, proof } = members
      return {
        ask,
        text: asText(text, "text"),
        from: asInteger(from, "from"),
        proof: hashesOf(proof),
      }
    }
    case "rekor-checkpoint": {
      const { checkpoint } = asMessage(given, "rekor-checkpoint", ["checkpoint"])
      return { ask, checkpoint: asText(checkpoint, "checkpoint") }
    }
    case "entry-timestamp": {
      const names = ["promise", "checkpoint", "proof"] as const
      const { promise, checkpoint, proof } = asMessage(given, "entry-timestamp", names)
      const asked = { ...promiseOf(promise), proof: hashesOf(proof) }
      return { ask, checkpoint: asText(checkpoint, "checkpoint"), ...asked }
    }
    default:
      return refuse("unsupported", `expected a request that is known, found ${shown(String(ask))}`)
  }
}

/** The line, with its line feed. */
export function formatRequest(asked: Asked): string {
  const { ask, ...members } = asked
  const given: Record<string, unknown> = { ...members }
  if ("body" in given) delete given["body"]
  if ("proof" in asked) given["proof"] = asked.proof.map(formatBase64)
  return `${JSON.stringify({ signer: VERSION, ask, with: given })}\n`
}

/** The line, with its line feed. */
export function formatReply(reply: Reply): string {
  return `${JSON.stringify(plainReply(reply))}\n`
}

function plainReply(reply: Reply): object {
  if ("signature" in reply) return { signature: formatBase64(reply.signature) }
  if (!("refusal" in reply)) return reply
  const { code, message } = reply.refusal
  const size = reply.refusal instanceof OldSize ? { size: reply.refusal.size } : {}
  return { refusal: { code, message, ...size } }
}

function identityOf(value: unknown): SignerIdentity {
  const names = ["origin", "treeId", "vkeys", "size"] as const
  const { origin, treeId, vkeys, size } = asObject(value, "identity", names)
  return {
    origin: asText(origin, "origin"),
    treeId: asText(treeId, "treeId"),
    vkeys: asList(vkeys, "vkeys", 2).map((vkey) => asText(vkey, "vkey")),
    size: asInteger(size, "size"),
  }
}

function refusalOf(value: unknown): Refusal {
  const { code, message, size } = asObject(value, "refusal", ["code", "message", "size"])
  if (size !== undefined) return new OldSize(asInteger(size, "size"), 0)
  return new Refusal(asText(code, "code") as RefusalCode, asText(message, "message"))
}

/** Reads what a signer has answered; refuses `malformed` and `too-large`. */
export function parseReply(line: string): Reply {
  const value = parseJson(line, "answer", LONGEST_ANSWER)
  const names = ["identity", "note", "signature", "refusal", "trouble"] as const
  const { identity, note, signature, refusal, trouble } = asObject(value, "answer", names)
  if (identity !== undefined) return { identity: identityOf(identity) }
  if (note !== undefined) return { note: asText(note, "note") }
  if (signature !== undefined) return { signature: asBytes(signature, "signature") }
  if (refusal !== undefined) return { refusal: refusalOf(refusal) }
  return { trouble: asText(trouble, "trouble") }
}
