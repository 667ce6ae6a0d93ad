import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatBase64 } from "../../../src/core/base/text.ts"
import {
  LONGEST_ADD_CHECKPOINT,
  longestAddCheckpoint,
  USUAL_ADD_CHECKPOINT,
} from "../../../src/core/note/add-checkpoint-length.ts"

const malformed = expect.objectContaining({ code: "malformed" })
const hash = formatBase64(new Uint8Array(32))
const proof = (lines: number) => `${hash}\n`.repeat(lines)
const start = `old 9007199254740991\n${proof(63)}\n`
const note = `log.example\n9007199254740991\n${hash}\n\n`
const line = (name: string, bytes: number) => `— ${name} ${formatBase64(new Uint8Array(bytes))}\n`
const ed25519 = line("witness-of-the-log.example/north", 4 + 8 + 64)
const mlDsa = line("witness-of-the-log.example/north", 4 + 8 + 2420)

/** How long a request may become, at each of its bytes in steps. */
function allowances(text: string): number[] {
  const bytes = utf8(text)
  const all: number[] = []
  for (let at = 0; at <= bytes.length; at += 977)
    all.push(longestAddCheckpoint(bytes.subarray(0, at)))
  return [...all, longestAddCheckpoint(bytes)]
}

describe("an add-checkpoint request", () => {
  test("has 16 KiB without lines of ML-DSA-44, which is room for 63 hashes and 90 lines", () => {
    const text = start + note + ed25519.repeat(90)
    expect(utf8(text).length).toBeLessThanOrEqual(USUAL_ADD_CHECKPOINT)
    expect(longestAddCheckpoint(utf8(text))).toBe(USUAL_ADD_CHECKPOINT)
  })

  test.each([1, 4, 16, 32])("has room for %i lines of ML-DSA-44 besides", (count) => {
    const text = start + note + ed25519.repeat(60) + mlDsa.repeat(count)
    const length = utf8(text).length
    let come = 0
    for (const allowed of allowances(text)) {
      expect(allowed).toBeGreaterThanOrEqual(Math.min(length, come))
      come += 977
    }
    expect(longestAddCheckpoint(utf8(text))).toBeLessThanOrEqual(LONGEST_ADD_CHECKPOINT)
  })

  test.each([
    ["many usual lines", start + note + ed25519.repeat(200)],
    ["a line that never ends", `${start}${note}— ${"x".repeat(20_000)}`],
    ["lines that are longer than those of ML-DSA-44", start + note + line("n", 9_000).repeat(3)],
    ["a long text", `${start}log.example\n${"x".repeat(20_000)}`],
    ["one long text of short lines", `${start}log.example\n${"x\n".repeat(10_000)}`],
  ])("has no more room for %s", (_, text) => {
    expect(longestAddCheckpoint(utf8(text))).toBe(USUAL_ADD_CHECKPOINT)
  })

  test("never has more room than 128 KiB", () => {
    const text = start + note + mlDsa.repeat(100)
    expect(longestAddCheckpoint(utf8(text))).toBe(LONGEST_ADD_CHECKPOINT)
  })

  test.each([
    ["other bytes", "\u{1f512}".repeat(10)],
    ["a number that never ends", `old ${"1".repeat(5_000)}`],
    ["a proof that never ends", `old 5\n${proof(80)}`],
  ])("does not begin with %s", (_, text) => {
    expect(() => longestAddCheckpoint(utf8(text))).toThrow(malformed)
  })

  test("may still become one after few bytes", () => {
    for (const text of ["", "o", "old", "old 5", "old 5\n", `old 5\n${proof(3)}`]) {
      expect(longestAddCheckpoint(utf8(text))).toBe(USUAL_ADD_CHECKPOINT)
    }
  })
})
