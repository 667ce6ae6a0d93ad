// Everything that the library needs must run in a browser: its import graph uses nothing of Node, and the
// built modules load in a process that has none of Node's modules and globals.
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { codeOf, importsOf } from "./imports.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(root, folder, name))
}

/** The files that these import, directly and through others, with themselves. */
function graphOf(entries: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const open = [...entries]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const { specifier } of importsOf(readFileSync(file, "utf8"))) {
      if (specifier.startsWith(".")) open.push(join(dirname(file), specifier))
    }
  }
  return seen
}

const NODE_GLOBAL =
  /(?<![\w"'`]|(?<!globalThis)\.)(?:Buffer|process|global|__dirname|__filename|setImmediate)\b/

const floors = ["core", "entry", "sigstore", "evidence", "client", "library"]

/** The one module for Node only. */
const nodeOnly = join(root, "src", "library", "keyless.ts")

describe("the floors that run in a browser", () => {
  const all = floors.flatMap((floor) => filesOf(`src/${floor}`))
  const graph = graphOf(all.filter((file) => file !== nodeOnly))
  const names = [...graph].map((file) => relative(root, file))

  test("client/verify, core and entry are among the files that are read", () => {
    expect(names).toContain(join("src", "client", "verify", "verify.ts"))
    expect(names).toContain(join("src", "core", "tree", "hash.ts"))
    expect(names).toContain(join("src", "entry", "entry.ts"))
  })

  test("import nothing of Node and nothing outside of these layers", () => {
    const outside = names.filter((name) => !floors.includes(name.split(/[\\/]/)[1] ?? ""))
    const node = [...graph].filter((file) =>
      importsOf(readFileSync(file, "utf8")).some(({ specifier }) => specifier.startsWith("node:")),
    )
    expect([...outside, ...node]).toEqual([])
  })

  test("use no global of Node", () => {
    const using = [...graph].filter((file) => NODE_GLOBAL.test(codeOf(readFileSync(file, "utf8"))))
    expect(using.map((file) => relative(root, file))).toEqual([])
    for (const code of ["return Buffer.from(text)", "globalThis.process.env"]) {
      expect(NODE_GLOBAL.test(code)).toBe(true)
    }
  })
})

const modules = ["verify", "client", "audit"].map(
  (name) => new URL(`../dist/library/${name}.js`, import.meta.url),
)
const isBuilt = modules.every((built) => existsSync(built))
if (!isBuilt) console.warn("SKIPPED: dist/library is not built")

/** Refuses every module of Node to whatever is imported after it. */
const hooks = `
  import { builtinModules } from "node:module"
  export async function resolve(specifier, context, next) {
    if (specifier.startsWith("node:") || builtinModules.includes(specifier)) {
      throw new Error("a browser has no " + specifier)
    }
    return next(specifier, context)
  }`
const programOf = (built: URL) => `
  import { register } from "node:module"
  register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}))
  const print = console.log
  const refused = await import("node:fs").then(() => false, () => true)
  for (const name of ["Buffer", "process", "global", "setImmediate"]) delete globalThis[name]
  const loaded = await import(${JSON.stringify(built.href)})
  print(JSON.stringify({ refused, functions: Object.keys(loaded).length, node: typeof Buffer }))`

test.skipIf(!isBuilt).each(modules)("the built %s loads without Node", async (built) => {
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, [
    "--input-type=module",
    "--eval",
    programOf(built),
  ])
  const { refused, functions, node } = JSON.parse(stdout)
  expect([refused, node]).toEqual([true, "undefined"])
  expect(functions).toBeGreaterThan(0)
})
