// Where faults can be put: each call by which a recorded run touched its files, by its name, the file, and the how-many-th
// of its kind it was in its thread, as strace counts.
import { join, relative, resolve } from "node:path"
import { descriptorOf, readCalls, type SystemCall } from "../recording/system-calls.ts"

export interface Occurrence {
  readonly call: string
  /** In the folder of the run; empty for the folder itself. */
  readonly file: string
  readonly nth: number
}

/** A fault, as strace puts it in. */
export interface Fault {
  readonly name: string
  readonly inject: string
}

export interface Injection extends Occurrence {
  readonly fault: Fault
}

const EIO = { name: "EIO", inject: "error=EIO" }
const ENOSPC = { name: "ENOSPC", inject: "error=ENOSPC" }
const EINTR = { name: "EINTR", inject: "error=EINTR" }
const KILL = { name: "KILL", inject: "signal=KILL" }
/** The call is skipped and a part of it is said to be done: a disk that lies. */
const SHORT = { name: "short", inject: "retval=10" }
const NOTHING = { name: "nothing", inject: "retval=0" }

const faults: Readonly<Record<string, readonly Fault[]>> = {
  openat: [EIO, ENOSPC, EINTR, KILL],
  pwrite64: [EIO, ENOSPC, EINTR, NOTHING, KILL, SHORT],
  write: [EIO, ENOSPC, EINTR, NOTHING, KILL, SHORT],
  writev: [EIO, ENOSPC, KILL],
  fsync: [EIO, ENOSPC, EINTR, KILL],
  fdatasync: [EIO, ENOSPC, EINTR, KILL],
  ftruncate: [EIO, ENOSPC, EINTR, KILL],
  rename: [EIO, ENOSPC, KILL],
  unlink: [EIO, KILL],
  link: [EIO, ENOSPC, KILL],
  mkdir: [EIO, ENOSPC, KILL],
}

function pathOf({ words, strings, name }: SystemCall): string {
  const first = descriptorOf(words)
  if (name === "openat") return resolve(first.path, (strings[0] ?? "").toString())
  const isNamed = /^(rename|unlink|link|mkdir)$/.test(name)
  return isNamed ? (strings[0] ?? "").toString() : first.path
}

/** Each occurrence in a trace of calls on files below `folder`, once. */
export async function readOccurrences(trace: string, folder: string): Promise<Occurrence[]> {
  const counts = new Map<string, number>()
  const found = new Map<string, Occurrence>()
  await readCalls(trace, (call) => {
    if (faults[call.name] === undefined) return
    const path = pathOf(call)
    if (path !== folder && !path.startsWith(`${folder}/`)) return
    const file = relative(folder, path)
    const key = `${call.thread} ${call.name} ${file}`
    const nth = (counts.get(key) ?? 0) + 1
    counts.set(key, nth)
    found.set(`${call.name} ${file} ${nth}`, { call: call.name, file, nth })
  })
  return [...found.values()]
}

export function injectionsOf(occurrences: readonly Occurrence[]): Injection[] {
  return occurrences.flatMap((occurrence) =>
    (faults[occurrence.call] ?? []).map((fault) => ({ ...occurrence, fault })),
  )
}

/** The words that put a fault into a run below `folder`; strace writes to `said` what it did. */
export function injecting(
  folder: string,
  { call, file, nth, fault }: Injection,
  said: string,
): readonly string[] {
  const path = file === "" ? folder : join(folder, file)
  const inject = `inject=${call}:${fault.inject}:when=${nth}`
  const quiet = ["strace", "-f", "-qq", "-s", "0", "-o", said, "-e", "signal=none"]
  return [...quiet, "-P", path, "-e", `trace=${call}`, "-e", inject]
}

/**
 * Whether the disk lies in a place where nobody can know better: what was written to a write-ahead log is read back before
 * anyone is told of it, but a database that takes over what is in there is trusted. Then it is enough if what is not there
 * is refused by name, and never shown as if it were.
 */
export function mayRefuse({ fault, file }: Injection): boolean {
  return (fault === SHORT || fault === NOTHING) && !file.endsWith("-wal")
}

export function placeOf({ call, file, nth, fault }: Injection): string {
  return `${fault.name} at ${call} ${nth} of ${file === "" ? "the folder" : file}`
}
