// Refuses to open a database whose write-ahead log is broken in the middle, and keeps a copy of that log: recovery
// would drop all behind the break, and closing the database would take the file away.
import { hash } from "node:crypto"
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs"
import { basename, dirname } from "node:path"
import { refuse, Trouble } from "../../../core/base/errors.ts"
import { onDisk, syncNameOf } from "../../disk/durable-file.ts"
import { giveToFolderOwner } from "../../disk/folder-owner.ts"
import { PAGE_SIZE } from "./database-kind.ts"
import { type Bit, flip } from "./flipped-bit.ts"
import { checkWal, type WalCheck } from "./wal-check.ts"
import { walOf } from "./wal-file.ts"

/** Copies of broken logs that are kept beside a database; each may be as long as the log can get. */
const MOST_COPIES = 8
const TRIES = 8
const PAUSE_MS = 25

/**
 * What is wrong with a log that is to be read, as it is once it shows twice: another process may be writing it. The
 * newest transaction may be torn, which is no fault.
 */
export function faultOf(database: string): WalCheck | undefined {
  let last = ""
  for (let tries = 0; tries < TRIES; tries++) {
    const found = checkWal(database, PAGE_SIZE)
    if (found.broken?.isRot !== true && found.foreign === undefined) return undefined
    const text = JSON.stringify(found)
    if (text === last) return found
    last = text
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
  }
  return undefined
}

/**
 * Throws Trouble `damaged` if the log of a database has more than SQLite would take of it, having made a copy of the
 * log; nothing else is changed. `stake` says what would be lost, if anybody knows.
 */
export function assertWholeWal(database: string, stake: () => string = () => ""): void {
  const fault = faultOf(database)
  if (fault === undefined) return
  const what = `${walOf(database)}: ${faultText(fault)}`
  throw new Trouble(
    "damaged",
    `${what}${stake()}. Nothing was opened or changed; ${keptText(database)}. ${adviceText(fault)}`,
  )
}

function faultText({ frames, broken, foreign }: WalCheck): string {
  if (broken === undefined) {
    return `it does not belong to the database beside it: ${foreign}. SQLite would put its pages among others`
  }
  const { frame, committedBehind, bit } = broken
  const place = frame === 0 ? "its header" : `frame ${frame}`
  const lost = `${committedBehind} ${committedBehind === 1 ? "commit" : "commits"} at or behind it`
  const cause = bit && `; one flipped bit explains it, bit ${bit.bit} of byte ${bit.byte}`
  return `${place} is damaged, SQLite would take the ${frames} frames before it and drop ${lost}${cause ?? ""}`
}

function adviceText({ broken }: WalCheck): string {
  if (broken === undefined) {
    return "Put the database back that was in use with this file, or move the file away"
  }
  return broken.bit === undefined
    ? "Put back a good copy of this file, or a newer backup of the database without it; see docs/operating.md"
    : 'Have a mended copy made with "countersign fsck --mend-wal", or put back a good one; see docs/operating.md'
}

function keptText(database: string): string {
  try {
    return `a copy is kept as ${keepWal(database)}`
  } catch (reason) {
    return `no copy could be made (${(reason as Error).message}): make one first`
  }
}

/**
 * Copies the log of a database aside, durably, and gives the name: the same log is copied once, whoever finds it.
 * Throws Trouble `disk`.
 */
export function keepWal(database: string): string {
  const wal = walOf(database)
  return onDisk(wal, () => {
    const name = hash("sha256", readFileSync(wal), "hex").slice(0, 16)
    const copy = `${wal}.damaged-${name}`
    if (existsSync(copy)) return copy
    assertRoom(wal)
    const partial = `${copy}.partial`
    copyFileSync(wal, partial, constants.COPYFILE_FICLONE)
    giveToFolderOwner(partial)
    const descriptor = openSync(partial, "r+")
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(partial, copy)
    syncNameOf(copy)
    return copy
  })
}

/**
 * Writes a copy of a broken log with the bit flipped back that explains all that is broken, and gives that bit; the log
 * stays as it is. Refuses `conflict` if there is a file at `to`, and `unsupported` if no bit explains it or several do.
 */
export function mendWal(database: string, to: string): Bit {
  const bit = faultOf(database)?.broken?.bit
  if (bit === undefined) {
    refuse(
      "unsupported",
      `${walOf(database)}: expected one flipped bit that explains what is broken, found nothing broken, or more than ` +
        "one bit, or several that each would",
    )
  }
  if (existsSync(to)) refuse("conflict", `expected no file at ${to}, found one`)
  onDisk(to, () => {
    const bytes = new Uint8Array(readFileSync(walOf(database)))
    flip(bytes, bit)
    writeFileSync(to, bytes, { flag: "wx", mode: 0o600, flush: true })
  })
  giveToFolderOwner(to)
  syncNameOf(to)
  return bit
}

function assertRoom(wal: string): void {
  const prefix = `${basename(wal)}.damaged-`
  const copies = readdirSync(dirname(wal)).filter((name) => name.startsWith(prefix))
  if (copies.length < MOST_COPIES) return
  throw new Trouble("disk", `${MOST_COPIES} copies are there already, named ${prefix}…`)
}
