// A lock on an open file itself, by flock(2): whoever opens the same file meets the same lock, by whatever name, through
// a hard link, a symbolic link or a mount of it. Leaves out databases: SQLite has locks of its own, which others on the
// same file would disturb on some systems.
import { refuse, Trouble } from "../../core/base/errors.ts"
import { type CLibrary, cLibrary } from "./c-library.ts"

/** The same in every Unix: LOCK_EX | LOCK_NB. */
const EXCLUSIVELY_AT_ONCE = 2 | 4

/** Why files cannot be locked by what they are on this machine; undefined if they can. */
export function noFileLocks(): string | undefined {
  const library = cLibrary()
  return typeof library === "string" ? library : undefined
}

/** Locks; the name of the error if that fails. A signal in between is no failure. */
function failureOf({ flock, errno }: CLibrary, descriptor: number): string | undefined {
  while (flock(descriptor, EXCLUSIVELY_AT_ONCE) !== 0) {
    const name = errno()
    if (name !== "EINTR") return name
  }
  return undefined
}

/**
 * Locks an open file against everyone else who locks it, this process included, until `descriptor` is closed or the
 * process ends. Refuses `conflict` at once if it is locked; throws trouble ("disk") where the file system has no locks.
 * `path` and `what` name it in messages. Does nothing where {@link noFileLocks} says why.
 */
export function lockFile(descriptor: number, path: string, what: string): void {
  const library = cLibrary()
  if (typeof library === "string") return
  const failure = failureOf(library, descriptor)
  if (failure === undefined) return
  if (failure === "EWOULDBLOCK" || failure === "EAGAIN") {
    refuse(
      "conflict",
      `${what} is in use by another process, perhaps under another name; stop that one first, or use another one`,
    )
  }
  throw new Trouble(
    "disk",
    `${path}: expected to lock it with flock(2), found ${failure}; put it on a file system that has locks`,
  )
}
