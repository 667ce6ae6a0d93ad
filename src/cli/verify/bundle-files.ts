// The bundles in a file: one, or one a line (JSON lines), read without holding more than one of the longest in memory.
// What is in a line is for others to judge; a line that is too long is a bundle that is too large.
import { createReadStream, readFileSync, statSync } from "node:fs"
import { stat } from "node:fs/promises"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { Refusal } from "../../core/base/errors.ts"
import { LONGEST_BUNDLE } from "../../core/base/limits.ts"
import { drain, onDisk } from "../command/file.ts"

export interface GivenBundle {
  readonly path: string
  /** Counted from 1; undefined if the file is one bundle. */
  readonly line?: number
  /** The text, or why it cannot be read. */
  readonly text: string | Refusal
}

/** Whether there is a folder of this name. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

const NEWLINE = 0x0a
const OPENING = 0x7b
const CLOSING = 0x7d

const isBlank = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE

function trimmed(bytes: Uint8Array): Uint8Array {
  let [start, end] = [0, bytes.length]
  while (start < end && isBlank(bytes[start])) start += 1
  while (end > start && isBlank(bytes[end - 1])) end -= 1
  return bytes.subarray(start, end)
}

function tooLarge(what: string, path: string): Refusal {
  return new Refusal("too-large", `${what} ${path}: expected up to ${LONGEST_BUNDLE} bytes`)
}

function textOf(bytes: Uint8Array, what: string): string | Refusal {
  try {
    return parseUtf8(bytes, what)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** The lines of a stream of bytes, at most `LONGEST_BUNDLE` each; undefined for one that is longer. */
async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array | undefined, void> {
  let pending: Uint8Array[] = []
  let length = 0
  const take = (): Uint8Array | undefined => {
    const line = length > LONGEST_BUNDLE ? undefined : Buffer.concat(pending)
    pending = []
    length = 0
    return line
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      length += end - start
      if (length <= LONGEST_BUNDLE) pending.push(chunk.subarray(start, end))
      yield take()
      start = end + 1
    }
    length += chunk.length - start
    // What is too long is not kept.
    if (length > LONGEST_BUNDLE) pending = []
    else pending.push(chunk.subarray(start))
  }
  yield take()
}

function isWholeObject(bytes: Uint8Array): boolean {
  if (bytes[0] !== OPENING || bytes.at(-1) !== CLOSING) return false
  try {
    JSON.parse(Buffer.from(bytes).toString())
    return true
  } catch {
    return false
  }
}

/** Whether the first line is a whole object, and not the last. */
function isLines(bytes: Uint8Array): boolean {
  const text = trimmed(bytes)
  const end = text.indexOf(NEWLINE)
  return end > 0 && isWholeObject(trimmed(text.subarray(0, end)))
}

const LINES_NAME = /\.jsonl$/i

async function* oneALine(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<GivenBundle, void> {
  let line = 0
  for await (const bytes of linesOf(chunks)) {
    line += 1
    const what = `bundle ${path}, line ${line}`
    if (bytes === undefined) {
      yield { path, line, text: tooLarge("bundle", `${path}, line ${line}`) }
    } else {
      const own = trimmed(bytes)
      if (own.length > 0) yield { path, line, text: textOf(own, what) }
    }
  }
}

async function* theseBytes(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes
}

/** Streams translate the file system's errors as well. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array, void> {
  const stream: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: 1024 * 1024 })
  const chunks = stream[Symbol.asyncIterator]()
  for (;;) {
    const next = await onDisk("bundle", path, chunks.next())
    if (next.done === true) return
    yield next.value
  }
}

/** All of the file at once, which for many small ones costs far less than a promise for each step; undefined if too long. */
async function readWhole(path: string): Promise<Uint8Array | undefined> {
  const found = statSync(path)
  if (found.size > LONGEST_BUNDLE) return undefined
  return found.isFile() && found.size > 0 ? readFileSync(path) : await drain(path, LONGEST_BUNDLE)
}

/** A file of lines without any is no bundle, as an empty file is none. */
async function* atLeastOne(
  path: string,
  bundles: AsyncIterable<GivenBundle>,
): AsyncGenerator<GivenBundle, void> {
  let isAny = false
  for await (const bundle of bundles) {
    isAny = true
    yield bundle
  }
  if (isAny) return
  yield {
    path,
    text: new Refusal("malformed", `bundle ${path}: expected one bundle a line, found none`),
  }
}

/**
 * Reads a file as one bundle, or as JSON lines if it is called so or its first line is a whole object that is not the
 * last. Blank lines count and are left out. Gives at least one, or says that there is none. Throws trouble ("disk").
 */
export async function* bundlesIn(path: string): AsyncGenerator<GivenBundle, void> {
  const bytes = await onDisk("bundle", path, readWhole(path))
  if (bytes === undefined) {
    if (LINES_NAME.test(path)) yield* atLeastOne(path, oneALine(path, chunksOf(path)))
    else yield { path, text: tooLarge("bundle", path) }
    return
  }
  if (LINES_NAME.test(path) || isLines(bytes)) {
    yield* atLeastOne(path, oneALine(path, theseBytes(bytes)))
  } else yield { path, text: textOf(bytes, `bundle ${path}`) }
}
