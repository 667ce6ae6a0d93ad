// The newest time that a running log has believed, in a file of one line beside its database, so that a log without new
// entries knows at the next start how late it is at least. Nothing is signed by it: without the file, or with another
// time in it, a clock is doubted sooner or later than it might be. So it is not synced, and what fails is left at that.
import { readFileSync, renameSync, writeFileSync } from "node:fs"

const LONGEST = 64

/** Unix milliseconds; undefined for no such file, and for one that holds no time. */
export function readClockFile(path: string): number | undefined {
  try {
    const text = readFileSync(path, "latin1").slice(0, LONGEST).trim()
    const time = Date.parse(text)
    return Number.isFinite(time) && new Date(time).toISOString() === text ? time : undefined
  } catch {
    return undefined
  }
}

export function writeClockFile(path: string, time: number): void {
  try {
    const next = `${path}.new`
    writeFileSync(next, `${new Date(time).toISOString()}\n`, { mode: 0o600 })
    renameSync(next, path)
  } catch {
    // The disk may be full; the log has more important things to write.
  }
}
