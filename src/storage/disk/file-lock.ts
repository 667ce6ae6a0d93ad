// A lock on an open file itself, by flock(2): whoever opens the same file meets the same lock, by whatever name, through
// a hard link, a symbolic link or a mount of it. Leaves out databases: SQLite has locks of its own, which others on the
// same file would disturb on some systems.
import { fstatSync, realpathSync } from "node:fs"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { type CLibrary, cLibrary } from "./c-library.ts"
import { onDisk } from "./durable-file.ts"
import { holdLock } from "./process-lock.ts"

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

/** Milliseconds until a file that is locked is tried again. */
const PAUSE_MS = 10

/** As {@link failureOf}, again and again for so many milliseconds, and blocks the thread meanwhile. */
function failureAfter(library: CLibrary, descriptor: number, patience: number): string | undefined {
  const end = performance.now() + patience
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const failure = failureOf(library, descriptor)
    if (!isTaken(failure) || performance.now() >= end) return failure
    Atomics.wait(pause, 0, 0, PAUSE_MS)
  }
}

function isTaken(failure: string | undefined): boolean {
  return failure === "EWOULDBLOCK" || failure === "EAGAIN"
}

/** Without locks on files, one name is all that can be told apart. */
function assertOneName(descriptor: number, path: string, why: string): void {
  const { nlink } = fstatSync(descriptor)
  if (nlink <= 1) return
  refuse(
    "unsupported",
    `${path} has ${nlink} names (hard links), and files cannot be locked on this machine (${why}): ` +
      "remove the other names",
  )
}

/**
 * Locks an open file against everyone else who locks it, this process included, until `descriptor` is closed or the
 * process ends. Waits up to `patience` milliseconds for who has it, and blocks the thread meanwhile. Refuses `conflict`
 * if it stays locked; throws trouble ("disk") where the file system has no locks. `path` and `what` name it in messages.
 * Where {@link noFileLocks} says why it cannot, it refuses `unsupported` for a file with several hard links.
 */
export function lockFile(descriptor: number, path: string, what: string, patience = 0): void {
  const library = cLibrary()
  if (typeof library === "string") {
    assertOneName(descriptor, path, library)
    return
  }
  const failure = failureAfter(library, descriptor, patience)
  if (failure === undefined) return
  if (isTaken(failure)) {
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

/**
 * The same, and the lock file beside the file's real place: releases before this one lock by name alone, and so does
 * a machine without locks on files. Gives what releases the latter; `descriptor` stays the caller's to close.
 */
export function lockByAllMeans(descriptor: number, path: string, what: string): () => void {
  lockFile(descriptor, path, what)
  const place = onDisk(path, () => realpathSync(path))
  return holdLock(`${place}.lock`, what).release
}
