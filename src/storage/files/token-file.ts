// The tokens of a data directory in a file that only its owner can read, replaced as a whole and under a lock, so that
// what was revoked stays revoked whoever writes beside it; and, in a file of its own that no revocation depends on, the
// day on which each was last used.
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import {
  formatTokens,
  LONGEST_TOKEN_FILE,
  parseTokens,
  type StoredToken,
} from "../../core/access/stored-token.ts"
import { refuse } from "../../core/base/errors.ts"
import { onDisk, syncNameOf, systemCode } from "../disk/durable-file.ts"
import { giveToFolderOwner } from "../disk/folder-owner.ts"
import { holdLock } from "../disk/process-lock.ts"
import { asDamage } from "../disk/trouble.ts"

const LOCK_PATIENCE_MS = 5_000
const OTHERS = 0o077

export function tokenFile(dataDirectory: string): string {
  return join(dataDirectory, "tokens")
}

/** Refuses `untrusted` for what others can read or write, or what is no file. */
function assertPrivate(path: string, descriptor: number): void {
  const found = fstatSync(descriptor)
  if (!found.isFile()) refuse("untrusted", `${path}: expected a file, found something else`)
  if (found.size > LONGEST_TOKEN_FILE) {
    refuse("too-large", `${path}: expected up to ${LONGEST_TOKEN_FILE} bytes, found more`)
  }
  if ((found.mode & OTHERS) !== 0) {
    refuse("untrusted", `${path} is open to others; run: chmod 600 ${path}`)
  }
  const own = process.geteuid?.() ?? found.uid
  if (found.uid === own || found.uid === 0) return
  // An administrator works on the files of a service, which are in a folder of the service.
  if (own === 0 && found.uid === statSync(dirname(path)).uid) return
  refuse("untrusted", `${path}: expected a file of the user who runs this, found another's`)
}

/** Opens without following a link: what it leads to may be anyone's. Undefined if nothing is there. */
function openPrivate(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (reason) {
    if (systemCode(reason) === "ENOENT") return undefined
    if (systemCode(reason) !== "ELOOP") throw reason
    return refuse("untrusted", `${path}: expected a file, found a symbolic link`)
  }
}

/** The text of a file that is its owner's alone; undefined if there is none. */
function readPrivate(path: string): string | undefined {
  return onDisk(path, () => {
    const descriptor = openPrivate(path)
    if (descriptor === undefined) return undefined
    try {
      assertPrivate(path, descriptor)
      return readFileSync(descriptor, "utf8")
    } finally {
      closeSync(descriptor)
    }
  })
}

/**
 * The tokens, or undefined if there is no file. Throws trouble ("disk", "damaged"); refuses `untrusted` for a file that
 * others can read or write, or that is a link.
 */
export function readTokenFile(path: string): readonly StoredToken[] | undefined {
  const text = readPrivate(path)
  return text === undefined ? undefined : asDamage(path, () => parseTokens(text))
}

/** What changes with every change of the file; costs one look at its name. */
export function tokenFileStamp(path: string): string {
  try {
    const found = statSync(path, { bigint: true })
    return `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs} ${found.mode}`
  } catch (reason) {
    return systemCode(reason) ?? "?"
  }
}

function replace(path: string, text: string, isDurable: boolean): void {
  const draft = `${path}.new`
  onDisk(path, () => {
    rmSync(draft, { force: true })
    const descriptor = openSync(draft, "wx", 0o600)
    try {
      writeFileSync(descriptor, text)
      giveToFolderOwner(draft, descriptor)
      if (isDurable) fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(draft, path)
  })
  if (isDurable) syncNameOf(path)
}

/**
 * Changes the tokens, durably when this returns; other writers wait. Reads as {@link readTokenFile}, refuses `conflict`
 * if the file stays locked for seconds, and what `edit` refuses: nothing is changed then.
 */
export function editTokenFile(
  path: string,
  edit: (tokens: readonly StoredToken[]) => readonly StoredToken[],
): void {
  const lock = holdLock(`${path}.lock`, `the file of tokens ${path}`, LOCK_PATIENCE_MS)
  try {
    replace(path, formatTokens(edit(readTokenFile(path) ?? [])), true)
  } finally {
    lock.release()
  }
}

/** The day of the last use of each token, by its ID. */
export type LastUses = ReadonlyMap<string, string>

const DAY = /^\d{4}-\d\d-\d\d$/

const usesFile = (path: string): string => `${path}.used`

/** What cannot be read is nothing: it is only told to people. */
export function readLastUses(path: string): LastUses {
  try {
    const found: unknown = JSON.parse(readPrivate(usesFile(path)) ?? "{}")
    const entries = Object.entries(found as object) as readonly (readonly [string, unknown])[]
    return new Map(
      entries.flatMap(([id, day]) =>
        typeof day === "string" && DAY.test(day) ? [[id, day] as const] : [],
      ),
    )
  } catch {
    return new Map()
  }
}

/** Replaces it at once; a loss of power may take the newest away. Throws trouble ("disk"). */
export function writeLastUses(path: string, uses: LastUses): void {
  replace(usesFile(path), `${JSON.stringify(Object.fromEntries(uses))}\n`, false)
}
