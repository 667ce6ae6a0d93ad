// Several signed heads as one text: checkpoint notes one after the other, as verifiers keep them in a file
// and exchange them with a monitor. Needs no separator, because a checkpoint has no empty line before its
// signatures and no log is named like the beginning of a signature line.
import { refuse } from "../base/errors.ts"
import { LONGEST_HEAD_LIST } from "../base/limits.ts"
import { parsePlainText } from "../base/text.ts"
import { type CheckpointText, parseCheckpointText } from "./checkpoint.ts"
import { type Note, parseNote } from "./note.ts"

/** A note and what it says, before any signature is looked at. */
export interface ListedHead {
  readonly text: string
  readonly note: Note
  readonly head: CheckpointText
}

const SIGNATURE = "— "

/** Where the note that begins at `start` ends: after the last signature line below its empty line. */
function endOfNote(list: string, start: number): number {
  const blank = list.indexOf("\n\n", start)
  let end = blank < 0 ? -1 : blank + 2
  while (end >= 0 && list.startsWith(SIGNATURE, end)) {
    const lineFeed = list.indexOf("\n", end)
    if (lineFeed < 0) return list.length
    end = lineFeed + 1
  }
  return end < 0 ? list.length : end
}

/**
 * Reads a list of up to `most` notes, in their order. Refuses `malformed` if any of them is no checkpoint,
 * `too-large` above 1 MiB or for more notes.
 */
export function parseHeadList(input: Uint8Array | string, most: number): readonly ListedHead[] {
  const list = parsePlainText(input, LONGEST_HEAD_LIST, "head list")
  const heads: ListedHead[] = []
  for (let start = 0; start < list.length; ) {
    if (heads.length === most) refuse("too-large", `head list: expected up to ${most} notes`)
    const end = endOfNote(list, start)
    const text = list.slice(start, end)
    const note = parseNote(text)
    heads.push({ text, note, head: parseCheckpointText(note.text) })
    start = end
  }
  return heads
}

export function formatHeadList(heads: readonly Pick<ListedHead, "text">[]): string {
  return heads.map(({ text }) => text).join("")
}
