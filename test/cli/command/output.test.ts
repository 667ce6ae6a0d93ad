import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { CommanderError } from "commander"
import { afterAll, describe, expect, it } from "vitest"
import {
  exitCodeOf,
  Falsehood,
  proven,
  provenAnswer,
  Unjudged,
} from "../../../src/cli/command/exit-code.ts"
import { cosignatureFields } from "../../../src/cli/command/fetched-head.ts"
import { readText, writeWhole } from "../../../src/cli/command/file.ts"
import { createOutput } from "../../../src/cli/command/output.ts"
import { createProgress } from "../../../src/cli/command/progress.ts"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { noNetwork } from "./fake-terminal.ts"

function recorded(json: boolean) {
  const written: string[] = []
  const stream = { write: (text: string) => written.push(text) }
  const terminal = {
    stdout: stream,
    stderr: stream,
    fetch: noNetwork,
    now: () => 0,
    fail: () => {},
  }
  return { written, output: createOutput(terminal, json) }
}

describe("createOutput()", () => {
  it("aligns fields for people and makes control characters of others visible", () => {
    const { written, output } = recorded(false)
    output.result(
      "a\u001btitle",
      [
        ["x", 1],
        ["long name", "b\u202ec"],
      ],
      {},
    )
    expect(written.join("")).toBe("a\\u{1b}title\n  x          1\n  long name  b\\u{202e}c\n")
  })

  it("prints one line of JSON with bytes in hex for programs", () => {
    const { written, output } = recorded(true)
    output.result("title", [], { a: Uint8Array.of(1, 255), b: [Uint8Array.of(0)], c: undefined })
    expect(written).toEqual(['{"a":"01ff","b":["00"]}\n'])
  })
})

describe("cosignatureFields()", () => {
  it("tells when a witness cosigned, whatever time it states", () => {
    const cosignatures = [
      { name: "w1", time: 1_700_000_000 },
      { name: "w2", time: Number.MAX_SAFE_INTEGER },
    ]
    expect(cosignatureFields({ cosignatures })).toEqual([
      ["cosigned by", "w1 at 2023-11-14T22:13:20.000Z"],
      ["cosigned by", "w2 at second 9007199254740991"],
    ])
  })
})

describe("createProgress()", () => {
  function drawn(isTTY: boolean, pauses: readonly number[]) {
    const written: string[] = []
    let time = 0
    const stream = { write: (text: string) => written.push(text), isTTY, columns: 60 }
    const total = pauses.length
    const progress = createProgress({ stream, now: () => time, what: "submit", total })
    for (const pause of pauses) {
      time += pause
      progress.advance(1)
    }
    progress.end()
    return written
  }

  it("draws nothing where nobody looks", () => {
    expect(drawn(false, [500, 500])).toEqual([])
  })

  it("draws at most ten times a second and always the last step, then cleans up", () => {
    expect(drawn(true, [500, 50, 40, 10])).toEqual([
      "\r\u001b[Ksubmit [######..................] 1/4  2/s",
      "\r\u001b[Ksubmit [########################] 4/4  7/s",
      "\r\u001b[K",
    ])
  })
})

describe("exitCodeOf()", () => {
  it("tells failures, usage errors and falsehoods apart, and knows nothing of bugs", () => {
    expect(exitCodeOf(new Refusal("not-found", "x"))).toBe(1)
    expect(exitCodeOf(new Trouble("disk", "x"))).toBe(1)
    expect(exitCodeOf(new CommanderError(1, "commander.unknownOption", "x"))).toBe(2)
    expect(exitCodeOf(new CommanderError(0, "commander.helpDisplayed", "x"))).toBe(0)
    expect(exitCodeOf(new Falsehood(new Refusal("mismatch", "x")))).toBe(3)
    expect(exitCodeOf(new Unjudged(new Refusal("malformed", "x")))).toBe(5)
    expect(exitCodeOf(new Error("bug: x"))).toBeUndefined()
  })

  it.each([
    ["unsupported", Unjudged],
    ["malformed", Unjudged],
    ["too-large", Unjudged],
    ["mismatch", Falsehood],
    ["bad-signature", Falsehood],
    ["bad-proof", Falsehood],
    ["untrusted", Falsehood],
  ] as const)("sorts a verifier's refusal by its code: %s", (code, verdict) => {
    const verification = () => {
      throw new Refusal(code, "x")
    }
    expect(() => proven(verification)).toThrow(verdict)
    expect(() => provenAnswer(verification)).toThrow(verdict === Unjudged ? Refusal : Falsehood)
  })

  it("makes a falsehood of a verification's refusal only", () => {
    expect(proven(() => 7)).toBe(7)
    expect(() =>
      proven(() => {
        throw new Refusal("bad-proof", "x")
      }),
    ).toThrow(Falsehood)
    expect(() =>
      proven(() => {
        throw new Error("bug: x")
      }),
    ).toThrow("bug: x")
  })
})

describe("writeWhole()", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-file-"))
  afterAll(() => rmSync(folder, { recursive: true }))

  it("replaces a file and leaves nothing else behind, also when it fails", async () => {
    const path = join(folder, "bundle.json")
    await writeWhole(path, "first", "bundle")
    await writeWhole(path, "second", "bundle")
    expect(readFileSync(path, "utf8")).toBe("second")
    expect(readdirSync(folder)).toEqual(["bundle.json"])
    await expect(writeWhole(folder, "x", "bundle")).rejects.toThrow(Trouble)
    await expect(writeWhole(join(path, "x"), "x", "bundle")).rejects.toThrow(Trouble)
    expect(readdirSync(folder)).toEqual(["bundle.json"])
    await expect(readText(path, "bundle", 5)).rejects.toMatchObject({ code: "too-large" })
    expect(await readText(path, "bundle", 6)).toBe("second")
  })
})
