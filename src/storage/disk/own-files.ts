// Whether the files that a server lives by are its own: nobody else can write them, and it can. Looked at before
// anything is opened. Whoever can write a guard, a database or a key can roll a log back or sign for it. Leaves out
// Windows, and access lists, which modes do not show.
import { accessSync, constants, type Stats, statSync } from "node:fs"
import { dirname } from "node:path"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { onDisk, systemCode } from "./durable-file.ts"

interface OwnFiles {
  /** The data directory. */
  readonly data: string
  /** What is written in it and elsewhere; what is not there yet is left out. */
  readonly written: readonly string[]
  /** Keys: a look at who owns them, as reading them looks at the rest. */
  readonly keys: readonly string[]
  /** Only remarks where everyone may write: for a log that is only tried. */
  readonly isTrial?: boolean | undefined
}

const ROOT = 0
const OTHERS_WRITE = 0o002
const GROUP_WRITES = 0o020
/** In such a folder, only who owns a file may rename or delete it. */
const STICKY = 0o1000

interface Found {
  readonly path: string
  readonly stats: Stats
}

function lookAt(paths: readonly string[]): readonly Found[] {
  return [...new Set(paths)].flatMap((path) => {
    const stats = onDisk(path, () => statSync(path, { throwIfNoEntry: false }))
    return stats === undefined ? [] : [{ path, stats }]
  })
}

function isOpenToAll({ stats }: Found): boolean {
  if ((stats.mode & OTHERS_WRITE) === 0 || stats.isCharacterDevice()) return false
  return !(stats.isDirectory() && (stats.mode & STICKY) !== 0)
}

const named = (found: readonly Found[]): string => found.map(({ path }) => path).join(" ")

/** Refuses `untrusted` for what belongs to a user who is neither this one, nor root, nor the data directory's. */
function assertOwners(found: readonly Found[], own: number, dataOwner: number): void {
  const trusted = new Set([own, ROOT, dataOwner])
  const foreign = found.find(({ stats }) => !trusted.has(stats.uid))
  if (foreign === undefined) return
  const { path, stats } = foreign
  refuse(
    "untrusted",
    `${path} belongs to the user ${stats.uid}, who can change it; expected the user ${own}, who runs this. ` +
      `Make sure that it is what it should be, then run: chown ${own} ${path}`,
  )
}

function assertWritable(path: string, own: number, mode: number): void {
  try {
    accessSync(path, mode)
  } catch (cause) {
    const code = systemCode(cause)
    const advice =
      code === "EROFS"
        ? "its file system is mounted read-only: mount it for writing"
        : `expected the user ${own}, who runs this, to be allowed to: give the file or folder to that user with chown, ` +
          "or correct its mode with chmod u+rw"
    throw new Trouble("disk", `${path} cannot be read and written (${code}): ${advice}`, { cause })
  }
}

/**
 * Remarks on what a group may write, and on a data directory of another user. Refuses `untrusted` where everyone can
 * write or a stranger owns a file, and throws trouble ("disk") for what this process cannot write.
 */
export function checkOwnFiles({ data, written, keys, isTrial }: OwnFiles): readonly string[] {
  const own = process.geteuid?.()
  const [directory] = lookAt([data])
  if (own === undefined || directory === undefined) return []
  const folders = written.map(dirname)
  const found = lookAt([data, ...folders, ...written, ...keys])
  const open = found.filter(isOpenToAll)
  const openAdvice = `can be written by every user of this machine; run: chmod o-w ${named(open)}`
  if (open.length > 0 && isTrial !== true) refuse("untrusted", `${named(open)} ${openAdvice}`)
  const dataOwner = directory.stats.uid
  assertOwners(lookAt([...written, ...keys]), own, dataOwner)
  const { R_OK, W_OK, X_OK } = constants
  assertWritable(data, own, R_OK | W_OK | X_OK)
  for (const { path } of lookAt(written)) assertWritable(path, own, R_OK | W_OK)

  const group = found.filter(({ stats }) => (stats.mode & GROUP_WRITES) !== 0)
  const groups = [...new Set(group.map(({ stats }) => stats.gid))].join(", ")
  return [
    ...(open.length > 0 ? [`${named(open)} ${openAdvice}`] : []),
    ...(group.length > 0
      ? [
          `the group ${groups} can write ${named(group)}, and so change what is signed; unless it has no other ` +
            `member, run: chmod g-w ${named(group)}`,
        ]
      : []),
    ...(dataOwner === own || dataOwner === ROOT
      ? []
      : [`${data} belongs to the user ${dataOwner}, this runs as the user ${own}`]),
  ]
}
