// A write-ahead log whose header SQLite cannot read, so that it would take nothing of it. Either the header was torn
// while the log was begun anew, which happens only once the database durably has all that the log had; or it rotted.
import { readDatabaseFile } from "./database-file.ts"
import { flippedInHeader } from "./flipped-bit.ts"
import type { WalBreak } from "./wal-break.ts"
import { pageIn, type WalFile } from "./wal-file.ts"
import { type FrameHeader, frameSums, parseFrameHeader, sameSums } from "./wal-format.ts"

/** Undefined if nothing is at stake. `pageSize` is that of the database. */
export function checkHeadless(
  database: string,
  file: WalFile,
  pageSize: number,
): WalBreak | undefined {
  const { commits, newest, first } = firstRun(file, pageSize)
  const bit = first && flippedInHeader(file.header(), first)
  if (bit === undefined && isKept(database, file, pageSize, newest)) return undefined
  return { frame: 0, committedBehind: commits, isRot: true, ...(bit && { bit }) }
}

interface Run {
  readonly commits: number
  /** In which frame each page of whole transactions is the newest. */
  readonly newest: ReadonlyMap<number, number>
  readonly first: Uint8Array | undefined
}

/** The first frames that go on from each other; without the header nothing tells whether the first of all is whole. */
function firstRun(file: WalFile, pageSize: number): Run {
  const newest = new Map<number, number>()
  const first: Uint8Array[] = []
  let begun: (readonly [page: number, index: number])[] = []
  let commits = 0
  let before: FrameHeader | undefined
  file.frames(0, pageSize, (frame, index) => {
    if (index === 0) first.push(new Uint8Array(frame))
    const head = parseFrameHeader(frame)
    const goesOn = before !== undefined && follows(before, frame, head)
    if (!goesOn && newest.size > 0) return false
    if (!goesOn) begun = []
    before = head
    begun.push([head.page, index])
    if (head.sizeAfter === 0) return true
    for (const [page, at] of begun) newest.set(page, at)
    begun = []
    commits += 1
    return true
  })
  return { commits, newest, first: first[0] }
}

function follows(before: FrameHeader, frame: Uint8Array, head: FrameHeader): boolean {
  return (
    sameSums(before.salts, head.salts) && sameSums(frameSums(before.sums, frame, true), head.sums)
  )
}

/** Whether the database has all pages as these frames have them. */
function isKept(database: string, file: WalFile, pageSize: number, newest: Run["newest"]): boolean {
  const page = new Uint8Array(pageSize)
  let kept = true
  file.frames(0, pageSize, (frame, index) => {
    const { page: number } = parseFrameHeader(frame)
    if (newest.get(number) !== index) return true
    const read = readDatabaseFile(database, page, (number - 1) * pageSize)
    kept = read === pageSize && Buffer.compare(page, pageIn(frame)) === 0
    return kept
  })
  return kept
}
