import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeEach, describe, expect, test } from "vitest"
import { auditFile, readAuditHead, recordAct } from "../../../src/storage/files/audit-file.ts"
import { run } from "../command/fake-terminal.ts"

let data: string
let path: string

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "audit-"))
  path = auditFile(data)
  for (let index = 0; index < 3; index++) {
    recordAct(path, { event: "redacted", actor: "alice", about: { index } }, 1_800_000_000_000)
  }
})

function noted(): string {
  const head = readAuditHead(path)
  return `${head?.records}:${head?.hash}`
}

const verify = (...words: readonly string[]) => run(["audit", "verify", "--data", data, ...words])

describe("countersign audit verify", () => {
  test("says that the chain holds, and that nothing is known about its end", async () => {
    const { code, out, err } = await verify()
    expect(code).toBe(0)
    expect(out).toContain("the chain holds")
    expect(out).toContain(noted())
    expect(err).toContain("no noted head covers the acts after 0")
  })

  test("is silent about the end where a noted head is the newest", async () => {
    expect(await verify("--head", noted())).toMatchObject({ code: 0, err: "" })
  })

  test("says how far a noted head reaches", async () => {
    const early = noted()
    recordAct(path, { event: "stop" })
    expect((await verify("--head", early)).err).toContain("no noted head covers the acts after 3")
  })

  test("finds that the end was cut off, though the chain holds", async () => {
    const head = noted()
    const lines = readFileSync(path, "utf8").split("\n")
    truncateSync(path, Buffer.byteLength(`${lines.slice(0, 2).join("\n")}\n`))
    expect((await verify()).code).toBe(0)
    const { code, err } = await verify("--head", head)
    expect(code).toBe(3)
    expect(err).toContain("the end was cut off")
  })

  test("finds a file that was written anew", async () => {
    const head = noted()
    writeFileSync(path, "")
    for (let index = 0; index < 4; index++) recordAct(path, { event: "redacted", actor: "bob" })
    expect((await verify("--head", head)).code).toBe(3)
  })

  test("finds a changed act, and says so to programs as well", async () => {
    writeFileSync(path, readFileSync(path, "utf8").replace("alice", "mallo"))
    const { code, out } = await verify("--json")
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ verified: false, code: "mismatch" })
  })

  test("fails where there is none, and takes no other form of a head", async () => {
    const empty = mkdtempSync(join(tmpdir(), "none-"))
    expect((await run(["audit", "verify", "--data", empty])).code).toBe(1)
    expect((await verify("--head", "3:abc")).code).toBe(2)
  })
})

describe("countersign audit list", () => {
  test("prints the acts", async () => {
    const { code, out } = await run(["audit", "list", "--data", data])
    expect(code).toBe(0)
    expect(out.split("\n")).toHaveLength(4)
    expect(out).toContain("1 2027-01-15T08:00:00.000Z redacted by alice index=0")
  })

  test("prints what comes before a change, and then exits with 3", async () => {
    const lines = readFileSync(path, "utf8").split("\n")
    writeFileSync(path, lines.with(1, (lines[1] as string).replace("alice", "mallo")).join("\n"))
    const { code, out } = await run(["audit", "list", "--data", data, "--json"])
    expect(code).toBe(3)
    expect(out.trim().split("\n")).toHaveLength(2)
  })
})
