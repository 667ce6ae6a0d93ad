// The signed entry timestamp of Rekor v1: the log's word that an entry stands at an index and since when.
import { parseUtf8 } from "../core/base/bytes.ts"
import { digestOf } from "../core/base/digest.ts"
import { refuse } from "../core/base/errors.ts"
import { asInteger, asMessage, asText, parseJson } from "../core/base/json-value.ts"
import { LONGEST_EVIDENCE } from "../core/base/limits.ts"
import { formatHex, parseBase64 } from "../core/base/text.ts"
import { type SignatureRule, type Vkey, verifyTextSignature } from "../core/note/note.ts"
import { canonicalJson } from "../entry/canonical-json.ts"
import type { PromiseLines } from "./format.ts"

/** In the names and forms of Rekor v1. */
export interface SignedPromise {
  /** Base64. */
  readonly body: string
  /** Unix seconds. */
  readonly integratedTime: number
  /** SHA-256 over the SPKI of the log's key, lower-case hex. */
  readonly logID: string
  readonly logIndex: number
  /** ECDSA in DER over the other members in RFC 8785. */
  readonly signature: Uint8Array
}

/** What a promise says once its signature holds. */
export interface OpenedPromise extends Pick<SignedPromise, "integratedTime" | "logIndex"> {
  readonly body: Uint8Array
}

export function promiseLines(promise: SignedPromise): PromiseLines {
  const { body, integratedTime, logID, logIndex, signature } = promise
  return { promised: canonicalJson({ body, integratedTime, logID, logIndex }), signature }
}

function readPromise(promised: Uint8Array): Omit<SignedPromise, "signature"> {
  const text = parseUtf8(promised, "promise")
  const names = ["body", "integratedTime", "logID", "logIndex"] as const
  const members = asMessage(parseJson(text, "promise", LONGEST_EVIDENCE), "promise", names)
  return {
    body: asText(members.body, "promise body"),
    integratedTime: asInteger(members.integratedTime, "integratedTime"),
    logID: asText(members.logID, "logID"),
    logIndex: asInteger(members.logIndex, "logIndex"),
  }
}

/**
 * Opens a promise of the log with this key of type 2, whose signature `holds` verifies. Refuses `bad-signature`, `malformed`, and
 * `bad-proof` for another type of key or the promise of another log.
 */
export function openPromise(
  key: Vkey,
  { promised, signature }: PromiseLines,
  holds: SignatureRule = verifyTextSignature,
): OpenedPromise {
  if (key.type !== 2) refuse("bad-proof", "only keys of type 2 sign entry timestamps")
  const { body, integratedTime, logID, logIndex } = readPromise(promised)
  if (logID !== formatHex(digestOf("sha256", key.publicKey))) {
    refuse("bad-proof", "the promise is one of another log")
  }
  if (!holds(key, parseUtf8(promised, "promise"), signature)) {
    refuse("bad-signature", "the signature of the promise does not hold")
  }
  return { body: parseBase64(body, "promise body"), integratedTime, logIndex }
}
