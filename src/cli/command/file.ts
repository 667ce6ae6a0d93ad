// Files as commands read and write them: bounded, and written so that a reader sees all of it or nothing.
import { randomBytes } from "node:crypto"
import { open, readFile, rename, rm, stat } from "node:fs/promises"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { refuse, Trouble } from "../../core/base/errors.ts"

/** Awaits work on a file and translates the file system's error into trouble ("disk"). */
export async function onDisk<T>(what: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Trouble("disk", `${what} ${path}: ${reason}`, { cause: error })
  }
}

/** Reads a file of up to `longest` bytes; refuses `too-large`, throws trouble ("disk"). */
export async function readBytes(path: string, what: string, longest: number): Promise<Uint8Array> {
  const { size } = await onDisk(what, path, stat(path))
  if (size > longest) {
    refuse("too-large", `${what} ${path}: expected up to ${longest} bytes, found ${size}`)
  }
  return await onDisk(what, path, readFile(path))
}

/** As {@link readBytes}, and refuses `malformed` for what is not UTF-8. */
export async function readText(path: string, what: string, longest: number): Promise<string> {
  return parseUtf8(await readBytes(path, what, longest), `${what} ${path}`)
}

async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, "wx")
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function replace(path: string, draft: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeDurably(draft, content)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** Replaces a file at once: a crash leaves the old one or the new one. Throws trouble ("disk"). */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  what: string,
): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`
  await onDisk(what, path, replace(path, draft, content))
}
