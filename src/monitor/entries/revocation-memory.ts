// Which keys a log's own entries have revoked, and from which index on. What a stranger's key revokes is
// remembered as well, up to a bound, because the key may be watched later.
import { asInteger, optional } from "../../core/base/json-value.ts"
import { formatDocument, parseDocument } from "../state/document-json.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"

/** A key that is revoked by an entry. */
export interface RememberedRevocation {
  /** The lowest index of an entry that revokes it. */
  readonly index: number
  /** The first entry behind it that was told of, if the key is not watched. */
  readonly toldAt?: number
}

/** Keys of nobody who is watched that are remembered of one log. */
export const MOST_STRANGERS = 10_000

function place(origin: string, key: string): string {
  return `${origin} ${key}`
}

export function rememberedRevocation(
  documents: DocumentReads,
  origin: string,
  key: string,
): RememberedRevocation | undefined {
  const text = documents.get("revocation", place(origin, key))
  if (text === undefined) return undefined
  const what = "revocation"
  const { index, toldAt } = parseDocument(text, what, ["index", "toldAt"])
  const told = optional(toldAt, (value) => asInteger(value, what))
  return { index: asInteger(index, what), ...(told !== undefined && { toldAt: told }) }
}

export function rememberRevocation(
  documents: Documents,
  origin: string,
  key: string,
  { index, toldAt }: RememberedRevocation,
): void {
  documents.put("revocation", place(origin, key), formatDocument({ index, toldAt }))
}

/** How many keys of this log are remembered. */
export function countRevocations(documents: DocumentReads, origin: string): number {
  const all = documents.list("revocation")
  return all.filter(([key]) => key.startsWith(`${origin} `)).length
}
