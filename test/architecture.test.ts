// Holds the floors (layers: arrows only point down), the corridors between the rooms (folders) of a floor,
// and the rules that every file of src keeps, by reading the source. What a file imports is taken from its
// import lines, type-only ones included.
import { readdirSync, readFileSync } from "node:fs"
import { join, posix, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { circlesOf } from "./circles.ts"
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
  signer: { layers: ["core", "entry", "tree", "log"], node: false, packages: [] },
  monitor: {
    layers: ["core", "entry", "sigstore", "tree", "evidence"],
    node: false,
    packages: ["re2js"],
  },
  client: {
    layers: ["core", "entry", "sigstore", "log", "witness", "monitor"],
    node: false,
    packages: [],
  },
  keyless: {
    layers: ["core", "entry", "sigstore", "client"],
    node: true,
    packages: ["@sigstore/", "re2js"],
  },
  library: {
    layers: ["core", "entry", "sigstore", "evidence", "client", "keyless"],
    node: false,
    packages: [],
  },
  crypto: {
    layers: ["core", "entry", "log", "signer", "witness", "monitor"],
    node: true,
    packages: ["koffi", "@noble/", "piscina", "lru-cache", "pkcs11js"],
  },
  storage: {
    layers: ["core", "log", "signer", "witness", "monitor"],
    node: true,
    packages: ["better-sqlite3", "koffi"],
  },
  http: {
    layers: ["core", "entry", "log", "sigstore", "evidence", "witness", "monitor"],
    node: true,
    packages: ["express", "ajv", "yaml", "negotiator", "prom-client", "lru-cache", "jose", "re2js"],
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
    expect(allowed('import type { A } from "../client/verify/verify.ts"')).toEqual([false])
    expect(allowed('import { a } from "../client/verify/verify.ts"')).toEqual([false])
    expect(allowed('export * from "../storage/files/guard-file.ts"')).toEqual([false])
    expect(allowed('const a = await import("left-pad")')).toEqual([false])
  })
})

/**
 * The rooms of each floor that has several, and the rooms of the same floor that each may import from. "."
 * is the floor's own folder, a room below a room is named by its path. A room that is not listed is refused.
 */
const corridors: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  core: { base: [], tree: ["base"], note: ["base", "tree"], acts: ["base"], access: ["base"] },
  entry: {
    statement: [],
    ".": ["statement"],
    "rekor-v1": ["."],
    kinds: ["statement", ".", "rekor-v1"],
    certificates: ["."],
  },
  log: {
    ports: [],
    search: ["ports"],
    ".": ["ports", "search"],
    publishing: ["ports", "."],
  },
  monitor: {
    state: [],
    watch: [],
    findings: ["state"],
    heads: ["state", "findings"],
    follow: ["state", "findings"],
    promises: ["state", "findings", "heads"],
    alerts: ["state", "findings"],
    pending: ["state", "findings", "follow"],
    messages: ["state", "findings", "follow", "pending"],
    search: ["state", "watch", "findings", "follow", "pending"],
    entries: [
      "state",
      "watch",
      "findings",
      "heads",
      "follow",
      "alerts",
      "pending",
      "messages",
      "search",
    ],
    rescan: ["state", "watch", "findings", "follow", "pending", "messages", "search", "entries"],
    ".": [
      "state",
      "watch",
      "findings",
      "heads",
      "follow",
      "promises",
      "alerts",
      "pending",
      "messages",
      "search",
      "entries",
      "rescan",
    ],
  },
  client: { ".": [], verify: ["."], messages: ["."], registry: [".", "messages"] },
  crypto: { engines: [], keys: ["engines"], signers: ["engines", "keys"], ".": [] },
  storage: {
    disk: [],
    rules: [],
    files: ["disk", "rules"],
    "sqlite/database": ["disk"],
    "sqlite/search": ["disk", "sqlite/database"],
    "sqlite/log": ["disk", "rules", "sqlite/database", "sqlite/search"],
    ".": ["sqlite/log", "sqlite/search"],
    "sqlite/monitor": ["disk", "rules", "sqlite/database"],
    "sqlite/witness": ["disk", "rules", "files", "sqlite/database"],
  },
  http: {
    flow: [],
    serving: ["flow"],
    access: ["serving"],
    door: ["serving", "access"],
    limits: ["serving"],
    reference: ["serving"],
    native: ["serving", "access", "door"],
    "rekor-v1": ["serving", "door"],
    "rekor-v2": ["serving", "door"],
    log: ["serving", "access", "limits", "door", "reference", "native", "rekor-v1", "rekor-v2"],
    monitor: ["serving", "access", "limits", "door", "reference"],
    witness: ["serving", "limits", "reference"],
  },
  cli: {
    network: [],
    command: ["network"],
    access: ["network", "command"],
    serving: ["network", "command"],
    "log/search": ["command"],
    "log/threads": ["log/search"],
    "log/signing": ["command"],
    log: [
      ...["network", "command", "access", "serving", "audit"],
      ...["log/search", "log/threads", "log/signing"],
    ],
    user: ["network", "command"],
    keys: ["command"],
    verify: ["command", "user"],
    "sign/keys": ["command"],
    sign: ["command", "sign/keys"],
    "sign/fetch": ["command", "sign"],
    audit: ["command"],
    attach: ["command"],
    bridge: ["command", "serving"],
    witness: ["command", "serving", "audit", "log"],
    signer: ["command", "serving", "log", "log/signing"],
    "monitor/sinks": ["command"],
    watch: ["command"],
    monitor: ["command", "network", "access", "serving", "audit", "monitor/sinks", "watch"],
    ".": [
      ...["command", "access", "serving", "log", "user", "keys", "verify", "sign", "sign/fetch"],
      "attach",
      ...["audit", "bridge", "witness", "signer", "watch", "monitor"],
    ],
  },
}

const folderOf = (path: string): string => posix.dirname(path)

/** The room of a file within its floor; "." is the floor's own folder. */
function roomOf(path: string): string {
  return folderOf(path).split("/").slice(1).join("/") || "."
}

/** The files of src that a file imports, relative to src. */
function targetsOf({ path, text }: SourceFile): string[] {
  return importsOf(text)
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => posix.join(folderOf(path), specifier))
}

const MOST_FILES = 20

describe("rooms", () => {
  for (const floor of new Set(files.map(({ path }) => layerOf(path)))) {
    test(`${floor} imports between its rooms only along its corridors`, () => {
      const table = corridors[floor] ?? { ".": [] }
      const broken = files
        .filter(({ path }) => layerOf(path) === floor)
        .flatMap((file) => {
          const room = roomOf(file.path)
          const allowed = table[room]
          if (allowed === undefined)
            return [`${file.path} is in a room that the table does not have`]
          return targetsOf(file)
            .filter((target) => layerOf(target) === floor && roomOf(target) !== room)
            .filter((target) => !allowed.includes(roomOf(target)))
            .map((target) => `${file.path} imports ${target}`)
        })
      expect(broken).toEqual([])
    })
  }

  test("the corridors lead in no circle", () => {
    for (const table of Object.values(corridors)) {
      expect(circlesOf(new Map(Object.entries(table)))).toEqual([])
    }
  })

  test("no files import each other in a circle", () => {
    expect(circlesOf(new Map(files.map((file) => [file.path, targetsOf(file)])))).toEqual([])
  })

  test("no folders import each other in a circle", () => {
    const folders = new Map<string, string[]>()
    for (const file of files) {
      const own = folderOf(file.path)
      const others = targetsOf(file)
        .map(folderOf)
        .filter((folder) => folder !== own)
      folders.set(own, [...(folders.get(own) ?? []), ...others])
    }
    expect(circlesOf(folders)).toEqual([])
  })

  test("a circle is found", () => {
    expect(
      circlesOf(
        new Map([
          ["a", ["b"]],
          ["b", ["c", "d"]],
          ["c", ["a"]],
          ["d", []],
        ]),
      ),
    ).toEqual([["a", "b", "c"]])
    expect(
      circlesOf(
        new Map([
          ["a", ["b"]],
          ["b", []],
        ]),
      ),
    ).toEqual([])
  })

  test.each(["src", "test", "interop", "bench", "torture"])(
    `no folder of %s holds more than ${MOST_FILES} files`,
    (top) => {
      const counts = new Map<string, number>()
      const root = fileURLToPath(new URL(`../${top}`, import.meta.url))
      for (const found of readdirSync(root, { recursive: true, withFileTypes: true })) {
        if (!found.isFile()) continue
        counts.set(found.parentPath, (counts.get(found.parentPath) ?? 0) + 1)
      }
      expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([])
    },
  )
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
