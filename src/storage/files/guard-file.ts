// The head guard as a file of its own with two slots (two-slots.ts): lines that an operator can read, with the log,
// its head and a checksum. It does not notice if the file itself is put back to an
// older copy: never make it part of a backup. A newest slot that rots later looks like a torn write, and
// the guard then answers with the head before it, which opening the log moves forward again.
import { hash } from "node:crypto"
import { closeSync, fdatasyncSync, fsyncSync, openSync, readSync, writeSync } from "node:fs"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { formatHex, parseDecimal, parseHex } from "../../core/base/text.ts"
import { asHash } from "../../core/tree/hash.ts"
import type { HeadGuard } from "../../log/ports/guard.ts"
import type { LogIdentity, TimedHead } from "../../log/ports/store.ts"
import { diskTrouble, onDisk, syncNameOf, systemCode } from "../disk/durable-file.ts"
import { lockByAllMeans } from "../disk/file-lock.ts"
import { assertSuccessor } from "../rules/commit.ts"
import { parseIdentity } from "../rules/identity.ts"
import {
  contradiction,
  newSlots,
  nextWrite,
  readSlots,
  SECTOR,
  type Slot,
  type SlotForm,
  type Slots,
} from "./two-slots.ts"

interface GuardContent {
  readonly identity: LogIdentity
  readonly head: TimedHead
}

const SLOT = new RegExp(
  [
    "^countersign head guard 1",
    "counter ([0-9]+)",
    "origin ([^\\n]+)",
    "tree ([0-9]+)",
    "keys ([0-9a-f ]+)",
    "size ([0-9]+)",
    "root ([0-9a-f]+)",
    "time ([0-9]+)",
    "sha256 ",
  ].join("\\n"),
  "u",
)

function format({ counter, content: { identity, head } }: Slot<GuardContent>): Uint8Array {
  const lines = [
    "countersign head guard 1",
    `counter ${counter}`,
    `origin ${identity.origin}`,
    `tree ${identity.treeId}`,
    `keys ${identity.keyFingerprints.join(" ")}`,
    `size ${head.size}`,
    `root ${formatHex(head.root)}`,
    `time ${head.time}`,
    "",
  ].join("\n")
  const text = utf8(`${lines}sha256 ${hash("sha256", lines, "hex")}\n`)
  // One that is longer than a slot is refused as it is.
  if (text.length >= SECTOR) return text
  const slot = new Uint8Array(SECTOR).fill(" ".charCodeAt(0))
  slot.set(text)
  slot[SECTOR - 1] = "\n".charCodeAt(0)
  return slot
}

function parse(bytes: Uint8Array): Slot<GuardContent> | undefined {
  const match = SLOT.exec(parseUtf8(bytes.subarray(0, SECTOR), "head guard"))
  if (match === null) return undefined
  const [, counter = "", origin = "", treeId = "", keys = "", size = "", root = "", time = ""] =
    match
  const identity = parseIdentity({ origin, treeId, keyFingerprints: keys.split(" ") })
  const head = {
    size: parseDecimal(size, "size"),
    root: asHash(parseHex(root, "root")),
    time: parseDecimal(time, "time"),
  }
  return { counter: parseDecimal(counter, "counter"), content: { identity, head } }
}

const guardForm: SlotForm<GuardContent> = {
  name: "head guard",
  slotSize: SECTOR,
  first: 0,
  format,
  parse,
}

const OWNER_ONLY = 0o600

/**
 * Makes the guard of a new log, durable when this returns. Refuses `conflict` if there is a file at
 * `path`: a guard is never overwritten.
 */
export function createGuardFile(path: string, identity: LogIdentity, head: TimedHead): void {
  const checked = parseIdentity(identity)
  const { file } = newSlots(guardForm, { identity: checked, head })
  const descriptor = openOr(path, "wx", "EEXIST", (cause) =>
    refuse(
      "conflict",
      `expected no file at ${path}, found one: a head guard is never overwritten. If it belongs to ` +
        `no log that you still run, move it away`,
      { cause },
    ),
  )
  onDisk(path, () => {
    try {
      writeAt(path, descriptor, file, 0)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
  syncNameOf(path)
}

/**
 * Opens a guard and locks it against other processes until it is closed. Refuses `not-found` if there
 * is none, `conflict` if another process has it; throws Trouble `damaged` if neither slot can be read.
 */
export function openGuardFile(path: string): HeadGuard {
  const descriptor = openOr(path, "r+", "ENOENT", (cause) =>
    refuse(
      "not-found",
      `expected the head guard at ${path}, found no file. Give the path that the log was made with; ` +
        `a log whose guard is lost must not sign again`,
      { cause },
    ),
  )
  const closers = [() => closeSync(descriptor)]
  // A number that is closed twice may by then belong to another file.
  const close = (): void => {
    for (const closer of closers.splice(0)) closer()
  }
  try {
    closers.push(lockByAllMeans(descriptor, path, `the head guard ${path}`))
    return { ...guardOver(path, descriptor), close: async () => close() }
  } catch (reason) {
    close()
    throw reason
  }
}

function guardOver(path: string, descriptor: number): Omit<HeadGuard, "close"> {
  const { identity } = guardSlots(path, descriptor).newest.content
  let failed = false
  return {
    identity,
    async read() {
      return guardSlots(path, descriptor).newest.content.head
    },
    async advance(from, to) {
      if (failed) throw new Trouble("disk", `${path}: an earlier write failed; end this process`)
      const slots = guardSlots(path, descriptor)
      assertSuccessor(slots.newest.content.head, from, to)
      failed = true
      const { write } = nextWrite(guardForm, slots, { identity, head: to })
      onDisk(path, () => {
        writeAt(path, descriptor, write.bytes, write.at)
        fdatasyncSync(descriptor)
      })
      failed = false
    },
  }
}

/** Opens a file; `refused` ends it where the file system says `code`. */
function openOr(path: string, flags: string, code: string, refused: (cause: unknown) => never) {
  try {
    return openSync(path, flags, OWNER_ONLY)
  } catch (reason) {
    if (systemCode(reason) === code) refused(reason)
    throw diskTrouble(path, reason)
  }
}

function writeAt(path: string, descriptor: number, bytes: Uint8Array, at: number): void {
  const written = writeSync(descriptor, bytes, 0, bytes.length, at)
  if (written !== bytes.length) {
    throw new Trouble("disk", `${path}: expected to write ${bytes.length} bytes, wrote ${written}`)
  }
}

function guardSlots(path: string, descriptor: number): Slots<GuardContent> {
  const bytes = new Uint8Array(2 * guardForm.slotSize)
  const read = onDisk(path, () => readSync(descriptor, bytes, 0, bytes.length, 0))
  const slots = readSlots(guardForm, bytes.subarray(0, read))
  if (slots === undefined) {
    throw new Trouble(
      "damaged",
      `${path} is not a head guard or both of its slots are damaged. Without it a rollback of the ` +
        `database cannot be told: recover the file from the disk, or start a new log under a new origin`,
    )
  }
  const { newest, other = newest } = slots
  const [own, before] = [newest, other].map(({ content }) => JSON.stringify(content.identity))
  if (own !== before) contradiction(guardForm)
  return slots
}
