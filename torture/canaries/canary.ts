// Canaries: copies of the built program in which a defence is taken away. A harness that finds nothing wrong with one
// is broken itself. Every file of this folder but this one lends some under the name `canaries`.
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export interface Canary {
  readonly name: string
  /** The harness that must find it. */
  readonly harness: string
  /** The defence that is missing, for people. */
  readonly without: string
  readonly edits: readonly Edit[]
}

/** `found` stands exactly once in a file, named from `dist` on, and is replaced. */
export interface Edit {
  readonly file: string
  readonly found: string
  readonly by: string
}

/** Throws where the text does not stand there exactly once: the program has changed, and the canary must, too. */
function edited(text: string, { file, found, by }: Edit): string {
  const parts = text.split(found)
  if (parts.length !== 2) {
    throw new Error(`${file}: expected once, found ${parts.length - 1} times: ${found}`)
  }
  return parts.join(by)
}

/** Throws where an edit does not fit the built program. */
export function assertFits(project: string, { edits }: Canary): void {
  const texts = new Map<string, string>()
  for (const edit of edits) {
    const text = texts.get(edit.file) ?? readFileSync(join(project, "dist", edit.file), "utf8")
    texts.set(edit.file, edited(text, edit))
  }
}

/** Makes a program without the defence in an empty folder, which is given back. */
export function makeCanary(project: string, canary: Canary, folder: string): string {
  mkdirSync(folder, { recursive: true })
  for (const name of ["dist", "migrations", "package.json", "openapi.yaml"]) {
    cpSync(join(project, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"))
  for (const edit of canary.edits) {
    const path = join(folder, "dist", edit.file)
    writeFileSync(path, edited(readFileSync(path, "utf8"), edit))
  }
  return folder
}

/** All canaries; the compiled files of this folder lend them. */
export async function loadCanaries(): Promise<readonly Canary[]> {
  const folder = new URL("./", import.meta.url)
  const files = readdirSync(folder).filter((name) => /^(?!canary\.).*\.(js|ts)$/.test(name))
  const modules: { readonly canaries: readonly Canary[] }[] = await Promise.all(
    files.sort().map((name) => import(new URL(name, folder).href)),
  )
  return modules.flatMap(({ canaries }) => canaries)
}
