// The package as others get it: what is in the tarball, that a foreign TypeScript project compiles against it
// without skipping any declaration file, and that a program runs with it.
import { execFile } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { parse } from "yaml"
import { formatTrustedRoot } from "../../src/sigstore/trusted-root.ts"
import { blobBundle } from "../client/made-bundles.ts"
import { makeLog } from "../client/made-log.ts"
import { makeSigner } from "../entry/signers.ts"
import { checkout } from "../scenarios/process.ts"
import { install, installDependencies, type Packed, pack, withoutBinding } from "./package.ts"

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), "countersign-package-"))
const project = join(folder, "project")
let packed: Packed

beforeAll(async () => {
  packed = await pack(folder)
  mkdirSync(project)
  await install(packed.tarball, project)
  writeFileSync(join(project, "package.json"), '{"type":"module"}')
  writeFileSync(join(project, "program.ts"), program)
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test("the tarball has the program, the documents and nothing else", () => {
  const tops = new Set(packed.files.map((file) => file.replace(/\/.*/, "")))
  const expected = [
    "CONTRIBUTING.md",
    "LICENSE",
    "NEWS.md",
    "README.md",
    "SECURITY.md",
    "dist",
    "docs",
    "examples",
    "migrations",
    "openapi.yaml",
    "package.json",
    "packaging",
  ]
  expect([...tops]).toEqual(
    expected.filter((name) => name === "dist" || existsSync(join(checkout, name))),
  )
  expect(
    packed.files.filter((file) => /^test\/|\.test\.|\.map$|\.tsbuildinfo$/.test(file)),
  ).toEqual([])
})

const copied = [
  "dist/http/door/openapi.json",
  "dist/http/reference/redoc/redoc.standalone.js",
  "dist/http/reference/redoc/redoc.standalone.js.LICENSE.txt",
]

test("the tarball has the contract as JSON, and the renderer of /docs with its licences", () => {
  const text = (path: string) =>
    readFileSync(join(project, "node_modules/countersign", path), "utf8")
  const [document = "", script = "", licences = ""] = copied.map(text)
  expect(JSON.parse(document)).toEqual(parse(text("openapi.yaml")))
  const bundles = join(checkout, "node_modules/redoc/bundles")
  expect(script).toBe(readFileSync(join(bundles, "redoc.standalone.js"), "utf8"))
  expect(licences).toContain("Rebilly")
  expect(licences.match(/MIT/g)?.length).toBeGreaterThan(1)
})

test("the tarball has no file of dist without a source", () => {
  const built = packed.files.filter((file) => file.startsWith("dist/") && !copied.includes(file))
  const stale = built.filter((file) => {
    const source = file.replace(/^dist/, "src").replace(/(?:\.d\.ts|\.js)$/, ".ts")
    return !existsSync(join(checkout, source))
  })
  expect(built.length).toBeGreaterThan(100)
  expect(stale).toEqual([])
})

test("the tarball has every document that its README points to", () => {
  const readme = readFileSync(join(project, "node_modules/countersign/README.md"), "utf8")
  const pointers = readme.matchAll(/`((?:[\w-]+\/)*[\w.-]+\.(?:md|yaml))`|\]\((?!\w+:)([^)#]+)/g)
  const documents = Array.from(pointers, ([, quoted, linked]) => quoted ?? linked ?? "")
  expect(documents).toContain("docs/architecture.md")
  const isPacked = (path: string) =>
    packed.files.some((file) => file === path || file.startsWith(`${path}/`))
  expect(documents.filter((document) => !isPacked(document))).toEqual([])
})

/** What a program says with the three modules and the types that they export. */
const program = `
import * as audit from "countersign/audit"
import { createLogClient, type Fetch, type LogClient, type Receipt, type Trust } from "countersign/client"
import { asHash, type BundleCheck, type Hash, Refusal, verifyBundle } from "countersign/verify"

export interface Held {
  readonly bundle: string
  readonly artifact: Uint8Array
  readonly key: string
  readonly trustedRoot: string
}

/** A type of one module is the same in the others. */
const hash: audit.Hash = asHash(new Uint8Array(32))
const offline: Fetch = () => Promise.reject(new Error("offline"))
const log: LogClient = createLogClient({ url: "https://log.example", fetch: offline })
// @ts-expect-error: whatever 32 bytes are no hash until somebody says so.
export const wrong = () => log.inclusionOf(new Uint8Array(32))

async function reasonOf(asked: Promise<unknown>): Promise<string> {
  return await asked.then(() => "", (error: Error) => error.name)
}

function codeOf(act: () => unknown): string {
  try {
    act()
    return ""
  } catch (error) {
    return error instanceof Refusal ? error.code : "another error"
  }
}

export function pathOf({ proof }: Receipt): readonly Hash[] {
  return proof.hashes
}

export async function check(held: Held, parse: (text: string) => Trust): Promise<string> {
  const { bundle, artifact, key } = held
  const asked: BundleCheck = { bundle, artifact, key, trust: parse(held.trustedRoot) }
  const { index, leafHash } = verifyBundle(asked)
  const refused = codeOf(() => verifyBundle({ ...asked, artifact: new Uint8Array(1) }))
  const range = audit.makeCompactRange(0, [])
  audit.appendToRange(range, leafHash, audit.portableHasher)
  const bad = codeOf(() => audit.verifyConsistency({ size: 2, root: hash }, { size: 3, root: hash }, []))
  return [index, refused, range.size, bad, await reasonOf(log.inclusionOf(hash))].join(" ")
}
`

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  target: "es2023",
  rootDir: ".",
}

const projects = {
  nodenext: { ...strict, module: "nodenext", lib: ["es2023"], types: ["node"], outDir: "out" },
  bundler: {
    ...strict,
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "dom"],
    types: [],
    noEmit: true,
  },
  domOnly: { ...strict, module: "nodenext", lib: ["es2022", "dom"], types: [], noEmit: true },
}

const fromExtractor = createRequire(
  createRequire(import.meta.url).resolve("@microsoft/api-extractor/package.json"),
)
const olderCompiler = fromExtractor.resolve("typescript/bin/tsc")
const compiler = join(checkout, "node_modules/.bin/tsc")

async function compile(file: string, compilerOptions: object): Promise<string> {
  const config = { compilerOptions, files: ["program.ts"] }
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config))
  const ended = run(file, ["-p", "tsconfig.json"], { cwd: project })
  return await ended.then(
    () => "",
    ({ stdout }: { readonly stdout: string }) => stdout,
  )
}

test("a foreign project compiles: bundler", async () => {
  expect(await compile(compiler, projects.bundler)).toBe("")
})

test("a foreign project compiles: DOM only, also with the compiler before ours", async () => {
  for (const each of [compiler, olderCompiler]) {
    expect(await compile(each, projects.domOnly)).toBe("")
  }
})

test("a foreign project compiles and runs: nodenext", async () => {
  expect(await compile(compiler, projects.nodenext)).toBe("")
  // Only now: the declarations need no other package.
  installDependencies(project)
  const log = makeLog()
  const { text, artifact, key } = await blobBundle(log, "blob", makeSigner("ecdsa-p256"))
  const root = { baseUrl: `https://${log.origin}`, spki: log.ecdsaSpki, validFrom: new Date(0) }
  const held = { bundle: text, key, trustedRoot: formatTrustedRoot([root]) }
  const main = `
    import { parseTrustedRoot } from "countersign/verify"
    import { check } from "./out/program.js"
    const held = ${JSON.stringify(held)}
    const artifact = Uint8Array.from(${JSON.stringify([...artifact])})
    const trusting = (text) => ({ trustedRoot: parseTrustedRoot(text) })
    console.log(await check({ ...held, artifact }, trusting))`
  writeFileSync(join(project, "main.js"), main)
  const { stdout } = await run(process.execPath, ["main.js"], { cwd: project })
  expect(stdout.trim()).toBe("0 mismatch 1 bad-proof Trouble")
})

test("where SQLite was not compiled, commands that need it say what to install, and change nothing", async () => {
  installDependencies(project)
  withoutBinding(project)
  const command = join(project, "node_modules/countersign/dist/cli/main.js")
  const called = (words: readonly string[]) =>
    run(process.execPath, [command, ...words], { cwd: project }).then(
      () => ({ code: 0, stderr: "" }),
      (error: { readonly code: number; readonly stderr: string }) => error,
    )
  const kinds = [
    ["init", "--data", "log", "--origin", "log.example"],
    ["serve", "--dev", "--data", "served"],
    ["witness", "init", "--data", "witness", "--name", "witness.example"],
  ]
  for (const words of kinds) {
    const { code, stderr } = await called(words)
    expect(code).toBe(1)
    expect(stderr).toMatch(/SQLite is missing: .* --ignore-scripts, or without a compiler/)
    expect(stderr).toContain(`"npm rebuild --ignore-scripts=false better-sqlite3" in ${project};`)
    for (const install of ["apt", "dnf", "apk", "xcode-select"]) expect(stderr).toContain(install)
    expect(stderr).not.toContain("    at ")
    expect(existsSync(join(project, words.at(3) as string))).toBe(false)
  }
  expect(await called(["verify", "--help"])).toMatchObject({ code: 0 })
  expect(await called(["--version"])).toMatchObject({ code: 0 })
})

test("a compiled part of another machine is named as what it is", async () => {
  withoutBinding(project)
  const place = join(project, "node_modules/better-sqlite3/build/Release")
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, "better_sqlite3.node"), "of another machine")
  const command = join(project, "node_modules/countersign/dist/cli/main.js")
  const words = [command, "init", "--data", "log", "--origin", "log.example"]
  const { stderr } = await run(process.execPath, words, { cwd: project }).catch(
    (error: { readonly stderr: string }) => error,
  )
  expect(stderr).toMatch(
    /SQLite is missing: .*its compiled part cannot be loaded \(.*better_sqlite3/,
  )
})
