// The file of a database, read beside SQLite. A process that closes any descriptor of it loses the locks that SQLite
// holds on it, so each is opened once and kept until the process ends.
import { fstatSync, openSync, readSync, statSync } from "node:fs"
import { cLibrary } from "../../disk/c-library.ts"
import { onDisk } from "../../disk/durable-file.ts"

interface Kept {
  readonly descriptor: number
  readonly inode: number
}

const kept = new Map<string, Kept>()

/** Reads bytes of a database file; gives how many there were. Throws Trouble `disk`. */
export function readDatabaseFile(path: string, into: Uint8Array, at: number): number {
  return onDisk(path, () => readSync(descriptorOf(path), into, 0, into.length, at))
}

function descriptorOf(path: string): number {
  const known = kept.get(path)
  if (known !== undefined && known.inode === statSync(path).ino) return known.descriptor
  const descriptor = openSync(path, "r")
  kept.set(path, { descriptor, inode: fstatSync(descriptor).ino })
  return descriptor
}

/** The bytes that each connection of SQLite's locks shared, and the one that closes last locks for itself alone. */
const SHARED_FIRST = 0x4000_0002
const SHARED_SIZE = 510

/**
 * From now on until the process ends, whichever connection is closed last, of whatever thread or process, moves nothing
 * of the write-ahead log into the database and leaves its file; also the end of a thread or of the process closes them.
 * Gives whether it holds: it needs locks that belong to an open file, which Linux has.
 */
export function keepLogBeside(path: string): boolean {
  const library = cLibrary()
  if (typeof library === "string") return false
  return (
    library.shareBytes(
      onDisk(path, () => descriptorOf(path)),
      SHARED_FIRST,
      SHARED_SIZE,
    ) === 0
  )
}
