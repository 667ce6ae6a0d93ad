// A wall clock that a test sets for one process while it runs, by libfaketime; its steady clocks go on as ever.
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { newFolder } from "../storage/folder.ts"

function findLibrary(): string | undefined {
  const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib") : []
  return folders
    .map((name) => join("/usr/lib", name, "faketime/libfaketimeMT.so.1"))
    .find((path) => existsSync(path))
}

const library = findLibrary()

/** Whether tests with a faked clock are passed over, with a word; where CI is set that is an error. */
export function isWithoutFaketime(): boolean {
  if (library !== undefined) return false
  const why = "needs libfaketime (Debian: apt-get install faketime)"
  if (process.env["CI"] === "true") throw new Error(`this suite ${why}`)
  process.stderr.write(`passed over: the suite ${why}\n`)
  return true
}

export interface FakedClock {
  /** The words that start a program under this clock. */
  readonly under: readonly string[]
  /** Sets it so many seconds after the true time, at once. */
  set(seconds: number): void
}

export function fakedClock(seconds = 0): FakedClock {
  const file = join(newFolder(), "clock")
  const set = (offset: number) => {
    const text = `${offset < 0 ? "-" : "+"}${Math.abs(offset)}`
    writeFileSync(file, `${text.padEnd(16, "\n")}\n`)
  }
  set(seconds)
  const under = [
    "env",
    `LD_PRELOAD=${library}`,
    `FAKETIME_TIMESTAMP_FILE=${file}`,
    "FAKETIME_NO_CACHE=1",
    "FAKETIME_DONT_FAKE_MONOTONIC=1",
  ]
  return { under, set }
}
