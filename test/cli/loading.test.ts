// What a command loads before it does anything, by the import lines: each starts only with what it needs.
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { importsOf } from "../imports.ts"

const cli = new URL("../../src/cli/", import.meta.url)

interface Loaded {
  readonly files: ReadonlySet<string>
  readonly packages: ReadonlySet<string>
}

/** What comes with a file of src/cli as soon as it is imported. */
function loadedWith(path: string): Loaded {
  const files = new Set<string>()
  const packages = new Set<string>()
  function load(url: URL): void {
    if (files.has(url.href)) return
    files.add(url.href)
    const text = readFileSync(fileURLToPath(url), "utf8")
    for (const { specifier } of importsOf(text).filter((it) => !it.typeOnly && !it.isDynamic)) {
      if (specifier.startsWith(".")) load(new URL(specifier, url))
      else if (!specifier.startsWith("node:")) packages.add(specifier)
    }
  }
  load(new URL(path, cli))
  return { files, packages }
}

/** Packages that take long to load, or that load machine code. */
const server = ["express", "pino", "prom-client", "ajv", "yaml", "negotiator", "nodemailer"]
const engines = ["piscina", "koffi"]
/** What is needed only where a proxy or an authority is named. */
const proxies = "undici"
const database = "better-sqlite3"
/** What identities in certificates are verified with. */
const identities = ["@sigstore/verify", "@sigstore/protobuf-specs", "re2js"]

describe("a command loads what it needs", () => {
  test("--version and --help load commander, a few functions on bytes, and a handful of files", () => {
    const { files, packages } = loadedWith("main.ts")
    expect([...packages]).toEqual(["commander", "@noble/hashes/utils.js"])
    expect(files.size).toBeLessThanOrEqual(12)
  })

  test.each([
    "witness/witness.ts",
    "monitor/monitor.ts",
    "watch/watch.ts",
    "bridge/bridge.ts",
    "access/token.ts",
  ])("the group %s loads no command", (path) => {
    const { files, packages } = loadedWith(path)
    expect([...packages]).toEqual([])
    expect(files.size).toBeLessThanOrEqual(4)
  })

  test.each([
    ...["user/checkpoint", "user/entry", "user/evidence", "user/heads"],
    ...["user/proof", "user/search", "user/trust", "sign/submit", "sign/revoke"],
    ...["sign/sign", "sign/fetch/fetch-bundle"],
  ])("%s loads no server, no database and no native code", (name) => {
    const { files, packages } = loadedWith(`${name}.ts`)
    const heavy = [...server, ...engines, database, proxies].filter((it) => packages.has(it))
    expect(heavy).toEqual([])
    expect(files.size).toBeLessThanOrEqual(110)
  })

  test("verify loads no server, no database, no native code, no registry and nothing of identities", () => {
    const { files, packages } = loadedWith("verify/verify.ts")
    const heavy = [...server, ...engines, database, ...identities]
    expect(heavy.filter((known) => packages.has(known))).toEqual([])
    expect([...files].filter((file) => /\/(?:keyless|registry)\//.test(file))).toEqual([])
    expect(files.size).toBeLessThanOrEqual(110)
  })

  test("health, which supervisors start again and again, loads a few files", () => {
    const { files, packages } = loadedWith("serving/health.ts")
    expect([...packages].toSorted()).toEqual(["@noble/hashes/utils.js", "commander"])
    expect(files.size).toBeLessThanOrEqual(24)
  })

  test("attach loads no server, no database and no native code", () => {
    const { files, packages } = loadedWith("attach/attach.ts")
    expect([...server, ...engines, database].filter((known) => packages.has(known))).toEqual([])
    expect(files.size).toBeLessThanOrEqual(100)
  })

  test.each([
    ...["log/init.ts", "log/keys.ts", "log/backup.ts", "log/redact.ts", "log/fsck.ts"],
    ...["audit/audit.ts"],
    ...["log/export-tiles.ts", "monitor/init.ts", "monitor/status.ts", "monitor/ack.ts"],
    ...["monitor/evidence.ts", "monitor/watch-test.ts", "witness/init.ts", "witness/status.ts"],
    ...["watch/add.ts", "watch/lint.ts"],
  ])("%s loads no server", (path) => {
    const { packages } = loadedWith(path)
    expect(server.filter((known) => packages.has(known))).toEqual([])
  })

  test.each(["log/serve.ts", "witness/serve.ts", "monitor/run.ts", "attach/attach.ts"])(
    "%s loads what leads through proxies only when it is needed",
    (path) => {
      const { files, packages } = loadedWith(path)
      expect(packages.has(proxies)).toBe(false)
      expect([...files].filter((file) => file.endsWith("/network/authorities.ts"))).toEqual([])
    },
  )

  test("serve loads a server and a database", () => {
    const { packages } = loadedWith("log/serve.ts")
    expect([...packages]).toEqual(expect.arrayContaining(["express", "pino", database]))
  })
})
