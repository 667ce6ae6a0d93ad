// What is signed by a key behind its revocation is `after-revocation`; the order is that of the log's entries, never of
// time, because whoever has a stolen key has its dates as well. Told of only where the key, the signer or the subject is
// watched: anyone may revoke a key of his own and sign again. What a stranger's key revokes is remembered all the same,
// up to a bound, because the key may be watched later.
import { originWord } from "../../core/note/origin.ts"
import { collection } from "../state/collection.ts"
import type { Documents } from "../state/documents.ts"
import { integer, message, optional } from "../state/schema.ts"
import type { Examination } from "./reading.ts"
import type { Remark } from "./remark.ts"
import type { WatchIndex } from "./watch-index.ts"

/** Keys of nobody who is watched that are remembered of one log. */
const MOST_STRANGERS = 10_000

/** Keys that entries revoke, by origin and key. */
export const revocations = collection(
  "revocation",
  message({
    /** The lowest index of an entry that revokes it. */
    index: integer,
    /** Written by earlier versions, which told of one entry by a key that nobody watches. */
    toldAt: optional(integer),
  }),
)

interface RevocationRemarks {
  readonly remarks: readonly Remark[]
  /** Whether a key of nobody who is watched signed behind its revocation. */
  readonly isPassedOver: boolean
}

const nothing: RevocationRemarks = { remarks: [], isPassedOver: false }

export function createRevocationRule(origin: string, watch: WatchIndex) {
  /** Keys that an entry revokes; most logs have none. */
  let revoked: Set<string> | undefined
  let strangers = 0

  const placeOf = (key: string): string => `${originWord(origin)} ${key}`

  function revokedKeys(documents: Documents): Set<string> {
    if (revoked !== undefined) return revoked
    const keys = documents.keys(revocations, `${originWord(origin)} `)
    strangers = keys.length
    revoked = new Set(keys.map((key) => key.slice(originWord(origin).length + 1)))
    return revoked
  }

  /** Behind an entry, which can be proven. */
  function behindEntry({ index, payload }: Examination, key: string, other: number): Remark {
    const summary = `entry ${index} is signed by ${key}, which entry ${other} has revoked`
    const evidenceKind = "signed-after-revocation"
    const proof = { other, evidenceKind, payload: payload?.payload } as const
    return { kind: "after-revocation", watched: key, summary, ...proof }
  }

  /** Behind an index that only the watch file knows. */
  function behindIndex(index: number, key: string): readonly Remark[] {
    const from = watch.revokedAt(key, origin)
    if (from === undefined || index <= from) return []
    const summary = `entry ${index} is signed by ${key}, which is revoked from entry ${from} on`
    return [{ kind: "after-revocation", watched: key, summary }]
  }

  return {
    /** Remembers that the entry at `index` revokes the key; its signature holds. */
    remember({ index }: Examination, key: string, documents: Documents): void {
      const keys = revokedKeys(documents)
      const known = documents.get(revocations, placeOf(key))
      if (known !== undefined && known.index <= index) return
      if (known === undefined && !watch.isKnownKey(key)) {
        if (strangers >= MOST_STRANGERS) return
        strangers += 1
      }
      keys.add(key)
      documents.put(revocations, placeOf(key), { ...known, index })
    },
    /** `isWatched` says whether a rule of the watch file is about the entry. */
    judge(entry: Examination, isWatched: boolean, documents: Documents): RevocationRemarks {
      const { index, facts } = entry
      const known = revokedKeys(documents)
      const isIdle = known.size === 0 && !watch.hasRevocations
      if (isIdle) return nothing
      const remarks: Remark[] = []
      let isPassedOver = false
      for (const key of new Set(facts.signers.map((signer) => signer.key))) {
        const at = known.has(key) ? documents.get(revocations, placeOf(key))?.index : undefined
        if (at === undefined || at >= index) remarks.push(...behindIndex(index, key))
        else if (isWatched || watch.isKnownKey(key)) remarks.push(behindEntry(entry, key, at))
        else isPassedOver = true
      }
      return { remarks, isPassedOver }
    },
  }
}
