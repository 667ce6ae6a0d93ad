// The last published checkpoint in a file of two slots that are written in turn: one sync of bytes that are
// there already, as every submitter who waits for witnesses waits for it. Whoever reads it must verify it: it
// lies beside the database and may be put back along with it.
import { type FileHandle, open, readFile, rename } from "node:fs/promises"
import { dirname } from "node:path"
import { Trouble } from "../../core/base/errors.ts"
import type { PublishedStore } from "../../log/ports/publishing.ts"
import { diskTrouble, systemCode } from "../disk/durable-file.ts"
import { padded, parseSlot, positionOf, SLOT_SIZE, type Slot } from "./published-slot.ts"

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

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (reason) {
    if (systemCode(reason) === "ENOENT") return undefined
    throw reason
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
async function create(path: string, slot: Slot): Promise<void> {
  const bytes = new Uint8Array(2 * SLOT_SIZE).fill(" ".charCodeAt(0))
  bytes.set(padded(slot), positionOf(slot))
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

async function overwrite(file: FileHandle, path: string, slot: Slot): Promise<void> {
  const bytes = padded(slot)
  const { bytesWritten } = await file.write(bytes, 0, bytes.length, positionOf(slot))
  if (bytesWritten !== bytes.length) {
    throw new Trouble("disk", `${path}: expected to write ${bytes.length} bytes, wrote less`)
  }
  await file.datasync()
}

async function readNewest(path: string): Promise<Slot | undefined> {
  const bytes = await readIfThere(path)
  if (bytes === undefined) return undefined
  const slots = [0, 1].flatMap((i) => parseSlot(bytes.subarray(i * SLOT_SIZE)) ?? [])
  const [newest] = slots.toSorted((a, b) => b.counter - a.counter)
  if (newest !== undefined && bytes.length === 2 * SLOT_SIZE) return newest
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
  let newest: Slot | undefined
  let file: FileHandle | undefined
  let last: Promise<void> = Promise.resolve()

  async function read(): Promise<Slot | undefined> {
    newest ??= await onDisk(path, readNewest(path))
    return newest
  }

  async function write(checkpoint: string): Promise<void> {
    const before = await read()
    const slot = { counter: (before?.counter ?? 0) + 1, checkpoint }
    if (before === undefined) await create(path, slot)
    else {
      file ??= await open(path, "r+")
      await overwrite(file, path, slot)
    }
    newest = slot
  }

  return {
    read: async () => (await read())?.checkpoint,
    write(checkpoint) {
      const written = onDisk(path, write(checkpoint))
      last = written.catch(() => {})
      return written
    },
    async close() {
      await last
      await file?.close()
      file = undefined
    },
  }
}
