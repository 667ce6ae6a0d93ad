// Which entries are to be examined again now: those of which more is known, and those that were asked for long enough ago.
import { type DocumentReads, ofLog } from "../state/documents.ts"
import { byBlock, type Marks, markedIn } from "./marks.ts"
import { DAY, standings } from "./standing.ts"

/** Entries of one block that are due. */
interface DueBlock {
  readonly block: number
  readonly indexes: readonly number[]
}

/** Entries of a block that are due since the same time. */
interface DueGroup {
  readonly next: number
  readonly block: number
  readonly members: Marks
}

function dueGroups(documents: DocumentReads, origin: string, now: number): readonly DueGroup[] {
  return ofLog(documents, standings, origin).flatMap(([name, { groups, again }]) => {
    const block = Number(name)
    const due = groups.flatMap(({ next, members }) => {
      // A time that no pause reaches comes of a clock that was put back.
      const isDue = next !== undefined && (next <= now || next - now > DAY)
      return isDue ? [{ next, block, members }] : []
    })
    return again === undefined ? due : [{ next: 0, block, members: again }, ...due]
  })
}

/** What is to be examined again at `now`: what was marked first, then what waits longest; up to `most` entries. */
export function dueBlocks(
  documents: DocumentReads,
  origin: string,
  now: number,
  most: number,
): readonly DueBlock[] {
  const indexes = new Set<number>()
  const inOrder = dueGroups(documents, origin, now).toSorted((a, b) => a.next - b.next)
  for (const { block, members } of inOrder) {
    for (const index of markedIn(block, members)) {
      if (indexes.size < most) indexes.add(index)
    }
    if (indexes.size >= most) break
  }
  return [...byBlock(indexes, (index) => index)].map(([block, members]) => ({
    block,
    indexes: members.toSorted(ascending),
  }))
}

function ascending(a: number, b: number): number {
  return a - b
}
