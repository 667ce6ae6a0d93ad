// The file of a database, read beside SQLite. A process that closes any descriptor of it loses the locks that SQLite
// holds on it, so each is opened once and kept until the process ends.
import { fstatSync, openSync, readSync, statSync } from "node:fs"
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
