// A database must have one name: SQLite finds its -wal and -shm by the name, so under two names two processes would
// write into each other's tree, and the lock of a data directory would not see it. Leaves out symbolic links, which
// SQLite resolves; process-lock.ts does the same.
import { closeSync, openSync, readFileSync, realpathSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { refuse } from "../../core/base/errors.ts"

/** O_PATH of Linux: a descriptor that reads nothing, and whose closing frees no lock of this process. */
const ONLY_ITS_PLACE = 0o10000000

/** Which mount a path lies on; undefined where the system does not say. */
function mountOf(path: string): string | undefined {
  if (process.platform !== "linux") return undefined
  try {
    const descriptor = openSync(path, ONLY_ITS_PLACE)
    try {
      return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1]
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}

/**
 * Refuses `conflict` for a database with hard links, or that is mounted without its folder; to be called before
 * anything opens it. Nothing for a file that is not there.
 */
export function assertSoleName(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  const advice = "Two processes under two names would write into each other's database"
  if (found.nlink > 1) {
    refuse(
      "conflict",
      `${path} has ${found.nlink} names (hard links), expected one. ${advice}: make sure that no process uses ` +
        `another one, then replace this one by a copy: cp ${path} ${path}.copy && mv ${path}.copy ${path}`,
    )
  }
  const place = realpathSync(path)
  if (mountOf(place) !== mountOf(dirname(place))) {
    refuse(
      "conflict",
      `${path} is mounted by itself, expected its whole folder to be. ${advice}: mount the folder`,
    )
  }
}
