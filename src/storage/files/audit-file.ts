// The audit log as a file: a line for each administrative act (core/acts), appended under a lock that servers and
// commands share, and durable before the act goes on. Leaves out rotation: acts are rare.
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs"
import { userInfo } from "node:os"
import { join } from "node:path"
import {
  type Act,
  type AuditHead,
  type ChainedAct,
  formatAct,
  hashOfLine,
  headAfter,
  LONGEST_ACT,
  noActs,
  parseAct,
} from "../../core/acts/act.ts"
import { createChainCheck, MOST_TORN } from "../../core/acts/chain.ts"
import { concat, utf8 } from "../../core/base/bytes.ts"
import { refuse, Trouble, unlessRefused } from "../../core/base/errors.ts"
import { onDisk, syncNameOf, systemCode } from "../disk/durable-file.ts"
import { lockFile } from "../disk/file-lock.ts"
import { giveToFolderOwner } from "../disk/folder-owner.ts"
import { holdLock } from "../disk/process-lock.ts"

const LINE_FEED = 0x0a
const LOCK_PATIENCE_MS = 5_000
/** The end of the file in which the last act must be. */
const TAIL = MOST_TORN + LONGEST_ACT

/** An act as its place knows it; `actor` is the user of this process if nobody else is named. */
type RecordedAct = Omit<Act, "actor"> & Partial<Pick<Act, "actor">>

export function auditFile(dataDirectory: string): string {
  return join(dataDirectory, "audit.log")
}

/** A container may run as a user ID that no list of users has. */
function username(): string {
  try {
    return userInfo().username
  } catch {
    return "unnamed"
  }
}

/** Who runs this process, as the operating system says; a name in SUDO_USER is only a claim. */
function user(): string {
  const { SUDO_USER: before } = process.env
  const name = `${username()} (uid ${process.getuid?.() ?? -1})`
  return before === undefined ? name : `${name}, for ${before.slice(0, 64)}`
}

interface Tail {
  readonly head: AuditHead
  /** What follows the last act; empty in a file that is whole. */
  readonly rest: Uint8Array
  /** Whether the file ends with a line feed, or is empty. */
  readonly isEnded: boolean
}

function actIn(line: Buffer): ChainedAct | undefined {
  return unlessRefused(() => parseAct(line.toString("utf8")))
}

/** The last act of the lines in `bytes`, the end of a file: with where it ends, without its line feed. */
function lastAct(bytes: Buffer): { readonly head: AuditHead; readonly end: number } | undefined {
  for (let end = bytes.length; end >= 0; ) {
    // A negative offset would count from the end.
    const before = end === 0 ? -1 : bytes.lastIndexOf(LINE_FEED, end - 1)
    const line = bytes.subarray(before + 1, end)
    const act = actIn(line)
    if (act !== undefined) return { head: { records: act.seq, hash: hashOfLine(line) }, end }
    end = before
  }
  return undefined
}

/**
 * Opens the log without following a link: what it leads to may be anyone's. Throws trouble ("damaged") for a link and
 * for what is no file.
 */
function openLog(path: string, flags: number): number {
  let descriptor: number
  try {
    descriptor = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600)
  } catch (reason) {
    if (systemCode(reason) !== "ELOOP") throw reason
    throw new Trouble("damaged", `${path}: expected a file, found a symbolic link`)
  }
  if (fstatSync(descriptor).isFile()) return descriptor
  closeSync(descriptor)
  throw new Trouble("damaged", `${path}: expected a file, found something else`)
}

function readTail(path: string, descriptor: number): Tail {
  const { size } = fstatSync(descriptor)
  const bytes = Buffer.alloc(Math.min(size, TAIL))
  readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)
  const last = lastAct(bytes)
  if (last === undefined && size > MOST_TORN) {
    throw new Trouble("damaged", `${path}: its end holds no act; keep it, and move it away by hand`)
  }
  const rest = last === undefined ? bytes : bytes.subarray(last.end + 1)
  const isEnded = size === 0 || bytes.at(-1) === LINE_FEED
  return { head: last?.head ?? noActs, rest, isEnded }
}

/** What is written after a tail: what a crash cut off is owned up to first. */
function linesAfter({ head, rest, isEnded }: Tail, act: Act, time: string): Uint8Array {
  const feed = isEnded ? "" : "\n"
  if (rest.length === 0) return utf8(`${feed}${formatAct(head, act, time)}\n`)
  const torn = isEnded ? rest.subarray(0, -1) : rest
  const about = { bytes: torn.length, sha256: hashOfLine(torn) }
  const owned = formatAct(head, { event: "torn-line", actor: "countersign", about }, time)
  const last = formatAct(headAfter(head, owned), act, time)
  return utf8(`${feed}${owned}\n${last}\n`)
}

/** Durably or, if the disk is full, not at all. */
function append(descriptor: number, bytes: Uint8Array): void {
  const { size } = fstatSync(descriptor)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    fsyncSync(descriptor)
  } catch (error) {
    ftruncateSync(descriptor, size)
    throw error
  }
}

/**
 * Appends an act, durably: when this returns, a loss of power does not take it back. Blocks while another process
 * appends. Throws trouble ("disk", "damaged"), and refuses `conflict` if the file stays locked for seconds; the act
 * must not be done then.
 */
export function recordAct(path: string, recorded: RecordedAct, now: number = Date.now()): void {
  const act: Act = { ...recorded, actor: recorded.actor ?? user() }
  const lock = holdLock(`${path}.lock`, `the audit log ${path}`, LOCK_PATIENCE_MS)
  try {
    onDisk(path, () => {
      const { O_RDWR, O_APPEND, O_CREAT } = constants
      const descriptor = openLog(path, O_RDWR | O_APPEND | O_CREAT)
      try {
        // By name alone, another name of the file would let another process in.
        lockFile(descriptor, path, `the audit log ${path}`, LOCK_PATIENCE_MS)
        if (fstatSync(descriptor).size === 0) giveToFolderOwner(path, descriptor)
        const tail = readTail(path, descriptor)
        const bytes = linesAfter(tail, act, new Date(now).toISOString())
        append(descriptor, bytes)
        if (tail.head.records === 0) syncNameOf(path)
      } finally {
        closeSync(descriptor)
      }
    })
  } finally {
    lock.release()
  }
}

/** The newest head, from the end of the file; undefined if there is no file. Does not verify the chain. */
export function readAuditHead(path: string): AuditHead | undefined {
  return onDisk(path, () => {
    let descriptor: number
    try {
      descriptor = openLog(path, constants.O_RDONLY)
    } catch (reason) {
      if (systemCode(reason) === "ENOENT") return undefined
      throw reason
    }
    try {
      return readTail(path, descriptor).head
    } finally {
      closeSync(descriptor)
    }
  })
}

function headUnlessDamaged(path: string): AuditHead | undefined {
  try {
    return readAuditHead(path)
  } catch (error) {
    if (error instanceof Trouble) return undefined
    throw error
  }
}

/**
 * Gives the newest head again and again; reads the file only when its size or time has changed. There is none while the
 * file cannot be read: a server that says how it is says the rest all the same.
 */
export function followAuditHead(path: string): () => AuditHead | undefined {
  let seen = ""
  let head: AuditHead | undefined
  return () => {
    const found = lstatSync(path, { throwIfNoEntry: false })
    const state =
      found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`
    if (state !== seen) head = headUnlessDamaged(path)
    seen = state
    return head
  }
}

async function* linesOf(path: string): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let bytes = rest.length === 0 ? chunk : Buffer.from(concat(rest, chunk))
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED)) {
      yield bytes.subarray(0, end)
      bytes = bytes.subarray(end + 1)
    }
    if (bytes.length > MOST_TORN) refuse("mismatch", `expected acts, found ${bytes.length} bytes`)
    rest = bytes
  }
  if (rest.length > 0) yield rest
}

/**
 * Verifies the whole chain and gives each act and what follows it; returns the head. Refuses `mismatch` where the
 * chain does not hold.
 */
export async function* readActs(
  path: string,
): AsyncGenerator<{ readonly act: ChainedAct; readonly hash: string }, AuditHead> {
  const check = createChainCheck()
  for await (const line of linesOf(path)) {
    const act = check.take(line)
    if (act !== undefined) yield { act, hash: hashOfLine(line) }
  }
  return check.end()
}

/**
 * Records an act, then does it: no act is without its line, whatever stops the process in between. One that fails is
 * followed by a line that says so.
 */
export async function recordedly<T>(
  path: string,
  act: RecordedAct,
  work: () => T | Promise<T>,
): Promise<T> {
  recordAct(path, act)
  try {
    return await work()
  } catch (error) {
    const failed = { ...act, event: "failed", about: { ...act.about, event: act.event } } as const
    try {
      recordAct(path, failed)
    } catch {
      // What stopped the act may stop this line, too; people must hear of the first.
    }
    throw error
  }
}
