// What the library's modules export, with the doc comment and the example of each, read from the source by
// pattern.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { checkout } from "../scenarios/process.ts"

export const modules = ["verify", "client", "audit", "keyless"] as const
export type Module = (typeof modules)[number]

export interface Exported {
  readonly name: string
  readonly kind: "function" | "const" | "class" | "interface" | "type"
  /** The doc comment without its stars; empty if there is none. */
  readonly comment: string
  /** The code of its `@example`. */
  readonly example?: string
}

/** A re-export: names, and the file that they come from. */
const STATEMENT = /^export (type )?\{([^}]*)\} from "(.+)"$/gm

export function sourceOf(module: Module): string {
  return readFileSync(join(checkout, "src/library", `${module}.ts`), "utf8")
}

/** The names of a list as it stands between braces. */
function namesIn(list: string): readonly string[] {
  const names = list.split(",").map((name) => name.trim().replace(/^type /, ""))
  return names.filter((name) => name !== "")
}

/** The file that a name is re-exported from. */
function originOf(name: string, source: string): string {
  const statements = [...source.matchAll(STATEMENT)]
  const [, , , from] = statements.find(([, , list = ""]) => namesIn(list).includes(name)) ?? []
  if (from === undefined) throw new Error(`no declaration of ${name}`)
  return from
}

/** What is left of a module without its comments and re-exports. */
export function restOf(module: Module): string {
  return sourceOf(module)
    .replaceAll(STATEMENT, "")
    .replaceAll(/^\/\/.*$/gm, "")
    .trim()
}

/** Where a file of src declares a name, or has it from. */
function declarationOf(name: string, file: string): Exported {
  const source = readFileSync(file, "utf8")
  const pattern = new RegExp(
    String.raw`(?:/\*\*((?:(?!\*/)[\s\S])*)\*/\n)?^export (?:declare )?(function|const|class|interface|type) ${name}\b`,
    "m",
  )
  const [, comment = "", kind] = pattern.exec(source) ?? []
  if (kind === undefined) return declarationOf(name, join(file, "..", originOf(name, source)))
  const text = comment.replaceAll(/^ \* ?/gm, "").trim()
  const [, example] = /^@example\n```ts\n([\s\S]+?)^```$/m.exec(text) ?? []
  const found = { name, kind: kind as Exported["kind"], comment: text }
  return example === undefined ? found : { ...found, example }
}

/** Every name that a module exports. */
export function exportsOf(module: Module): readonly Exported[] {
  return [...sourceOf(module).matchAll(STATEMENT)].flatMap(([, , list = "", from = ""]) =>
    namesIn(list).map((name) => declarationOf(name, join(checkout, "src/library", from))),
  )
}
