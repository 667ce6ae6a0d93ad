// Heads that others hold under this log's own key, judged against the log's own tree: a head that the tree
// does not have means that an older copy of the log was put in place, or that somebody else signs with its
// key. Nobody can make this log stop without a signature by that key.
import { equalBytes } from "../core/base/bytes.ts"
import { refuse, unlessRefused } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { openCheckpoint } from "../core/note/checkpoint.ts"
import type { Vkey } from "../core/note/note.ts"
import type { Origin } from "../core/note/origin.ts"
import type { Hash, Head } from "../core/tree/hash.ts"
import type { Log, SignedHead } from "./ports/log.ts"

/** The head in a note, if a key of this log signed it; undefined for anything else. */
export function openHeld(
  note: string,
  origin: Origin,
  vkeys: readonly Vkey[],
): SignedHead | undefined {
  return unlessRefused(() => {
    const { size, root } = openCheckpoint(note, vkeys, origin)
    return { size, root, checkpoint: note }
  })
}

export function sameHead(a: Head, b: Head): boolean {
  return a.size === b.size && equalBytes(a.root, b.root)
}

export function shownHead(head: Head): string {
  return `size ${head.size} with root ${formatHex(head.root)}`
}

/** Refuses `conflict` if the stored tree does not begin with the tree of one of these heads. */
export async function assertHeldHeads(
  held: readonly Head[],
  stored: Head,
  rootAt: (size: number) => Promise<Hash>,
): Promise<void> {
  for (const head of held) {
    if (head.size > stored.size) {
      refuse(
        "conflict",
        `the database is at ${shownHead(stored)}, but others hold ${shownHead(head)} under this ` +
          `log's key: an older copy of the database was put in place. Signing on would fork the ` +
          `log, so nothing was signed. Bring back the newer database, or start a new log under a ` +
          `new origin`,
      )
    }
    const root = await rootAt(head.size)
    if (equalBytes(root, head.root)) continue
    refuse(
      "conflict",
      `others hold ${shownHead(head)} under this log's key, but the database has the root ` +
        `${formatHex(root)} at that size: the log was forked, by an older copy that went on or by ` +
        `somebody who has its key. Nothing was signed. Find the database that has this head`,
    )
  }
}

/** Two notes under the log's key that one log cannot have made; `own` is the one that this log stands by. */
export interface Contradiction {
  readonly held: string
  readonly own: string
  /** For a smaller `held`: the root of `own` at that size, and the consistency proof from there. */
  readonly proof?: { readonly implied: Hash; readonly hashes: readonly Hash[] }
  /** For operators. */
  readonly reason: string
}

/** What the log has of its own tree. */
type OwnTree = Pick<Log, "head" | "rootAt" | "consistency">

/** How a head that a key of this log signed contradicts the log's own tree; undefined if it does not. */
export async function contradictionOf(
  held: SignedHead,
  tree: OwnTree,
): Promise<Contradiction | undefined> {
  const own = tree.head()
  const notes = { held: held.checkpoint, own: own.checkpoint }
  const found = `a note over ${shownHead(held)} under this log's key`
  if (held.size > own.size) {
    return { ...notes, reason: `there is ${found}, but this log is at ${shownHead(own)}` }
  }
  const implied = await tree.rootAt(held.size)
  if (equalBytes(implied, held.root)) return undefined
  const reason = `there is ${found}, but its root at that size is ${formatHex(implied)}`
  if (held.size === 0 || held.size === own.size) return { ...notes, reason }
  return {
    ...notes,
    proof: { implied, hashes: await tree.consistency(held.size, own.size) },
    reason,
  }
}
