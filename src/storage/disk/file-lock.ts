// A lock on an open file itself, by flock(2): whoever opens the same file has the same lock, by whatever name, through
// a hard link, a symbolic link or a mount of it. Node has no call for it, so it is made through koffi, which is loaded
// where the first file is locked. Leaves out locks on databases: SQLite has its own, which others on the same file
// would disturb on some systems.
import { createRequire } from "node:module"
import type koffiModule from "koffi"
import { refuse, Trouble } from "../../core/base/errors.ts"

type Koffi = typeof koffiModule
type Flock = (descriptor: number, operation: number) => number

interface Locking {
  readonly flock: Flock
  /** Why the last call failed. */
  readonly errno: () => number
  readonly codes: Readonly<Record<string, number>>
}

/** Of BSD, and so the same in every Unix: LOCK_EX | LOCK_NB. */
const EXCLUSIVELY_AT_ONCE = 2 | 4

function loadLocking(): Locking | string {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi
    // The functions of this process, so that it does not matter whose C library it is, and how its file is called.
    const flock = koffi.load(null).func("int flock(int, int)") as unknown as Flock
    return { flock, errno: () => koffi.errno(), codes: koffi.os.errno }
  } catch (reason) {
    const [first = ""] = String(reason instanceof Error ? reason.message : reason).split("\n")
    return first
  }
}

let loaded: Locking | string | undefined

function locking(): Locking | string {
  loaded ??= loadLocking()
  return loaded
}

/** Why files cannot be locked by what they are on this machine; undefined if they can. */
export function noFileLocks(): string | undefined {
  const found = locking()
  return typeof found === "string" ? found : undefined
}

/**
 * Locks an open file against everyone else who locks it, this process included, until `descriptor` is closed or the
 * process ends. Refuses `conflict` at once if it is locked; throws trouble ("disk") where the file system has no locks.
 * `path` and `what` name it in messages. Does nothing where {@link noFileLocks} says why.
 */
export function lockFile(descriptor: number, path: string, what: string): void {
  const found = locking()
  if (typeof found === "string") return
  const failure = failureOf(found, descriptor)
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

/** Locks; the name of the error if that fails. A signal in between is no failure. */
function failureOf({ flock, errno, codes }: Locking, descriptor: number): string | undefined {
  while (flock(descriptor, EXCLUSIVELY_AT_ONCE) !== 0) {
    const code = errno()
    const name = Object.keys(codes).find((it) => codes[it] === code) ?? `error ${code}`
    if (name !== "EINTR") return name
  }
  return undefined
}
