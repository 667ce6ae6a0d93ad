// The write-ahead log of a database, read beside SQLite. SQLite takes no locks on this file, so a descriptor of ours
// may be closed at any time, which does not hold for the database and its -shm.
import { closeSync, openSync, readSync, statSync } from "node:fs"
import { diskTrouble, onDisk, systemCode } from "../../disk/durable-file.ts"
import { FRAME_HEADER_BYTES, frameBytes, frameOffset, HEADER_BYTES } from "./wal-format.ts"

const BYTES_AT_ONCE = 512 * 1_024

export interface WalFile {
  /** The first bytes, fewer if the file is shorter. */
  header(): Uint8Array
  /**
   * Whole frames from `first` on, each in turn until the file ends or `visit` gives false. What `visit` gets is
   * overwritten by the next ones. `most` of them are read at once.
   */
  frames(
    first: number,
    pageSize: number,
    visit: (frame: Uint8Array, index: number) => boolean,
    most?: number,
  ): void
  close(): void
}

export function walOf(database: string): string {
  return `${database}-wal`
}

/** Undefined where there is none. Throws Trouble `disk`. */
export function openWalFile(database: string): WalFile | undefined {
  const path = walOf(database)
  let descriptor: number
  try {
    descriptor = openSync(path, "r")
  } catch (reason) {
    if (systemCode(reason) === "ENOENT") return undefined
    throw diskTrouble(path, reason)
  }
  let memory = new Uint8Array(0)

  function read(into: Uint8Array, at: number): number {
    let done = 0
    onDisk(path, () => {
      while (done < into.length) {
        const got = readSync(descriptor, into, done, into.length - done, at + done)
        if (got === 0) return
        done += got
      }
    })
    return done
  }

  return {
    header() {
      const bytes = new Uint8Array(HEADER_BYTES)
      return bytes.subarray(0, read(bytes, 0))
    },
    frames(first, pageSize, visit, most = Number.POSITIVE_INFINITY) {
      const size = frameBytes(pageSize)
      const atOnce = Math.min(most, Math.max(1, Math.floor(BYTES_AT_ONCE / size)))
      if (memory.length < atOnce * size) memory = new Uint8Array(atOnce * size)
      const chunk = memory.subarray(0, atOnce * size)
      for (let index = first; ; index += atOnce) {
        const whole = Math.floor(read(chunk, frameOffset(index, pageSize)) / size)
        for (let i = 0; i < whole; i++) {
          if (!visit(chunk.subarray(i * size, (i + 1) * size), index + i)) return
        }
        if (whole < atOnce) return
      }
    },
    close: () => closeSync(descriptor),
  }
}

/** Runs `work` over the log of a database; `none` where there is no such file. */
export function withWalFile<T>(database: string, none: T, work: (file: WalFile) => T): T {
  const file = openWalFile(database)
  if (file === undefined) return none
  try {
    return work(file)
  } finally {
    file.close()
  }
}

/** The page in a frame. */
export function pageIn(frame: Uint8Array): Uint8Array {
  return frame.subarray(FRAME_HEADER_BYTES)
}

/** Whether the log of a database is long enough to have a frame. */
export function hasFrames(database: string, pageSize: number): boolean {
  const size = statSync(walOf(database), { throwIfNoEntry: false })?.size ?? 0
  return size >= frameOffset(1, pageSize)
}
