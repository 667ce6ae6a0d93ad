// The messages of a monitor in its folder `messages`: files that somebody puts there are taken by the next round, and
// what was proven lies in `kept`, one file a message, named by the digest under which it is found and its own SHA-256.
// What is kept is compared with its name each time it is read and proves itself each time it is used, so nothing here
// is signed; a file that rotted is as one that is missing, and is made whole when its message is given again.
import { createHash, randomUUID } from "node:crypto"
import { existsSync, lstatSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { refuse } from "../../core/base/errors.ts"
import { LONGEST_PAYLOAD } from "../../core/base/limits.ts"
import type { MessageStore } from "../../monitor/messages/messages.ts"
import { diskTrouble, makeFolder, onDisk, readIfThere, syncNameOf } from "../disk/durable-file.ts"
import { plain } from "../disk/plain-bytes.ts"

interface MessageLimits {
  readonly mostCount: number
  readonly mostBytes: number
  /** Files in the spool folder beyond which the door puts no other. */
  readonly mostSpooled: number
}

const defaultLimits: MessageLimits = {
  mostCount: 100_000,
  mostBytes: 1_073_741_824,
  mostSpooled: 1_024,
}

const KEPT_NAME = /^(sha256|sha384|sha512)-([0-9a-f]{64,128})\.[0-9a-f]{64}$/
/** Of one digest: a payload's may be signed with several types. */
const MOST_OF_DIGEST = 16

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

function writeDurably(path: string, bytes: Uint8Array, temporary: string): void {
  onDisk(path, () => {
    writeFileSync(temporary, bytes, { flush: true, mode: 0o600 })
    renameSync(temporary, path)
  })
  syncNameOf(path)
}

/** The size of a regular file; undefined for anything else, links among it. */
function sizeOf(path: string): number | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isFile() === true ? found.size : undefined
}

function spooledIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  const found = onDisk(folder, () => readdirSync(folder, { withFileTypes: true }))
  const files = found.filter((each) => each.isFile() && !each.name.startsWith("."))
  return files.map(({ name }) => name).sort()
}

/** Reads the names of what is kept; makes nothing until there is something to keep. */
export function openMessageFolder(
  folder: string,
  limits: Partial<MessageLimits> = {},
): MessageStore {
  const { mostCount, mostBytes, mostSpooled } = { ...defaultLimits, ...limits }
  const kept = join(folder, "kept")
  /** File names by digest. */
  const names = new Map<string, string[]>()
  const total = { count: 0, bytes: 0, isFull: false }

  function note(name: string, size: number): void {
    const [, hash, hex] = KEPT_NAME.exec(name) ?? []
    if (hash === undefined) return
    const digest = `${hash}:${hex}`
    names.set(digest, [...(names.get(digest) ?? []), name])
    total.count += 1
    total.bytes += size
  }

  if (existsSync(kept)) {
    for (const name of onDisk(kept, () => readdirSync(kept))) {
      const size = sizeOf(join(kept, name))
      if (size !== undefined) note(name, size)
    }
  }

  async function read(path: string): Promise<Uint8Array | undefined> {
    const size = sizeOf(path)
    if (size === undefined || size > LONGEST_PAYLOAD) return undefined
    try {
      const bytes = await readIfThere(path)
      return bytes && plain(Buffer.from(bytes))
    } catch (reason) {
      throw diskTrouble(path, reason)
    }
  }

  function write(name: string, bytes: Uint8Array): void {
    makeFolder(kept)
    writeDurably(join(kept, name), bytes, join(kept, `.${randomUUID()}`))
  }

  /** Undefined for a file that cannot be read, or is not what its name says. */
  async function readKept(name: string): Promise<Uint8Array | undefined> {
    const bytes = await read(join(kept, name)).catch(() => undefined)
    return bytes !== undefined && name.endsWith(`.${sha256Hex(bytes)}`) ? bytes : undefined
  }

  return {
    has: (digest) => names.has(digest),
    async find(digest) {
      const found = await Promise.all((names.get(digest) ?? []).map(readKept))
      return found.filter((bytes) => bytes !== undefined)
    },
    async keep(digest, bytes) {
      const name = `${digest.replace(":", "-")}.${sha256Hex(bytes)}`
      const known = names.get(digest) ?? []
      if (known.includes(name)) {
        if ((await readKept(name)) === undefined) write(name, bytes)
        return true
      }
      const isFull = total.count >= mostCount || total.bytes + bytes.length > mostBytes
      if (isFull) total.isFull = true
      if (isFull || known.length >= MOST_OF_DIGEST) return false
      write(name, bytes)
      note(name, bytes.length)
      return true
    },
    usage: () => ({ ...total, mostCount, mostBytes, waiting: spooledIn(folder).length }),
    spooled: async () => spooledIn(folder),
    readSpooled: (name) => read(join(folder, name)),
    dropSpooled: async (name) => onDisk(folder, () => rmSync(join(folder, name), { force: true })),
    async spool(bytes) {
      const name = sha256Hex(bytes)
      const there = spooledIn(folder)
      if (there.includes(name)) return
      if (there.length >= mostSpooled) {
        refuse("try-later", `expected up to ${mostSpooled} messages that wait, found as many`)
      }
      makeFolder(folder)
      writeDurably(join(folder, name), bytes, join(folder, `.${name}-${randomUUID()}`))
    },
  }
}
