// Which terms of an entry its body says, and which are kept beside it. A body says its kind and the digests it is
// about, and a bare key can be read from it. Whatever a certificate or a statement gives is kept: a certificate
// is slow to read again, and of a statement the body has only a digest.
import { Refusal } from "../../core/base/errors.ts"
import { messageTerms } from "../message-terms.ts"
import { termsOf } from "../search-terms.ts"
import type { Term, TermName } from "../term.ts"
import { createVerifierKeyCache, type VerifierKey } from "../verifier-key.ts"
import type { RecordedKeys } from "./kind.ts"
import { readRecordedPem } from "./recorded.ts"
import { readRecorded } from "./summary.ts"

interface BodyTerms {
  readonly terms: readonly Term[]
  /** The entry has terms that its body cannot say. */
  readonly needsSide: boolean
}

const nothing: BodyTerms = { terms: [], needsSide: false }
const said: ReadonlySet<TermName> = new Set(["kind", "digest", "payload"])
const mustBeKept: ReadonlySet<TermName> = new Set(["payload", "identity", "issuer"])

const nobody: VerifierKey = {
  form: "publicKey",
  der: new Uint8Array(0),
  spki: new Uint8Array(0),
  keyType: "ed25519",
}
const unread: RecordedKeys = { der: () => nobody, pem: () => nobody }

/** Of each form the last `limit` keys or so. */
function cachedKeys(limit: number): RecordedKeys {
  const known = new Map<string, VerifierKey>()
  return {
    der: createVerifierKeyCache(limit),
    pem(content) {
      const key = known.get(content) ?? readRecordedPem(content)
      if (known.size >= limit) known.clear()
      known.set(content, key)
      return key
    },
  }
}

/** Which of the terms of a proposal are to be kept; undefined if the body has them all. */
export function besideBody(terms: readonly Term[]): readonly Term[] | undefined {
  if (!terms.some(({ name }) => mustBeKept.has(name))) return undefined
  return terms.filter(({ name }) => !said.has(name))
}

interface EntryTermReader {
  /** What an attached message says; never throws. */
  ofMessage(message: Uint8Array): readonly Term[]
  ofBody(body: Uint8Array, hasSide: boolean): BodyTerms
  besideBody(terms: readonly Term[]): readonly Term[] | undefined
}

/** Remembers the last `cachedKeys` keys that it reads from bodies, some 12 KB each at most. */
export function createEntryTerms(keysToCache: number): EntryTermReader {
  const keys = cachedKeys(keysToCache)
  return {
    besideBody,
    ofMessage: messageTerms,
    ofBody(body, hasSide) {
      try {
        const { kind, parts } = readRecorded(body, hasSide ? unread : keys)
        const { digest, payload, signatures } = parts
        if (kind === undefined || signatures.length === 0) return nothing
        const terms = termsOf({
          kind: kind.kind,
          version: kind.version,
          keys: hasSide ? [] : signatures.map(({ key }) => key),
          digest,
          payload,
        })
        return { terms, needsSide: payload !== undefined }
      } catch (error) {
        // What no kind of entry has written can be found by nothing but what is kept.
        if (error instanceof Refusal) return nothing
        throw error
      }
    },
  }
}
