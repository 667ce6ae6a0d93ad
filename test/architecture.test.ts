// Holds the layers (arrows only point down) and the rules that every file of src keeps, by reading the
// source. What a file imports is taken from its import lines, type-only ones included.
import { readdirSync, readFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { codeOf, type Import, importsOf } from "./imports.ts"

const src = fileURLToPath(new URL("../src", import.meta.url))

interface SourceFile {
  /** Relative to src, with slashes. */
  readonly path: string
  readonly text: string
}

const files: readonly SourceFile[] = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({
    path: path.split(sep).join("/"),
    text: readFileSync(join(src, path), "utf8"),
  }))

interface Layer {
  /** The layers below that it may import from, apart from itself. */
  readonly layers: readonly string[]
  /** Whether it may import `node:` modules. */
  readonly node: boolean
  /** The packages it may import; one that ends in a slash stands for its whole scope. */
  readonly packages: readonly string[]
}

const layers = {
  core: { layers: [], node: false, packages: ["@noble/"] },
  entry: { layers: ["core"], node: false, packages: ["canonicalize", "@peculiar/"] },
  tree: { layers: ["core"], node: false, packages: [] },
  log: { layers: ["core", "entry", "tree"], node: false, packages: [] },
  sigstore: { layers: ["core", "entry"], node: false, packages: [] },
  evidence: { layers: ["core", "entry", "sigstore"], node: false, packages: [] },
  witness: { layers: ["core", "evidence"], node: false, packages: [] },
  monitor: {
    layers: ["core", "entry", "sigstore", "tree", "evidence"],
    node: false,
    packages: [],
  },
  client: {
    layers: ["core", "entry", "sigstore", "log", "witness", "monitor"],
    node: false,
    packages: [],
  },
  crypto: {
    layers: ["core", "entry", "log", "witness", "monitor"],
    node: true,
    packages: ["koffi", "@noble/", "piscina", "lru-cache"],
  },
  storage: {
    layers: ["core", "log", "witness", "monitor"],
    node: true,
    packages: ["better-sqlite3"],
  },
  http: {
    layers: ["core", "entry", "log", "sigstore", "evidence", "witness", "monitor"],
    node: true,
    packages: ["express", "ajv", "yaml", "negotiator", "prom-client", "lru-cache"],
  },
} satisfies Record<string, Layer>

/** `cli` wires everything and may import anything. */
const UNBOUND = "cli"

function layerOf(path: string): string {
  return path.split("/")[0] as string
}

function packageOf(specifier: string): string {
  const [scope = "", name = ""] = specifier.split("/")
  return scope.startsWith("@") ? `${scope}/${name}` : scope
}

function isAllowed(file: SourceFile, layer: Layer, { specifier }: Import): boolean {
  if (specifier.startsWith("node:")) return layer.node
  if (specifier.startsWith(".")) {
    const target = relative(src, join(src, file.path, "..", specifier))
    const targetLayer = layerOf(target.split(sep).join("/"))
    const own = targetLayer === layerOf(file.path)
    return own || layer.layers.includes(targetLayer)
  }
  const name = packageOf(specifier)
  return layer.packages.some((allowed) =>
    allowed.endsWith("/") ? name.startsWith(allowed) : name === allowed,
  )
}

describe("layers", () => {
  for (const [name, layer] of Object.entries<Layer>(layers)) {
    test(`${name} imports only what its layer may import`, () => {
      const own = files.filter(({ path }) => layerOf(path) === name)
      const broken = own.flatMap((file) =>
        importsOf(file.text)
          .filter((found) => !isAllowed(file, layer, found))
          .map(({ specifier }) => `${file.path} imports ${specifier}`),
      )
      expect(own.length).toBeGreaterThan(0)
      expect(broken).toEqual([])
    })
  }

  test("every file of src belongs to a layer", () => {
    const known = [...Object.keys(layers), UNBOUND]
    expect(files.map(({ path }) => path).filter((path) => !known.includes(layerOf(path)))).toEqual(
      [],
    )
  })

  test("the check tells an allowed import from a forbidden one", () => {
    const file = { path: "http/app.ts", text: "" }
    const layer = layers.http
    const allowed = (text: string) => importsOf(text).map((found) => isAllowed(file, layer, found))
    expect(allowed('import { a } from "../core/bytes.ts"\nimport b from "express"')).toEqual([
      true,
      true,
    ])
    expect(allowed('import type { A } from "../client/verify.ts"')).toEqual([false])
    expect(allowed('import { a } from "../client/verify.ts"')).toEqual([false])
    expect(allowed('export * from "../storage/memory.ts"')).toEqual([false])
    expect(allowed('const a = await import("left-pad")')).toEqual([false])
  })
})

describe("every file of src", () => {
  function offenders(rule: (file: SourceFile) => boolean): string[] {
    return files.filter(rule).map(({ path }) => path)
  }

  test("begins with a comment that says what it is", () => {
    const starts = /^(?:#!.*\n)?\/\/ \S/
    expect(offenders(({ text }) => !starts.test(text))).toEqual([])
  })

  test("has at most 300 lines", () => {
    expect(offenders(({ text }) => text.trimEnd().split("\n").length > 300)).toEqual([])
  })

  test("has no default export", () => {
    expect(offenders(({ text }) => /^export default\b/m.test(codeOf(text)))).toEqual([])
  })

  test("leaves no mark for work to be done", () => {
    expect(offenders(({ text }) => /\b(?:TODO|FIXME|XXX)\b/.test(text))).toEqual([])
  })

  test("imports other files of src by their whole name", () => {
    const bare = ({ text }: SourceFile) =>
      importsOf(text).some(({ specifier }) => /^\./.test(specifier) && !/\.ts$/.test(specifier))
    expect(offenders(bare)).toEqual([])
  })
})
