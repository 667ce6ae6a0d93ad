// The last published checkpoint in a file of two slots (two-slots.ts), in each some lines that an operator can read,
// a checksum, and the checkpoint: one sync of bytes that are there already,
// as every submitter who waits for witnesses waits for it. Whoever reads it must verify it: it
// lies beside the database and may be put back along with it.
import { hash } from "node:crypto"
import { type FileHandle, open, readFile, rename } from "node:fs/promises"
import { dirname } from "node:path"
import { concat, utf8 } from "../../core/base/bytes.ts"
import { Trouble } from "../../core/base/errors.ts"
import { LONGEST_NOTE } from "../../core/base/limits.ts"
import { settled } from "../../core/base/settled.ts"
import { parseDecimal } from "../../core/base/text.ts"
import type { PublishedStore } from "../../log/ports/publishing.ts"
import { diskTrouble, readIfThere } from "../disk/durable-file.ts"
import {
  newSlots,
  nextWrite,
  readSlots,
  SECTOR,
  type Slot,
  type SlotForm,
  type Slots,
  type SlotWrite,
} from "./two-slots.ts"

const LONGEST_HEADER = 256
const HEADER =
  /^countersign published checkpoint 1\ncounter ([0-9]{1,15})\nlength ([0-9]{1,9})\nsha256 [0-9a-f]{64}\n\n/

function format({ counter, content }: Slot<string>): Uint8Array {
  const note = utf8(content)
  const lines = `countersign published checkpoint 1\ncounter ${counter}\nlength ${note.length}\n`
  const sum = hash("sha256", concat(utf8(lines), note), "hex")
  return concat(utf8(`${lines}sha256 ${sum}\n\n`), note)
}

function parse(bytes: Uint8Array): Slot<string> | undefined {
  const header = HEADER.exec(Buffer.from(bytes.subarray(0, LONGEST_HEADER)).toString("latin1"))
  if (header === null) return undefined
  const [{ length: start }, counter = "", length = ""] = header
  const end = start + parseDecimal(length, "length")
  const content = Buffer.from(bytes.subarray(start, end)).toString("utf8")
  return { counter: parseDecimal(counter, "counter"), content }
}

/** Room for the longest note; a write takes only what it needs. */
const publishedForm: SlotForm<string> = {
  name: "published checkpoint",
  slotSize: LONGEST_NOTE + SECTOR,
  first: 1,
  format,
  parse,
}

export interface PublishedFile extends PublishedStore {
  /** Waits for the write that is under way. */
  close(): Promise<void>
}

async function onDisk<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (reason) {
    throw diskTrouble(path, reason)
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r")
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** A whole file or none; from then on no write changes its size or where it lies. */
async function create(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.new`
  const file = await open(draft, "w")
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  await syncFolder(dirname(path))
}

async function overwrite(file: FileHandle, path: string, { bytes, at }: SlotWrite): Promise<void> {
  const { bytesWritten } = await file.write(bytes, 0, bytes.length, at)
  if (bytesWritten !== bytes.length) {
    throw new Trouble("disk", `${path}: expected to write ${bytes.length} bytes, wrote less`)
  }
  await file.datasync()
}

async function publishedSlots(path: string): Promise<Slots<string> | undefined> {
  const bytes = await readIfThere(path)
  if (bytes === undefined) return undefined
  const slots = readSlots(publishedForm, bytes)
  if (slots !== undefined) return slots
  throw new Trouble(
    "damaged",
    `${path} is not a file of published checkpoints, or it is damaged. Move it away: the log then ` +
      `publishes again as soon as its witnesses have cosigned`,
  )
}

/**
 * Calls must not overlap. They throw trouble ("disk", "damaged"); writing refuses `too-large`. Durable when
 * it resolves; a write that was cut off leaves the checkpoint before.
 */
export function openPublishedFile(path: string): PublishedFile {
  let slots: Slots<string> | undefined
  let file: FileHandle | undefined
  let last: Promise<void> = Promise.resolve()

  async function read(): Promise<Slots<string> | undefined> {
    slots ??= await onDisk(path, publishedSlots(path))
    return slots
  }

  async function write(checkpoint: string): Promise<void> {
    const before = await read()
    if (before === undefined) {
      const made = newSlots(publishedForm, checkpoint)
      await create(path, made.file)
      slots = made.slots
      return
    }
    const next = nextWrite(publishedForm, before, checkpoint)
    file ??= await open(path, "r+")
    await overwrite(file, path, next.write)
    slots = next.slots
  }

  /** Under a name made of what it holds, so that nothing else is ever lost to it. */
  async function setAside(): Promise<string> {
    await file?.close()
    file = undefined
    const place = `${path}.other-${hash("sha256", await readFile(path), "hex")}`
    await rename(path, place)
    await syncFolder(dirname(path))
    slots = undefined
    return place
  }

  return {
    setAside: () => onDisk(path, setAside()),
    read: async () => (await read())?.newest.content,
    write(checkpoint) {
      const written = onDisk(path, write(checkpoint))
      last = settled(written)
      return written
    },
    async close() {
      await last
      await file?.close()
      file = undefined
    },
  }
}
