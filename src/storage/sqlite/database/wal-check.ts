// Checks a write-ahead log of SQLite's to the end of its file. Recovery takes the frames before the first broken one
// and drops all that follow, without a word: this tells the end of what was written from rot in the middle of it.
//
// A commit is durable before the next one begins (synchronous=FULL), so that a loss of power can only break the
// newest transaction. What it leaves is dropped by right. Rot it is
// - if a frame goes on from a commit that lies at or behind the break, or
// - if one flipped bit explains the break, or
// - if the header is broken and the database does not have what the frames behind it have.
// Whether anything else that is broken was ever acknowledged, only a guard can tell.
import { statSync } from "node:fs"
import { type Bit, flippedInFrame, isInSums } from "./flipped-bit.ts"
import { checkHeadless } from "./headless-wal.ts"
import type { WalBreak } from "./wal-break.ts"
import { type WalFile, withWalFile } from "./wal-file.ts"
import {
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameOffset,
  frameSums,
  parseFrameHeader,
  parseHeader,
  type Sums,
  sameSums,
  type WalHeader,
} from "./wal-format.ts"

export interface WalCheck {
  /** Whole frames, up to the end or to the break, and the commits among them. */
  readonly frames: number
  readonly commits: number
  readonly broken?: WalBreak
  /** Why it cannot be the log of the database beside it. */
  readonly foreign?: string
}

const NOTHING: WalCheck = { frames: 0, commits: 0 }

/** The page of SQLite's locks, which is never written. */
const LOCKS_AT = 2 ** 30

/**
 * Reads all of the log of a database, which other processes may be writing; changes nothing. `pageSize` is that of the
 * database. Throws Trouble `disk`.
 */
export function checkWal(database: string, pageSize: number): WalCheck {
  return withWalFile(database, NOTHING, (file) => {
    const header = parseHeader(file.header())
    if (header === undefined) {
      const broken = checkHeadless(database, file, pageSize)
      return { ...NOTHING, ...(broken && { broken }) }
    }
    const { found, pages, sizeAfter } = walk(file, header)
    if (found.commits === 0) return found
    if (header.pageSize !== pageSize) {
      return { ...found, foreign: `it has pages of ${header.pageSize} bytes, expected ${pageSize}` }
    }
    const missing = missingPage(database, pages, sizeAfter, pageSize)
    if (missing === undefined) return found
    return { ...found, foreign: `page ${missing} is neither in it nor in the database` }
  })
}

/** A page that was written before this log began and that the database beside it does not have. */
function missingPage(
  database: string,
  pages: ReadonlySet<number>,
  sizeAfter: number,
  pageSize: number,
): number | undefined {
  for (let page = Math.floor(statSync(database).size / pageSize) + 1; page <= sizeAfter; page++) {
    if (!pages.has(page) && page !== LOCKS_AT / pageSize + 1) return page
  }
  return undefined
}

interface Walk {
  readonly found: WalCheck
  /** The pages in whole transactions, and how many pages the database has after the last one. */
  readonly pages: ReadonlySet<number>
  readonly sizeAfter: number
}

function walk(file: WalFile, header: WalHeader): Walk {
  const { pageSize, salts, isNative } = header
  let { sums } = header
  let frames = 0
  let commits = 0
  let sizeAfter = 0
  const pages = new Set<number>()
  let begun: number[] = []
  const behind: Behind[] = []
  file.frames(0, pageSize, (frame, index) => {
    const head = parseFrameHeader(frame)
    if (behind.length === 0 && sameSums(head.salts, salts) && head.page > 0) {
      const computed = frameSums(sums, frame, isNative)
      if (sameSums(computed, head.sums)) {
        sums = computed
        frames += 1
        begun.push(head.page)
        if (head.sizeAfter === 0) return true
        for (const page of begun) pages.add(page)
        begun = []
        commits += 1
        sizeAfter = head.sizeAfter
        return true
      }
    }
    if (behind.length === 0) behind.push(lookBehind(index, new Uint8Array(frame), sums, header))
    behind[0]?.add(frame, head, index)
    return true
  })
  const broken = behind[0]?.end()
  return { found: { frames, commits, ...(broken && { broken }) }, pages, sizeAfter }
}

interface Behind {
  add(frame: Uint8Array, head: FrameHeader, index: number): void
  /** Undefined if all that follows the last whole frame is left from before the log was begun anew. */
  end(): WalBreak | undefined
}

/** Looks at the broken frame `first`, behind one with the sums `before`, and at all frames behind it. */
function lookBehind(first: number, broken: Uint8Array, before: Sums, header: WalHeader): Behind {
  const { salts, isNative, pageSize } = header
  let bits: readonly Bit[] = flippedInFrame(broken, before, header)
  // Sums that the next frame may go on from: if they themselves are what is broken, those that they should be.
  const computed = frameSums(before, broken, isNative)
  let ends: readonly Sums[] = []
  let endsCommit = false
  let isFollowed = false
  let isCurrent = bits.length > 0
  let committedBehind = 0
  return {
    add(frame, head, index) {
      const isFirst = index === first
      const isOurs = sameSums(head.salts, salts) || (isFirst && bits.length > 0)
      const goesOnFrom = isOurs
        ? ends.find((end) => sameSums(frameSums(end, frame, isNative), head.sums))
        : undefined
      const goesOn = goesOnFrom !== undefined
      // What the next frame goes on from are the sums as they were.
      if (goesOn && ends.length > 1) {
        bits = bits.filter((bit) => isInSums(bit) === sameSums(goesOnFrom, computed))
      }
      isCurrent ||= isOurs
      isFollowed ||= goesOn && endsCommit
      endsCommit = isOurs && head.sizeAfter > 0
      if (endsCommit && (isFirst || goesOn)) committedBehind += 1
      ends = isFirst && !sameSums(head.sums, computed) ? [head.sums, computed] : [head.sums]
    },
    end() {
      if (!isCurrent) return undefined
      const [bit] = bits
      const at = bit && { bit: bit.bit, byte: frameOffset(first, pageSize) + bit.byte }
      const isKnown = bits.length === 1 && at !== undefined
      // A loss of power between the header of a frame and its page leaves what was there before, which may differ by
      // one bit. With no commit at or behind it nobody was told of that transaction.
      const mayBeTorn =
        committedBehind === 0 && bits.every(({ byte }) => byte >= FRAME_HEADER_BYTES)
      const isRot = isFollowed || (bits.length > 0 && !mayBeTorn)
      return { frame: first + 1, committedBehind, isRot, ...(isKnown && { bit: at }) }
    },
  }
}
