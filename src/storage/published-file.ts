// The last published checkpoint in a file of its own, replaced as a whole. Whoever reads it must verify it:
// it lies beside the database and may be put back along with it.
import { open, readFile, rename } from "node:fs/promises"
import { dirname } from "node:path"
import { parseUtf8 } from "../core/bytes.ts"
import type { PublishedStore } from "../log/publishing.ts"
import { diskTrouble, systemCode } from "./durable-file.ts"

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

async function sync(path: string): Promise<void> {
  const folder = await open(path, "r")
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.new`
  const file = await open(draft, "w")
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  await sync(dirname(path))
}

/** Calls of `write` must not overlap. Throws trouble ("disk"); refuses `malformed` for other text. */
export function openPublishedFile(path: string): PublishedStore {
  return {
    async read() {
      const bytes = await onDisk(path, readIfThere(path))
      return bytes === undefined ? undefined : parseUtf8(bytes, path)
    },
    write: (checkpoint) => onDisk(path, replace(path, checkpoint)),
  }
}
