// The example of a page beside the file for browsers: its module verifies in a process that has nothing of Node's, with
// no bundler, and a bundler makes of it a page that needs nothing of Node either. No browser is started.
import { execFile } from "node:child_process"
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { blobBundle, type MadeBundle } from "../client/made-bundles.ts"
import { makeLog } from "../client/made-log.ts"
import { makeSigner } from "../entry/signers.ts"
import { checkout } from "../scenarios/process.ts"
import { newFolder } from "../storage/folder.ts"

const run = promisify(execFile)
const example = mkdtempSync(join(tmpdir(), "countersign-page-"))

/** What the package countersign-verify has for browsers. */
async function browserFile(): Promise<string> {
  const tool = new URL("../../tools/verify-package/browser.js", import.meta.url)
  const { browserFile: make } = (await import(tool.href)) as {
    readonly browserFile: (door: string, dist: string) => Promise<string>
  }
  return await make("library/verify.js", join(checkout, "dist"))
}

beforeAll(async () => {
  cpSync(join(checkout, "examples/verify-in-a-browser"), example, { recursive: true })
  writeFileSync(join(example, "countersign-verify.js"), await browserFile())
  writeFileSync(join(example, "package.json"), '{"type":"module"}')
})

afterAll(() => rmSync(example, { recursive: true, force: true }))

/** Refuses every module of Node to whatever is imported after it. */
const hooks = `
  import { builtinModules } from "node:module"
  export async function resolve(specifier, context, next) {
    if (specifier.startsWith("node:") || builtinModules.includes(specifier)) {
      throw new Error("a browser has no " + specifier)
    }
    return next(specifier, context)
  }`

/** What the example says about these files, in a process that has neither Node's modules nor its globals. */
async function verdictOf(files: {
  readonly artifact: Uint8Array
  readonly bundle: string
  readonly key: string
  readonly policy: string
}): Promise<string> {
  const module = pathToFileURL(join(example, "verify.js")).href
  const given = JSON.stringify({ ...files, artifact: [...files.artifact] })
  const program = `
    import { register } from "node:module"
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}))
    const print = console.log
    for (const name of ["Buffer", "process", "global", "setImmediate"]) delete globalThis[name]
    const { verdictOf } = await import(${JSON.stringify(module)})
    const { artifact, ...texts } = ${given}
    print(verdictOf({ artifact: Uint8Array.from(artifact), ...texts }))`
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program])
  return stdout.trimEnd()
}

describe("the module of the page", async () => {
  const log = makeLog()
  const made: MadeBundle = await blobBundle(log, "app.tgz", makeSigner("ecdsa-p256"))
  const files = {
    artifact: made.artifact,
    bundle: made.text,
    key: made.key,
    policy: `log ${log.vkeys[1]}\nquorum none\n`,
  }

  test("verifies an artifact", async () => {
    expect(await verdictOf(files)).toBe("verified: entry 0 of log.example, cosigned by 0 witnesses")
  })

  test("refuses another artifact, another log and what is no bundle, with the reason", async () => {
    const artifact = Uint8Array.from(made.artifact).fill(0, 0, 1)
    expect(await verdictOf({ ...files, artifact })).toMatch(/^refused \(mismatch\): .*digest/)
    const policy = `log ${makeLog().vkeys[1]}\nquorum none\n`
    expect(await verdictOf({ ...files, policy })).toMatch(
      /^refused \((?:untrusted|bad-signature)\): /,
    )
    expect(await verdictOf({ ...files, bundle: "{}" })).toMatch(/^refused \(malformed\): /)
  })
})

test("the page needs no file but its own and the one for browsers", () => {
  const files = readdirSync(example)
  for (const name of ["index.html", "page.js", "verify.js"]) {
    const text = readFileSync(join(example, name), "utf8")
    for (const [, needed = ""] of text.matchAll(/(?:from |src=)"([^"]+)"/g)) {
      expect(files).toContain(needed.replace(/^\.\//, ""))
    }
  }
})

test("a bundler makes a page of it that needs nothing of Node", async () => {
  const out = newFolder()
  const vite = join(checkout, "node_modules/.bin/vite")
  await run(vite, ["build", example, "--outDir", out, "--emptyOutDir"], { cwd: checkout })
  const [script = ""] = readdirSync(join(out, "assets"))
  expect(readFileSync(join(out, "index.html"), "utf8")).toContain(`/assets/${script}`)
  const code = readFileSync(join(out, "assets", script), "utf8")
  expect(code).toContain("#verdict")
  expect(code).not.toMatch(/\bfrom\s*"|\bimport\s*\(|require\(/)
})
