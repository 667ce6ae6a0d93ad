// Reads back what a writing connection has written, by descriptors of its own: a disk that says it wrote and did not
// is noticed before anything is signed, and before SQLite overwrites the only place that has the bytes. SQLite itself
// finds frames by an index in memory and verifies none of their checksums until it recovers.
import type { Database } from "better-sqlite3"
import { Trouble } from "../../../core/base/errors.ts"
import { readDatabaseFile } from "./database-file.ts"
import { PAGE_SIZE, PAGES_BETWEEN_CHECKPOINTS } from "./database-kind.ts"
import { openWalFile, pageIn, type WalFile, walOf } from "./wal-file.ts"
import {
  frameSums,
  parseFrameHeader,
  parseHeader,
  type Sums,
  sameSums,
  type WalHeader,
} from "./wal-format.ts"
import { keepWal } from "./wal-refusal.ts"

export interface ReadBack {
  /** To be called after each transaction. Throws Trouble `damaged`: then nothing may be told and the process must end. */
  committed(): void
  /** Closes the connection; leaves it open after anything was found, or closing it would move damage to the database. */
  close(): void
}

/** Frames that are read at once: most commits have fewer. */
const FRAMES_AT_ONCE = 8

interface Reached {
  readonly header: WalHeader | undefined
  /** Of the newest commit, and how many frames there are up to its end. */
  readonly sums: Sums
  readonly frames: number
  /** Pages of the database. */
  readonly sizeAfter: number
}

interface Checkpoint {
  /** Frames that the database has; less than 0 if the database is not in WAL mode. */
  readonly checkpointed: number
}

/** Follows the write-ahead log of a connection that writes; its checkpoints come once it has `frames` frames. */
export function createReadBack(
  path: string,
  connection: Database,
  { checkpointAt = PAGES_BETWEEN_CHECKPOINTS } = {},
): ReadBack {
  let file: WalFile | undefined
  let reached: Reached = { header: undefined, sums: [0, 0], frames: 0, sizeAfter: 0 }
  /** In which frame each page is the newest. */
  const newest = new Map<number, number>()
  /** Frames whose pages were found in the database. */
  let compared = 0
  let failed = false

  function fail(what: string): never {
    failed = true
    let kept: string
    try {
      kept = `a copy of ${walOf(path)} is kept as ${keepWal(path)}`
    } catch (reason) {
      kept = `no copy of ${walOf(path)} could be made: ${(reason as Error).message}`
    }
    throw new Trouble("damaged", `${path}: ${what}; nothing was signed. ${kept}. Check the disk`)
  }

  /** Goes on to the newest commit and gives how many there are. */
  function follow(): number {
    file ??= openWalFile(path)
    const header = file && parseHeader(file.header())
    if (file === undefined || header === undefined) return 0
    if (reached.header === undefined || !sameSums(reached.header.salts, header.salts)) {
      reached = { header, sums: header.sums, frames: 0, sizeAfter: 0 }
      newest.clear()
      compared = 0
    }
    return followFrames(file, header)
  }

  function followFrames(from: WalFile, header: WalHeader): number {
    let { sums } = reached
    let commits = 0
    let begun: (readonly [page: number, frame: number])[] = []
    from.frames(
      reached.frames,
      header.pageSize,
      (frame, index) => {
        const { page, sizeAfter, salts, sums: stored } = parseFrameHeader(frame)
        if (page === 0 || !sameSums(salts, header.salts)) return false
        sums = frameSums(sums, frame, header.isNative)
        if (!sameSums(sums, stored)) return false
        begun.push([page, index])
        if (sizeAfter === 0) return true
        for (const [each, at] of begun) newest.set(each, at)
        begun = []
        commits += 1
        reached = { header, sums, frames: index + 1, sizeAfter }
        return true
      },
      FRAMES_AT_ONCE,
    )
    return commits
  }

  /** The next commit may overwrite frames once the database has them all. */
  function compareDatabase(): void {
    const [row] = connection.pragma("wal_checkpoint(PASSIVE)") as readonly Checkpoint[]
    const end = Math.min(row?.checkpointed ?? 0, reached.frames)
    if (file === undefined || end <= compared) return
    const found = new Uint8Array(PAGE_SIZE)
    file.frames(compared, PAGE_SIZE, (frame, index) => {
      if (index >= end) return false
      const { page } = parseFrameHeader(frame)
      if (newest.get(page) !== index || page > reached.sizeAfter) return true
      const read = readDatabaseFile(path, found, (page - 1) * PAGE_SIZE)
      if (read < PAGE_SIZE || Buffer.compare(found, pageIn(frame)) !== 0) {
        fail(`page ${page} was written and reading it back gives something else`)
      }
      return true
    })
    compared = end
  }

  follow()
  return {
    committed() {
      const { frames } = reached
      const commits = follow()
      if (commits !== 1) {
        fail(
          `a commit was written behind frame ${frames} of its write-ahead log, and reading it back gives ` +
            `${commits === 0 ? "no whole one" : `${commits} of them`}`,
        )
      }
      if (reached.frames >= checkpointAt) compareDatabase()
    },
    close() {
      if (failed) return
      // Another connection may have written since, such as a command of an operator's.
      if (connection.open) follow()
      if (connection.open && reached.frames > 0) compareDatabase()
      file?.close()
      // A number that is closed twice may by then belong to another file.
      file = undefined
      connection.close()
    },
  }
}
