// What the library's modules export, with the doc comment and the example of each, read from the source by
// pattern.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { checkout } from "../scenarios/process.ts"

export const modules = ["verify", "client", "audit"] as const
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

/** What is left of a module without its comments and re-exports. */
export function restOf(module: Module): string {
  return sourceOf(module)
    .replaceAll(STATEMENT, "")
    .replaceAll(/^\/\/.*$/gm, "")
    .trim()
}

function declarationOf(name: string, source: string): Exported {
  const pattern = new RegExp(
    String.raw`(?:/\*\*((?:(?!\*/)[\s\S])*)\*/\n)?^export (?:declare )?(function|const|class|interface|type) ${name}\b`,
    "m",
  )
  const [, comment = "", kind] = pattern.exec(source) ?? []
  if (kind === undefined) throw new Error(`no declaration of ${name}`)
  const text = comment.replaceAll(/^ \* ?/gm, "").trim()
  const [, example] = /^@example\n```ts\n([\s\S]+?)^```$/m.exec(text) ?? []
  const found = { name, kind: kind as Exported["kind"], comment: text }
  return example === undefined ? found : { ...found, example }
}

/** Every name that a module exports. */
export function exportsOf(module: Module): readonly Exported[] {
  return [...sourceOf(module).matchAll(STATEMENT)].flatMap(([, , names = "", from = ""]) => {
    const source = readFileSync(join(checkout, "src/library", from), "utf8")
    return names
      .split(",")
      .map((name) => name.trim().replace(/^type /, ""))
      .filter((name) => name !== "")
      .map((name) => declarationOf(name, source))
  })
}
