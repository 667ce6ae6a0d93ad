// A watch file with everything that it names, read from the disk: what it says, which files were read, and a digest of
// them all, by which a monitor knows whether anything has changed.
import { createHash, hash } from "node:crypto"
import { readdir, stat } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { utf8 } from "../../core/base/bytes.ts"
import { hashNames } from "../../core/base/digest.ts"
import { bug } from "../../core/base/errors.ts"
import { LONGEST_WATCH, LONGEST_WATCH_LIST } from "../../core/base/limits.ts"
import { formatHex } from "../../core/base/text.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import type { WatchFiles } from "../../monitor/watch/files.ts"
import { parseWatch, type Watch } from "../../monitor/watch/watch.ts"
import type { LedgerFolder } from "../../storage/files/ledger-folder.ts"
import { digestFile, onDisk, readText } from "../command/file.ts"

/** A file, a folder or a posted ledger as it was found; the same text for the same content. */
interface Source {
  readonly path: string
  readonly state: string
  /** Looks again. */
  look(): Promise<string>
}

export interface ReadWatch {
  readonly watch: Watch
  /** Hex of a SHA-256 over everything that was read. */
  readonly digest: string
  /** Every file and folder that was read, the watch file first. */
  readonly files: readonly string[]
  readonly sources: readonly Source[]
}

interface WatchOptions {
  /** What pipelines have posted. */
  readonly ledgers?: Pick<LedgerFolder, "read" | "fileOf">
  /** What was read before: given back if nothing has changed since. */
  readonly previous?: ReadWatch | undefined
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex")
}

/** Of a file that may be large: what changes when it is written. */
async function stampOf(path: string): Promise<string> {
  const found = await onDisk("file", path, stat(path, { bigint: true }))
  return `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`
}

/** The names in a folder that may be files, sorted; undefined for what is no folder. */
async function folderOf(path: string): Promise<readonly string[] | undefined> {
  if (!(await onDisk("file", path, stat(path))).isDirectory()) return undefined
  const inside = await onDisk("folder", path, readdir(path, { withFileTypes: true }))
  const files = inside.filter((each) => each.isFile() || each.isSymbolicLink())
  return files.map(({ name }) => name).toSorted()
}

async function digestsOf(path: string): Promise<readonly string[]> {
  const digests = await digestFile(path, hashNames)
  return hashNames.map((name) => `${name}:${formatHex(digests[name] ?? bug(`no ${name}`))}`)
}

/** The file system as a watch file sees it, with every look remembered in `sources`. */
function watchFiles(file: string, { ledgers }: WatchOptions, sources: Source[]): WatchFiles {
  async function remember<T>(path: string, read: () => Promise<T>, state: (read: T) => string) {
    const value = await read()
    const look = async () => state(await read())
    sources.push({ path, state: state(value), look })
    return value
  }
  const folderState = (names: readonly string[] | undefined) => JSON.stringify(names ?? null)
  return {
    path: resolve(file),
    resolve: (path, base) => resolve(dirname(base === "" ? file : `${base}.`), path),
    text: (path) =>
      remember(path, () => readText(path, "file of the watch file", LONGEST_WATCH_LIST), sha256),
    async digests(path) {
      await remember(path, () => stampOf(path), String)
      return await digestsOf(path)
    },
    folder: (path) => remember(path, () => folderOf(path), folderState),
    async posted(signer) {
      if (ledgers === undefined) return undefined
      const path = ledgers.fileOf(signer)
      const read = () => ledgers.read(signer)
      const text = await remember(path, read, (found) => (found === undefined ? "" : sha256(found)))
      return text === undefined ? undefined : { file: path, text }
    },
    leaf: nativeHasher.leaf,
    digest: (name, bytes) => hash(name, bytes, "hex"),
  }
}

/** Whether all sources are as they were; not if one cannot be read, which reading it all again then says. */
async function isUnchanged(sources: readonly Source[]): Promise<boolean> {
  try {
    for (const { state, look } of sources) if ((await look()) !== state) return false
    return true
  } catch {
    return false
  }
}

/**
 * Reads a watch file and everything that it names; what it names is looked up beside it. Refuses as `parseWatch()` does;
 * throws trouble ("disk"). With `previous` everything is read, and parsed only if something has changed.
 */
export async function readWatch(path: string, options: WatchOptions = {}): Promise<ReadWatch> {
  const { previous } = options
  if (previous !== undefined && (await isUnchanged(previous.sources))) return previous
  const read = () => readText(path, "watch file", LONGEST_WATCH)
  const text = await read()
  const own = { path: resolve(path), state: sha256(text), look: async () => sha256(await read()) }
  return await readWatchText(path, text, options, [own])
}

/** As {@link readWatch}, with the text that the watch file has, or is to have. */
export async function readWatchText(
  path: string,
  text: string,
  options: WatchOptions = {},
  own: readonly Source[] = [],
): Promise<ReadWatch> {
  const sources = [...own]
  const watch = await parseWatch(text, watchFiles(path, options, sources), path)
  const states = sources.map((source) => `${source.path}\0${source.state}\n`)
  const files = [...new Set(sources.map((source) => source.path))]
  return { watch, digest: sha256(utf8(states.join(""))), files, sources }
}
