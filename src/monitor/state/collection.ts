// Collections of what the monitor remembers: a kind of document, which of its keys are meant, and a schema. A
// collection is declared once, by the room that owns it; documents are read and written through it only.
import { refuse, shown } from "../../core/base/errors.ts"
import { parseJson } from "../../core/base/json-value.ts"
import { canonicalText } from "../../entry/canonical-json.ts"
import type { Schema } from "./schema.ts"

/**
 * `policy`: the pinned policy file. `log`: a followed log, by origin. `gap`: an entry bundle that
 * could not be read in full and is asked for again. `head`: the newest head of a vantage point.
 * `witness`: the newest cosignature of a witness. `cosigned`: cosigned heads as time went by.
 * `pending-head`: a signed head that the tree does not reach yet. `suspicion`: what may heal.
 * `finding`, `evidence`: by their IDs. `alert`: what is still to be delivered. `claim`, `revocation`:
 * what entries said. `promise`: receipts that are still to be kept. `expectation`: what was shipped
 * and must appear. `canary`: the monitor's own test entries. `inbox`: heads posted by verifiers. `standing`:
 * entries that are not understood. `rescan`: how far a log is judged by the present watch file. `sighting`: where
 * what is watched was found. `feed`: how far a log's list of messages was read.
 * `tags`: digests of the blocks of tags.
 * `opaque`: of which entries nobody could say what they are about. `alias`: heads under the log's other names.
 */
export type DocumentKind =
  | "policy"
  | "log"
  | "gap"
  | "head"
  | "witness"
  | "cosigned"
  | "pending-head"
  | "suspicion"
  | "finding"
  | "evidence"
  | "alert"
  | "claim"
  | "revocation"
  | "promise"
  | "expectation"
  | "canary"
  | "inbox"
  | "standing"
  | "rescan"
  | "sighting"
  | "feed"
  | "opaque"
  | "alias"
  | "tags"

/** Which keys of a kind belong to a collection; all of them by default. */
interface CollectionKeys {
  /** What all keys of the documents begin with; rooms name a document by what follows. */
  readonly under: string
  /** What no key begins with, because another collection has those. */
  readonly besides?: string
}

/** Documents of one form; `Value` is what they hold. */
export interface Collection<Value> extends CollectionKeys {
  readonly kind: DocumentKind
  /** Refuses `malformed` or `too-large` for a text that {@link format} did not write, naming the document. */
  parse(text: string, key: string): Value
  /** The one text of a value; strings in it must be well-formed. */
  format(value: Value): string
}

/** What the documents of a collection hold. */
export type ValueOf<Of> = Of extends Collection<infer Value> ? Value : never

/** In UTF-16 units; no document but evidence is ever near it. */
const LONGEST_DOCUMENT = 1_048_576

/** Documents in canonical JSON (RFC 8785). */
export function collection<Value>(
  kind: DocumentKind,
  schema: Schema<Value>,
  keys: CollectionKeys = { under: "" },
): Collection<Value> {
  function format(value: Value): string {
    return canonicalText(schema.write(value))
  }
  return {
    kind,
    ...keys,
    format,
    parse(text, key) {
      const what = `${kind} ${shown(key)}`
      const value = schema.read(parseJson(text, what, LONGEST_DOCUMENT), what)
      if (format(value) === text) return value
      return refuse(
        "malformed",
        `${what}: expected canonical JSON as this program writes it, found ${shown(text)}`,
      )
    },
  }
}

/** Documents that are whole texts of another form: policies, evidence. */
export function textCollection(
  kind: DocumentKind,
  keys: CollectionKeys = { under: "" },
): Collection<string> {
  return { kind, ...keys, parse: (text) => text, format: (text) => text }
}
