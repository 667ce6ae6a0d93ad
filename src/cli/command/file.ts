// Files as commands read and write them: bounded, and written so that a reader sees all of it or nothing; and
// digests of a file of any size: one pass, a constant amount of memory, the platform's own hashes.
import { createHash, randomBytes } from "node:crypto"
import { createReadStream, readFileSync, statSync } from "node:fs"
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { ArtifactDigests } from "../../client/verify/artifact.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import type { HashName } from "../../core/base/digest.ts"
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { verdictOf } from "./exit-code.ts"

/** Awaits work on a file and translates the file system's error into trouble ("disk"). */
export async function onDisk<T>(what: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Trouble("disk", `${what} ${path}: ${reason}`, { cause: error })
  }
}

/** What a pipe or a device gives, whose size nobody knows before; undefined above `longest` bytes. */
export async function drain(path: string, longest: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  const stream: AsyncIterable<Uint8Array> = createReadStream(path)
  for await (const chunk of stream) {
    length += chunk.length
    if (length > longest) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function readAtMost(path: string, longest: number): Promise<Uint8Array | undefined> {
  const found = await stat(path)
  if (found.size > longest) return undefined
  return found.isFile() && found.size > 0 ? await readFile(path) : await drain(path, longest)
}

/** Reads a file, a pipe or a device of up to `longest` bytes; refuses `too-large`, throws trouble ("disk"). */
export async function readBytes(path: string, what: string, longest: number): Promise<Uint8Array> {
  const bytes = await onDisk(what, path, readAtMost(path, longest))
  return (
    bytes ?? refuse("too-large", `${what} ${path}: expected up to ${longest} bytes, found more`)
  )
}

/** As {@link readBytes}, of what is to be verified: what is too large is not judged. */
export async function readStatement(
  path: string,
  what: string,
  longest: number,
): Promise<Uint8Array> {
  try {
    return await readBytes(path, what, longest)
  } catch (error) {
    throw error instanceof Refusal ? verdictOf(error) : error
  }
}

const BYTE_ORDER_MARK = "\ufeff"

/** As {@link readBytes}, without a byte order mark; refuses `malformed` for what is not UTF-8. */
export async function readText(path: string, what: string, longest: number): Promise<string> {
  const text = parseUtf8(await readBytes(path, what, longest), `${what} ${path}`)
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
}

async function replace(
  path: string,
  draft: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  try {
    await writeFile(draft, content, { flag: "wx", flush: true, mode })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/**
 * Replaces a file at once: a crash leaves the old one or the new one. The file gets `mode` as far as the umask lets it.
 * Throws trouble ("disk").
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  what: string,
  mode = 0o666,
): Promise<void> {
  // A name of its own, since one that is made longer may be too long.
  const draft = join(dirname(path), `.${randomBytes(6).toString("hex")}.tmp`)
  await onDisk(what, path, replace(path, draft, content, mode))
}

const CHUNK = 1024 * 1024

interface Sink {
  update(chunk: Uint8Array): unknown
}

/** Lets the file run through all sinks at once; throws trouble ("disk"). */
export async function pourFile(path: string, sinks: readonly Sink[]): Promise<void> {
  async function pour(): Promise<void> {
    // Of a small file one read at once costs far less than a stream.
    const found = statSync(path)
    if (found.isFile() && found.size <= CHUNK) {
      const content = readFileSync(path)
      for (const sink of sinks) sink.update(content)
      return
    }
    const chunks: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: CHUNK })
    for await (const chunk of chunks) for (const sink of sinks) sink.update(chunk)
  }
  await onDisk("artifact", path, pour())
}

/** The file's digests by these hashes; throws trouble ("disk"). */
export async function digestFile(
  path: string,
  names: readonly HashName[],
): Promise<ArtifactDigests> {
  const hashes = names.map((name) => ({ name, hash: createHash(name) }))
  await pourFile(
    path,
    hashes.map(({ hash }) => hash),
  )
  return Object.fromEntries(hashes.map(({ name, hash }) => [name, hash.digest()]))
}
