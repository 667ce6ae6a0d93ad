// The memory of a signer as a file of its own with two slots (two-slots.ts). Each head is written into both of them
// before it is signed, one after the other: the first write is durable before the second begins, so whichever slot a
// loss of power tears, or rots later, the other one has no less than what was signed. It does not notice if the whole
// file is put back to an older copy: never make it part of a backup.
import { hash } from "node:crypto"
import { closeSync, fdatasyncSync, fsyncSync, openSync, readSync, writeSync } from "node:fs"
import { parseUtf8, utf8 } from "../../core/base/bytes.ts"
import { bug, refuse, Trouble } from "../../core/base/errors.ts"
import { formatHex, parseDecimal, parseHex } from "../../core/base/text.ts"
import { asHash, type Head } from "../../core/tree/hash.ts"
import type { LogIdentity } from "../../log/ports/store.ts"
import type { SignerMemory } from "../../signer/memory.ts"
import { diskTrouble, onDisk, syncNameOf, systemCode } from "../disk/durable-file.ts"
import { lockByAllMeans } from "../disk/file-lock.ts"
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
  type SlotWrite,
} from "./two-slots.ts"

interface Remembered {
  readonly identity: LogIdentity
  readonly head: Head
}

const SLOT = new RegExp(
  [
    "^countersign signer memory 1",
    "counter ([0-9]+)",
    "origin ([^\\n]+)",
    "tree ([0-9]+)",
    "keys ([0-9a-f ]+)",
    "size ([0-9]+)",
    "root ([0-9a-f]+)",
    "sha256 ",
  ].join("\\n"),
  "u",
)

function format({ counter, content: { identity, head } }: Slot<Remembered>): Uint8Array {
  const lines = [
    "countersign signer memory 1",
    `counter ${counter}`,
    `origin ${identity.origin}`,
    `tree ${identity.treeId}`,
    `keys ${identity.keyFingerprints.join(" ")}`,
    `size ${head.size}`,
    `root ${formatHex(head.root)}`,
    "",
  ].join("\n")
  return utf8(`${lines}sha256 ${hash("sha256", lines, "hex")}\n`)
}

function parse(bytes: Uint8Array): Slot<Remembered> | undefined {
  const match = SLOT.exec(parseUtf8(bytes.subarray(0, SECTOR), "signer memory"))
  if (match === null) return undefined
  const [, counter = "", origin = "", treeId = "", keys = "", size = "", root = ""] = match
  const identity = parseIdentity({ origin, treeId, keyFingerprints: keys.split(" ") })
  const head = { size: parseDecimal(size, "size"), root: asHash(parseHex(root, "root")) }
  return { counter: parseDecimal(counter, "counter"), content: { identity, head } }
}

const memoryForm: SlotForm<Remembered> = {
  name: "signer memory",
  slotSize: SECTOR,
  first: 0,
  format,
  parse,
}

const OWNER_ONLY = 0o600

/**
 * Makes the memory of a log that stands at `head`, durable when this returns. Refuses `conflict` if there is a file
 * at `path`: a memory is never overwritten.
 */
export function createSignerMemory(path: string, identity: LogIdentity, head: Head): void {
  const made = newSlots(memoryForm, { identity: parseIdentity(identity), head })
  const second = nextWrite(memoryForm, made.slots, made.slots.newest.content)
  const bytes = made.file
  bytes.set(second.write.bytes, second.write.at)
  const descriptor = openOr(path, "wx", "EEXIST", (cause) =>
    refuse(
      "conflict",
      `expected no file at ${path}, found one: the memory of a signer is never overwritten. If it ` +
        "belongs to no log that you still run, move it away",
      { cause },
    ),
  )
  onDisk(path, () => {
    try {
      write(path, descriptor, { bytes, at: 0 })
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
  syncNameOf(path)
}

/** What a memory holds, also while a signer runs. Refuses and throws as {@link openSignerMemory} does. */
export function readSignerMemory(path: string): Remembered {
  const descriptor = openThere(path, "r")
  try {
    return memorySlots(path, descriptor).newest.content
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Opens a memory and locks it against other processes until it is closed. Refuses `not-found` if there is none,
 * `conflict` if another process has it; throws Trouble `damaged` if neither slot can be read.
 */
export function openSignerMemory(path: string): SignerMemory {
  const descriptor = openThere(path, "r+")
  const closers = [() => closeSync(descriptor)]
  const close = (): void => {
    for (const closer of closers.splice(0)) closer()
  }
  try {
    closers.push(lockByAllMeans(descriptor, path, `the signer's memory ${path}`))
    return { ...memoryOver(path, descriptor), close }
  } catch (reason) {
    close()
    throw reason
  }
}

function memoryOver(path: string, descriptor: number): Omit<SignerMemory, "close"> {
  let slots = memorySlots(path, descriptor)
  const { identity } = slots.newest.content
  let failed = false

  /** After a write that failed nobody knows what is on the disk, and a later one that succeeds does not say it. */
  function durably(written: SlotWrite): void {
    if (failed) throw new Trouble("disk", `${path}: an earlier write failed; end this process`)
    failed = true
    onDisk(path, () => {
      write(path, descriptor, written)
      fdatasyncSync(descriptor)
    })
    failed = false
  }

  function store(content: Remembered): void {
    const next = nextWrite(memoryForm, slots, content)
    durably(next.write)
    slots = next.slots
  }

  // A slot that was torn or has rotted is made whole again, so that one fault more does no harm.
  store(slots.newest.content)
  store(slots.newest.content)

  return {
    identity,
    head: () => slots.newest.content.head,
    remember(head) {
      const { size } = slots.newest.content.head
      if (head.size <= size) bug(`a memory of size ${size} cannot go to size ${head.size}`)
      // Both slots hold what was remembered last, and the one that was written first is durable. So the other one is
      // written over first: if the power fails meanwhile, however the disk tears the write, one slot is whole.
      const other = { ...slots, spare: 1 - slots.spare }
      const first = nextWrite(memoryForm, other, { identity, head })
      const second = nextWrite(memoryForm, first.slots, { identity, head })
      durably(first.write)
      // Against a slot that rots; it need not be durable.
      onDisk(path, () => write(path, descriptor, second.write))
      slots = second.slots
    },
  }
}

function openThere(path: string, flags: "r" | "r+"): number {
  return openOr(path, flags, "ENOENT", (cause) =>
    refuse(
      "not-found",
      `expected the signer's memory at ${path}, found no file. A signer never starts without what it has ` +
        "signed: find the file, or make it anew from the log's guard with: countersign signer init --adopt",
      { cause },
    ),
  )
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

function write(path: string, descriptor: number, { bytes, at }: SlotWrite): void {
  const written = writeSync(descriptor, bytes, 0, bytes.length, at)
  if (written !== bytes.length) {
    throw new Trouble("disk", `${path}: expected to write ${bytes.length} bytes, wrote ${written}`)
  }
}

function memorySlots(path: string, descriptor: number): Slots<Remembered> {
  const bytes = new Uint8Array(2 * memoryForm.slotSize)
  const read = onDisk(path, () => readSync(descriptor, bytes, 0, bytes.length, 0))
  const slots = readSlots(memoryForm, bytes.subarray(0, read))
  if (slots === undefined) {
    throw new Trouble(
      "damaged",
      `${path} is not a signer's memory or both of its slots are damaged. Nothing is signed without it: move ` +
        "it away and make it anew from the log's guard with: countersign signer init --adopt",
    )
  }
  const { newest, other = newest } = slots
  const [own, before] = [newest, other].map(({ content }) => JSON.stringify(content.identity))
  const isOlder = newest.content.head.size < other.content.head.size
  if (own !== before || isOlder) contradiction(memoryForm)
  return slots
}
