// The commands that open a log's data directory say what is missing, and which command or flag helps.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { run } from "../command/fake-terminal.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-data-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe("a data directory", () => {
  test.each([
    ["keys"],
    ["redact", "--index", "0"],
    ["export-tiles", "--out", "out", "--checkpoint", "none"],
  ])("without a log lets %s name countersign init", async (...words) => {
    const data = join(folder, "nothing")
    const ran = await run([...words, "--data", data])
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toContain(
      `expected a log in ${data}, found none; make one with: countersign init`,
    )
  })

  test("is not opened with keys in two places, of which one would be passed over", async () => {
    const data = join(folder, "two-places")
    const words = ["init", "--data", data, "--origin", "log.example", "--signer", "unix:/nowhere"]
    for (const option of ["--ecdsa-key", "--ed25519-key"]) {
      const ran = await run([...words, option, "some.pem"])
      expect(ran).toMatchObject({ code: 1, out: "" })
      expect(ran.err).toContain("this process has both keys")
    }
    expect(existsSync(data)).toBe(false)
  })

  test("with encrypted keys lets keys name --passphrase-file, and opens them with it", async () => {
    const data = join(folder, "encrypted")
    const passphrase = join(folder, "passphrase")
    writeFileSync(passphrase, "open sesame\n", { mode: 0o600 })
    const sealed = ["--data", data, "--passphrase-file", passphrase]
    const made = await run(["init", ...sealed, "--origin", "log.example"])
    expect(made).toMatchObject({ code: 0, err: "" })
    expect(await run(["keys", ...sealed])).toMatchObject({ code: 0, err: "" })
    const ran = await run(["keys", "--data", data])
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toMatch(/log key in .*ecdsa\.pem is encrypted: .* --passphrase-file/)
  })

  test.each([
    ["https://log.example.com", "write log.example.com,"],
    ["log.example.com:3003", "write log.example.com,"],
    ["log.example.com/", "write log.example.com,"],
    ["log.example.com/2026", "write log.example.com,"],
    ["Log.Example.COM", "write log.example.com,"],
    ["log.example.com.", "write log.example.com,"],
    ["my log", "write the log's host name,"],
    ["", "write the log's host name,"],
  ])("is not made for the origin %j", async (origin, advice) => {
    const data = join(folder, "misnamed")
    const ran = await run(["init", "--data", data, "--origin", origin])
    expect(ran).toMatchObject({ code: 1, out: "" })
    expect(ran.err).toContain(advice)
    expect(ran.err).toContain("--force-origin")
    expect(existsSync(data)).toBe(false)
  })

  test("is made for any origin with --force-origin, but for one that no note can have", async () => {
    const data = join(folder, "forced")
    const forced = ["init", "--force-origin", "--data", data, "--origin"]
    expect(await run([...forced, "my log"])).toMatchObject({ code: 1 })
    const ran = await run([...forced, "Log.example:80/a"])
    expect(ran).toMatchObject({ code: 0, err: "" })
    expect(ran.out).toContain("made the log Log.example:80/a in")
  })

  test("is never made over another log", async () => {
    const words = ["init", "--data", join(folder, "twice"), "--origin", "log.example"]
    expect(await run(words)).toMatchObject({ code: 0 })
    const again = await run(words)
    expect(again.code).toBe(1)
    expect(again.err).toContain("expected no log yet, found")
  })
})
