// The package of verifiers as others get it: made of a fresh build, installed beside the packages that it names and
// nothing else, and used from TypeScript, from the command line, and where nothing of Node is.
import { execFile } from "node:child_process"
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { parseCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatSignatureLine, formatVkey } from "../../src/core/note/note.ts"
import {
  parseAnyBundle,
  parsePolicy,
  parseTrustedRoot,
  verifyBundle,
} from "../../src/library/verify.ts"
import { formatTrustedRoot } from "../../src/sigstore/trusted-root.ts"
import { blobBundle } from "../client/made-bundles.ts"
import { makeLog } from "../client/made-log.ts"
import { makeSigner } from "../entry/signers.ts"
import { allCases } from "../keyless/all-cases.ts"
import { refusalOf } from "../keyless/verdict.ts"
import { checkout } from "../scenarios/process.ts"
import { testSigner } from "../signers.ts"
import { buildCopy } from "./package.ts"

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), "countersign-verify-package-"))
const project = join(folder, "project")
const place = join(project, "node_modules/countersign-verify")
let copy = ""
/** Every package that an installation has, by the tool's word. */
let packages: readonly string[] = []

interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

async function ended(file: string, words: readonly string[], cwd: string): Promise<Ended> {
  return await run(file, [...words], { cwd }).then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    (error: Ended) => error,
  )
}

function packVerify(): Promise<Ended> {
  return ended(process.execPath, ["tools/pack-verify.js", folder], copy)
}

function read(name: string) {
  return JSON.parse(readFileSync(join(place, name), "utf8"))
}

/** Copies, so that a package that is not among them is not found. */
function installPackage(name: string): void {
  const from = join(checkout, "node_modules", name)
  cpSync(from, join(project, "node_modules", name), { recursive: true, dereference: true })
}

const log = makeLog()
const made = await blobBundle(log, "blob", makeSigner("ecdsa-p256"))
const root = { baseUrl: `https://${log.origin}`, spki: log.ecdsaSpki, validFrom: new Date(0) }

/** As DER, of a bundle by a certificate, which then counts as the key in it. */
function certificateIn(bundle: string): Uint8Array | undefined {
  try {
    const { verifier } = parseAnyBundle(bundle)
    return verifier.form === "certificate" ? verifier.der : undefined
  } catch {
    return undefined
  }
}

/** Undefined for nothing thrown. The class of a refusal is each door's own. */
function saidBy(verify: () => void): string | undefined {
  try {
    verify()
    return undefined
  } catch (error) {
    const { code, message } = error as { readonly code: string; readonly message: string }
    return `${code}: ${message}`
  }
}

beforeAll(async () => {
  copy = await buildCopy(folder)
  const { stdout } = await packVerify()
  const [tarball = "", listed = ""] = stdout.split("\n")
  packages = listed.replace(/^\d+ packages: /, "").split(", ")
  mkdirSync(place, { recursive: true })
  await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", place])
  for (const name of packages) installPackage(name)
  writeFileSync(join(project, "package.json"), '{"type":"module"}')
  writeFileSync(join(project, "artifact"), made.artifact)
  writeFileSync(join(project, "bundle.json"), made.text)
  writeFileSync(join(project, "signer.pub"), made.key)
  writeFileSync(join(project, "trusted_root.json"), formatTrustedRoot([root]))
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("the package of verifiers", () => {
  test("takes version, licence, engines and ranges from the package of the log", () => {
    const own = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"))
    const { dependencies, ...manifest } = read("package.json")
    const { version, license, engines, type } = own
    expect(manifest).toMatchObject({ name: "countersign-verify", version, license, engines, type })
    expect(manifest).not.toHaveProperty("scripts")
    for (const [name, range] of Object.entries(dependencies)) {
      expect(range).toBe(own.dependencies[name])
    }
  })

  test("brings along 15 packages or fewer, none of which is compiled or serves", () => {
    expect(packages.length).toBeGreaterThan(3)
    expect(packages.length).toBeLessThanOrEqual(15)
    const files = packages.flatMap((name) =>
      readdirSync(join(project, "node_modules", name), { recursive: true, encoding: "utf8" }),
    )
    expect(files.filter((name) => /\.node$|binding\.gyp$/.test(name))).toEqual([])
    for (const name of ["express", "better-sqlite3", "koffi", "pino"]) {
      expect(packages).not.toContain(name)
    }
  })

  test("has no file that is not reached, and all that its doors name", () => {
    const files = readdirSync(place, { recursive: true, encoding: "utf8" })
    expect(
      files.filter((name) => /^dist\/(?:http|storage|log|monitor|witness)\//.test(name)),
    ).toEqual([])
    const doors = Object.values(read("package.json").exports).filter((it) => typeof it === "object")
    for (const each of doors.flatMap((it) => Object.values(it as Record<string, string>))) {
      expect(files).toContain(each.replace(/^\.\//, ""))
    }
    expect(files).toEqual(expect.arrayContaining(["README.md", "package.json"]))
  })

  test("compiles in a foreign project that checks every declaration", async () => {
    const program = `
      import { parseTrustedRoot, Refusal, type VerifiedEntry, verifyBundle } from "countersign-verify"
      import * as audit from "countersign-verify/audit"
      import { verifyBundle as small } from "countersign-verify/browser"
      import { createLogClient } from "countersign-verify/client"
      import { verifyKeyless } from "countersign-verify/keyless"
      export const all = [parseTrustedRoot, Refusal, verifyBundle, small, audit.parseVkey, createLogClient, verifyKeyless]
      export const indexOf = ({ index }: VerifiedEntry): number => index`
    writeFileSync(join(project, "program.ts"), program)
    const compilerOptions = {
      strict: true,
      skipLibCheck: false,
      module: "nodenext",
      target: "es2023",
      lib: ["es2023", "dom"],
      types: [],
      noEmit: true,
    }
    const config = { compilerOptions, files: ["program.ts"] }
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config))
    const compiler = join(checkout, "node_modules/.bin/tsc")
    expect(await ended(compiler, ["-p", "."], project)).toMatchObject({ stdout: "", code: 0 })
  })

  test("verifies a bundle, and refuses another artifact", async () => {
    const program = `
      import { readFileSync } from "node:fs"
      import { parseTrustedRoot, verifyBundle } from "countersign-verify"
      const read = (name) => readFileSync(name, "utf8")
      const trust = { trustedRoot: parseTrustedRoot(read("trusted_root.json")) }
      const check = { bundle: read("bundle.json"), key: read("signer.pub"), trust }
      console.log(verifyBundle({ ...check, artifact: readFileSync("artifact") }).index)
      try { verifyBundle({ ...check, artifact: new Uint8Array(1) }) } catch ({ code }) { console.log(code) }`
    const { stdout } = await ended(
      process.execPath,
      ["--input-type=module", "--eval", program],
      project,
    )
    expect(stdout).toBe("0\nmismatch\n")
  })

  test("has a command that verifies a bundle, and says by its exit code that one is false", async () => {
    const command = join(place, read("package.json").bin["countersign-verify"])
    expect(statSync(command).mode & 0o111).not.toBe(0)
    const files = ["--bundle", "bundle.json", "--key", "signer.pub"]
    const words = [...files, "--trusted-root", "trusted_root.json", "--artifact"]
    const good = await ended(command, [...words, "artifact"], project)
    expect(good).toMatchObject({ code: 0, stderr: "" })
    expect(good.stdout).toMatch(/^verified: entry 0 of log\.example/)
    expect(await ended(command, [...words, "signer.pub"], project)).toMatchObject({ code: 3 })
    const full = async (artifact: string, out: string) =>
      await ended("sh", ["-c", `"$0" "$@" ${out}`, command, ...words, artifact], project)
    const unwritten = await full("artifact", ">/dev/full")
    expect(unwritten.code).toBe(1)
    expect(unwritten.stderr).toMatch(/^countersign: standard output: ENOSPC.*\n$/)
    // What cannot be printed is still what was found.
    expect(await full("signer.pub", ">/dev/full 2>&1")).toMatchObject({ code: 3 })
    const { version } = read("package.json")
    expect((await ended(command, ["--version"], project)).stdout).toBe(`${version}\n`)
  })
})

/** Refuses every module of Node to whatever is imported after it. */
const hooks = `
  import { builtinModules } from "node:module"
  export async function resolve(specifier, context, next) {
    if (specifier.startsWith("node:") || builtinModules.includes(specifier)) {
      throw new Error("a browser has no " + specifier)
    }
    return next(specifier, context)
  }`

describe("the file for browsers", () => {
  const file = () => join(place, "dist/browser/verify.js")

  test("has 45 kB with gzip and imports nothing", () => {
    const code = readFileSync(file(), "utf8")
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(45_000)
    expect(code).not.toMatch(/\bfrom\s*"|\bimport\s*[("]|require\(/)
    expect(code).toContain("MIT License")
  })

  /** Runs a program in a process that has neither Node's modules nor its globals. */
  async function printed(program: string): Promise<string> {
    const whole = `
      import { register } from "node:module"
      register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}))
      const print = console.log
      for (const name of ["Buffer", "process", "global", "setImmediate"]) delete globalThis[name]
      const it = await import(${JSON.stringify(pathToFileURL(file()).href)})
      ${program}`
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", whole])
    return stdout.trim()
  }

  test("verifies a bundle where nothing of Node is, and has all that the door has", async () => {
    const { artifact, ...texts } = { ...made, trustedRoot: formatTrustedRoot([root]) }
    const names = await import(pathToFileURL(join(place, "dist/library/verify.js")).href)
    const program = `
      const { text, key, trustedRoot } = ${JSON.stringify(texts)}
      const trust = { trustedRoot: it.parseTrustedRoot(trustedRoot) }
      const artifact = Uint8Array.from(${JSON.stringify([...artifact])})
      print(it.verifyBundle({ bundle: text, artifact, key, trust }).index)
      print(Object.keys(it).toSorted().join())`
    const [index, exported] = (await printed(program)).split("\n")
    expect(index).toBe("0")
    expect(exported).toBe(Object.keys(names).toSorted().join())
  })

  test("says that it cannot judge a cosignature by ML-DSA-44, which the door itself can", async () => {
    const witness = testSigner("witness.example", 6, 7)
    const cosigned = makeLog("log.example", (note, text) => {
      return note + formatSignatureLine(witness.sign(text, parseCheckpoint(text), 1_800_000_000))
    })
    const { text, key, artifact } = await blobBundle(cosigned, "blob", makeSigner("ecdsa-p256"))
    const policy = [
      `log ${cosigned.vkeys[1]}`,
      `witness w ${formatVkey(witness.vkey)}`,
      "quorum w\n",
    ].join("\n")
    expect(
      verifyBundle({ bundle: text, key, artifact, trust: { policy: parsePolicy(policy) } }),
    ).toMatchObject({ index: 0, cosignatures: [{}] })
    const program = `
      const { text, key, policy } = ${JSON.stringify({ text, key, policy })}
      const trust = { policy: it.parsePolicy(policy) }
      const artifact = Uint8Array.from(${JSON.stringify([...artifact])})
      try { print(it.verifyBundle({ bundle: text, artifact, key, trust }).index) }
      catch (error) { print(error.code, error.message) }`
    expect(await printed(program)).toMatch(/^unsupported .*ML-DSA-44 is not in this build/)
  })
})

test("every door gives each case of a verifier's the verdict of the sources", async () => {
  const at = (name: string) => import(pathToFileURL(join(place, "dist", name)).href)
  const [keyed, keyless, small] = await Promise.all(
    ["library/verify.js", "library/keyless.js", "browser/verify.js"].map(at),
  )
  let byKey = 0
  for (const each of await allCases()) {
    const { name, bundle, artifact, trustedRoot, identity, issuer } = each
    if (each.key === undefined) {
      const check = { artifact, identity: { identity, issuer } }
      const said = saidBy(() => {
        const trust = keyless.parseKeylessTrust(trustedRoot)
        keyless.verifyKeyless(keyless.parseAnyBundle(bundle), { ...check, trustedRoot: trust })
      })
      expect([name, said]).toEqual([name, refusalOf(each, false)])
    }
    const key = each.key ?? certificateIn(bundle)
    if (key === undefined) continue
    byKey += 1
    const [source, own, smaller] = [{ verifyBundle, parseTrustedRoot }, keyed, small].map((door) =>
      saidBy(() => {
        const trust = { trustedRoot: door.parseTrustedRoot(trustedRoot) }
        door.verifyBundle({ bundle, artifact, key, trust })
      }),
    )
    expect([name, own]).toEqual([name, source])
    // The file for browsers does not look into why a signature does not hold.
    expect([name, smaller?.split(":")[0]]).toEqual([name, source?.split(":")[0]])
  }
  expect(byKey).toBeGreaterThan(100)
}, 60_000)

describe("the tool refuses", () => {
  const door = () => join(copy, "dist/library/verify.js")

  async function withImports(specifiers: readonly string[]): Promise<Ended> {
    const before = readFileSync(door())
    appendFileSync(door(), specifiers.map((name) => `import ${JSON.stringify(name)}\n`).join(""))
    const result = await packVerify()
    writeFileSync(door(), before)
    return result
  }

  test("a door that reaches the server or a database, and says by which file", async () => {
    for (const name of ["express", "better-sqlite3"]) {
      const { code, stderr } = await withImports([name])
      expect(code).toBe(1)
      expect(stderr).toContain(`${name}, which dist/library/verify.js imports, `)
    }
  })

  test("more packages than fifteen", async () => {
    const { code, stderr } = await withImports(["@peculiar/asn1-rsa", "pino", "ajv"])
    expect(code).toBe(1)
    expect(stderr).toMatch(/expected up to 15 packages, found \d\d: @noble/)
  })
})
