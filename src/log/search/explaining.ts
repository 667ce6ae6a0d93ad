// What it takes to explain an entry: the hash of its `digest` or `payload` term, by which a message is found that was
// attached to it or to any other entry with that digest. Taken from the hashes of the entry's terms, of which the
// first two are its kind and that digest (entry/search-terms.ts), so that no body is read for it again.
import type { TreeHasher } from "../../core/tree/hash.ts"
import { entryKinds, kindNames } from "../../entry/kind-names.ts"
import type { MessageKeys } from "../ports/search.ts"
import { TERM_BYTES, termHash } from "./hash.ts"
import { type TermKey, termKeyAt } from "./segment.ts"

export interface Explainable {
  readonly key: Uint8Array
  /** The entry is about an envelope's payload, and is no more opaque if its envelope is kept. */
  readonly isPayload: boolean
}

/** Undefined for an entry whose body gives nothing, which no message explains. */
type ExplainableReader = (terms: Uint8Array) => Explainable | undefined

const envelopes: ReadonlySet<string> = new Set(["dsse", "intoto"])

export function createExplainableReader(hasher: TreeHasher): ExplainableReader {
  const kinds = new Map<TermKey, boolean>()
  for (const kind of kindNames) {
    for (const version of entryKinds[kind]) {
      const hash = termHash({ name: "kind", value: `${kind}:${version}` }, hasher)
      kinds.set(termKeyAt(hash, 0), envelopes.has(kind))
    }
  }
  return (terms) => {
    if (terms.length < 2 * TERM_BYTES) return undefined
    const isPayload = kinds.get(termKeyAt(terms, 0))
    if (isPayload === undefined) return undefined
    return { key: terms.slice(TERM_BYTES, 2 * TERM_BYTES), isPayload }
  }
}

/** By which entries with this digest are found. */
export function messageKeys(digest: string, hasher: TreeHasher): MessageKeys {
  return {
    digest: termHash({ name: "digest", value: digest }, hasher),
    payload: termHash({ name: "payload", value: digest }, hasher),
  }
}
