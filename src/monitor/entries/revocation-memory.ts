// Which keys a log's own entries have revoked, and from which index on. What a stranger's key revokes is
// remembered as well, up to a bound, because the key may be watched later.
import { collection } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, optional } from "../state/schema.ts"

/** A key that is revoked by an entry. */
export interface RememberedRevocation {
  /** The lowest index of an entry that revokes it. */
  readonly index: number
  /** The first entry behind it that was told of, if the key is not watched. */
  readonly toldAt?: number
}

/** Keys of nobody who is watched that are remembered of one log. */
export const MOST_STRANGERS = 10_000

/** By origin and key. */
export const revocations = collection(
  "revocation",
  message<RememberedRevocation>({ index: integer, toldAt: optional(integer) }),
)

export function rememberedRevocation(
  documents: DocumentReads,
  origin: string,
  key: string,
): RememberedRevocation | undefined {
  return documents.get(revocations, `${origin} ${key}`)
}

export function rememberRevocation(
  documents: Documents,
  origin: string,
  key: string,
  revocation: RememberedRevocation,
): void {
  documents.put(revocations, `${origin} ${key}`, revocation)
}

/** How many keys of this log are remembered. */
export function countRevocations(documents: DocumentReads, origin: string): number {
  return documents.keys(revocations, `${origin} `).length
}
