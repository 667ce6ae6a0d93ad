// Folders of bundles and artifacts, and by their names which of these belong together: ARTIFACT.sigstore.json lies
// beside ARTIFACT. Looks into no folder of a folder.
import { opendir, stat } from "node:fs/promises"
import { join } from "node:path"
import { Refusal } from "../../core/base/errors.ts"
import { verdictOf } from "../command/exit-code.ts"
import { onDisk } from "../command/file.ts"

/** How bundles are called; the name of the artifact stands before it. */
const ENDINGS = [
  ...[".sigstore.json", ".sigstore.jsonl", ".sigstore", ".intoto.jsonl", ".jsonl"],
  ...[".bundle", ".bundle.json"],
]

/** What a bundle of this name is of by its name; undefined for a file that is called otherwise. */
export function artifactNameOf(path: string): string | undefined {
  const ending = ENDINGS.find((each) => path.toLowerCase().endsWith(each))
  if (ending === undefined) return undefined
  const name = path.slice(0, -ending.length)
  return name === "" || name.endsWith("/") ? undefined : name
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}

/** The bundles that lie beside an artifact. */
export async function bundlesBeside(artifact: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const ending of ENDINGS) if (await isThere(artifact + ending)) found.push(artifact + ending)
  return found
}

/** The artifact that lies beside a bundle; undefined if there is none. */
export async function artifactBeside(bundle: string): Promise<string | undefined> {
  const path = artifactNameOf(bundle)
  return path !== undefined && (await isThere(path)) ? path : undefined
}

/** Files and what else a folder may hold. */
const MOST_FILES = 100_000

export interface Folder {
  /** Paths, sorted. */
  readonly bundles: readonly string[]
  readonly others: readonly string[]
  /** What is neither a file nor leads to one, such as folders. */
  readonly odd: readonly string[]
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

type Named = readonly [name: string, isFile: boolean]

/** Undefined if there are too many. */
async function namesIn(path: string): Promise<readonly Named[] | undefined> {
  const names: Named[] = []
  for await (const each of await opendir(path)) {
    if (names.length === MOST_FILES) return undefined
    const { name } = each
    names.push([name, each.isFile() || (each.isSymbolicLink() && (await isFile(join(path, name))))])
  }
  return names
}

function tooMany(path: string): Error {
  const expected = `expected up to ${MOST_FILES} files, found more; give them in parts`
  return verdictOf(new Refusal("too-large", `folder ${path}: ${expected}`))
}

/** What lies in a folder, without looking into any file. Not judged above 100,000 of them; throws trouble ("disk"). */
export async function readFolder(path: string): Promise<Folder> {
  const names = await onDisk("folder", path, namesIn(path))
  if (names === undefined) throw tooMany(path)
  const sorted = names.toSorted(([a], [b]) => (a < b ? -1 : 1))
  const paths = (wanted: boolean) =>
    sorted.filter(([, isOne]) => isOne === wanted).map(([name]) => join(path, name))
  const files = paths(true)
  return {
    bundles: files.filter((file) => artifactNameOf(file) !== undefined),
    others: files.filter((file) => artifactNameOf(file) === undefined),
    odd: paths(false),
  }
}
