import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { beforeEach, describe, expect, test } from "vitest"
import { Refusal } from "../../../src/core/base/errors.ts"
import {
  auditFile,
  followAuditHead,
  readActs,
  readAuditHead,
  recordAct,
  recordedly,
} from "../../../src/storage/files/audit-file.ts"

let path: string

beforeEach(() => {
  path = auditFile(mkdtempSync(join(tmpdir(), "audit-")))
})

const redacted = (index: number) =>
  ({ event: "redacted", actor: "alice", about: { index } }) as const

async function readAll() {
  const found: string[] = []
  const acts = readActs(path)
  for (;;) {
    const { value, done } = await acts.next()
    if (done === true) return { found, head: value }
    found.push(`${value.act.seq} ${value.act.event}`)
  }
}

const reason = async (): Promise<string> => {
  const error: unknown = await readAll().catch((caught: unknown) => caught)
  return error instanceof Refusal ? `${error.code}: ${error.message}` : "it holds"
}

const lines = (): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1)
const write = (changed: readonly string[]): void => writeFileSync(path, `${changed.join("\n")}\n`)

describe("the audit file", () => {
  test("chains acts, and its head is that of the whole chain", async () => {
    for (let i = 0; i < 5; i++) recordAct(path, redacted(i), i * 1000)
    const { found, head } = await readAll()
    expect(found).toEqual(["1 redacted", "2 redacted", "3 redacted", "4 redacted", "5 redacted"])
    expect(readAuditHead(path)).toEqual(head)
    expect(head.records).toBe(5)
  })

  test("is the operator's alone", () => {
    recordAct(path, redacted(1))
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test("names who runs the process where nobody else is named", () => {
    recordAct(path, { event: "start" })
    expect(lines()[0]).toMatch(/"actor":"\w+ \(uid [0-9]+\)/)
  })

  test.each([
    [
      "a changed word",
      (all: string[]) => all.with(1, (all[1] as string).replace("alice", "mallo")),
      "line 3",
    ],
    ["a line taken out", (all: string[]) => all.toSpliced(1, 1), "line 2: expected act 2, found 3"],
    ["two lines exchanged", (all: string[]) => [all[1], all[0], all[2]] as string[], "line 1"],
    ["a line put in", (all: string[]) => all.toSpliced(1, 0, all[0] as string), "line 2"],
    ["the first lines taken away", (all: string[]) => all.slice(1), "line 1"],
    ["another spelling", (all: string[]) => all.with(1, ` ${all[1]}`), "line 3"],
    [
      "a line that is none at the end",
      (all: string[]) => [...all, "{}"],
      "line 4: expected an act",
    ],
    [
      "a line of a stranger",
      (all: string[]) => all.toSpliced(1, 0, "mallory was not here"),
      "line 3",
    ],
  ])("does not hold with %s", async (_, change, where) => {
    for (let i = 0; i < 3; i++) recordAct(path, redacted(i))
    expect(await reason()).toBe("it holds")
    write(change(lines()))
    expect(await reason()).toMatch(/^mismatch: /)
    expect(await reason()).toContain(where)
  })

  test("owns up to what a crash cut off, and goes on", async () => {
    recordAct(path, redacted(1))
    const { size } = statSync(path)
    recordAct(path, redacted(2))
    const end = statSync(path).size
    for (let cut = size + 1; cut < end - 1; cut += 7) {
      truncateSync(path, cut)
      recordAct(path, redacted(3))
      expect((await readAll()).found).toEqual(["1 redacted", "2 torn-line", "3 redacted"])
      truncateSync(path, size)
      recordAct(path, redacted(2))
    }
  })

  test("takes a line that lacks its line feed alone as whole", async () => {
    recordAct(path, redacted(1))
    recordAct(path, redacted(2))
    truncateSync(path, statSync(path).size - 1)
    expect(readAuditHead(path)?.records).toBe(2)
    recordAct(path, redacted(3))
    expect((await readAll()).found).toEqual(["1 redacted", "2 redacted", "3 redacted"])
  })

  test("owns up to a torn line that was itself torn while it was written", async () => {
    recordAct(path, redacted(1))
    appendFileSync(path, '{"seq":2,"ti')
    appendFileSync(path, '\n{"seq":2,"time":"20')
    recordAct(path, redacted(2))
    expect((await readAll()).found).toEqual(["1 redacted", "2 torn-line", "3 redacted"])
  })

  test("a stranger's line is not owned up to by a torn line of another", async () => {
    recordAct(path, redacted(1))
    appendFileSync(path, "torn")
    recordAct(path, redacted(2))
    write(lines().with(1, "worn"))
    expect(await reason()).toContain("owns up to the damaged line")
  })

  test("does not write on behind a file that is none", () => {
    writeFileSync(path, `${"x".repeat(100)}\n`.repeat(1000))
    expect(() => recordAct(path, redacted(1))).toThrow(/holds no act/)
  })

  test("has no head before the first act, and a new one after each", () => {
    const head = followAuditHead(path)
    expect(head()).toBeUndefined()
    recordAct(path, redacted(1))
    expect(head()?.records).toBe(1)
    recordAct(path, redacted(2))
    expect(head()).toEqual(readAuditHead(path))
  })

  test("an act that fails is followed by a line that says so", async () => {
    const failing = recordedly(path, redacted(7), () => {
      throw new Error("no")
    })
    await expect(failing).rejects.toThrow("no")
    expect((await readAll()).found).toEqual(["1 redacted", "2 failed"])
    expect(lines()[1]).toContain('"about":{"index":7,"event":"redacted"}')
  })

  test("neither writes nor reads through a link, and a server's probe goes on without a head", () => {
    const elsewhere = join(dirname(path), "elsewhere")
    symlinkSync(elsewhere, path)
    expect(() => recordAct(path, redacted(1))).toThrow(/expected a file, found a symbolic link/)
    expect(existsSync(elsewhere)).toBe(false)
    recordAct(elsewhere, redacted(1))
    expect(() => readAuditHead(path)).toThrow(/symbolic link/)
    expect(followAuditHead(path)()).toBeUndefined()
  })

  test.runIf(process.getuid?.() === 0)(
    "belongs to the owner of its folder, also made by root",
    () => {
      chownSync(dirname(path), 1_234, 5_678)
      recordAct(path, redacted(1))
      for (const file of [path, `${path}.lock`]) {
        expect(statSync(file)).toMatchObject({ uid: 1_234, gid: 5_678 })
      }
    },
  )

  test("an act of which there is more to say than a line holds is shortened, not left out", async () => {
    const findings = "0123456789ab ".repeat(2_000)
    recordAct(path, { event: "acknowledged", about: { findings } })
    recordAct(path, redacted(2))
    expect((await readAll()).found).toEqual(["1 acknowledged", "2 redacted"])
    expect(lines()[0]).toMatch(/26000 characters, SHA-256 [0-9a-f]{64}/)
  })

  test("the reason of a failed act is told, also where the log cannot be written any more", async () => {
    const failing = recordedly(path, redacted(7), () => {
      writeFileSync(path, `${"x".repeat(100)}\n`.repeat(1000))
      throw new Error("no space")
    })
    await expect(failing).rejects.toThrow("no space")
  })
})
