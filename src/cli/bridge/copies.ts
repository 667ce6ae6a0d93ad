// Copies of what a registry had, in files by their digests, each written durably before anything refers to it. Their
// bytes together are bounded; what has no room is not kept, and the caller says so. A copy that does not have its digest
// any more counts as none.
import { createHash } from "node:crypto"
import { existsSync, readdirSync, rmSync, statSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { makeFolder, onDisk, syncNameOf } from "../../storage/disk/durable-file.ts"
import { writeWhole } from "../command/file.ts"

export interface Copies {
  /** Keeps bytes and gives the digest to find them by; undefined if there is no room. */
  keep(bytes: Uint8Array): Promise<string | undefined>
  read(digest: string): Promise<Uint8Array | undefined>
}

const NAME = /^[0-9a-f]{64}$/

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

/** Opens the copies below `folder`, `room` bytes of them at most. */
export function openCopies(folder: string, room: number): Copies {
  const fileOf = (digest: string) => join(folder, digest.replace("sha256:", ""))
  makeFolder(folder)
  // What a stop in the middle of a write has left behind.
  onDisk(folder, () => {
    const drafts = readdirSync(folder).filter((name) => name.endsWith(".tmp"))
    for (const name of drafts) rmSync(join(folder, name))
  })
  let held = onDisk(folder, () =>
    readdirSync(folder)
      .filter((name) => NAME.test(name))
      .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0),
  )

  async function read(digest: string): Promise<Uint8Array | undefined> {
    const file = fileOf(digest)
    if (!NAME.test(digest.replace("sha256:", "")) || !existsSync(file)) return undefined
    const bytes = await readFile(file)
    return digestOf(bytes) === digest ? new Uint8Array(bytes) : undefined
  }

  return {
    read,
    async keep(bytes) {
      const digest = digestOf(bytes)
      if ((await read(digest)) !== undefined) return digest
      if (held + bytes.length > room) return undefined
      await writeWhole(fileOf(digest), bytes, "copy")
      syncNameOf(fileOf(digest))
      held += bytes.length
      return digest
    },
  }
}
