import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseJsonBody } from "../../../src/http/serving/json-body.ts"

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text))

/** Members of a value are named differently on purpose: names inside of strings must not count. */
function sizeOf(value: unknown): { members: number; commas: number; depth: number } {
  if (typeof value !== "object" || value === null) return { members: 0, commas: 0, depth: 0 }
  const parts = Object.values(value).map(sizeOf)
  const sum = (of: "members" | "commas"): number =>
    parts.reduce((total, part) => total + part[of], 0)
  return {
    members: sum("members") + (Array.isArray(value) ? 0 : parts.length),
    commas: sum("commas") + Math.max(0, parts.length - 1),
    depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
  }
}

describe("parseJsonBody()", () => {
  test("gives what JSON.parse gives for every value within the limits", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, stringUnit: "grapheme" }), (text) => {
        const expected: unknown = JSON.parse(text)
        const { members, commas, depth } = sizeOf(expected)
        fc.pre(members <= 256 && commas <= 256 && depth <= 32 && !text.includes("\\u0000"))
        expect(parse(text)).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test("refuses with malformed, and never otherwise, whatever the bytes are", () => {
    const tokens = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      '"',
      "\\",
      '"a"',
      "1",
      "\\u0000",
      "é",
      " ",
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.array(tokens, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""))),
    )
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          parseJsonBody(input)
        } catch (error) {
          expect(error).toMatchObject({ name: "Refusal", code: "malformed" })
        }
      }),
      { numRuns: 10_000 },
    )
  })

  test("takes 32 levels and 256 members", () => {
    expect(parse("[".repeat(32) + "]".repeat(32))).toBeDefined()
    const members = Array.from({ length: 256 }, (_, i) => `"m${i}":0`)
    expect(Object.keys(parse(`{${members.join(",")}}`) as object)).toHaveLength(256)
  })

  test("takes strings that look like structure", () => {
    const value = { '":{[,': '\\"::,,{{{[[[', "a\\": "é\ud83d\ude00" }
    expect(parse(JSON.stringify(value))).toEqual(value)
  })

  test("keeps names that objects have by nature as members", () => {
    const value = parse('{"__proto__":{"a":1},"constructor":2}') as object
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  test.each([
    ["nothing", "", "found nothing"],
    ["a syntax error", '{"a":}', "syntax error"],
    ["text after the value", "{} {}", "syntax error"],
    ["33 levels", "[".repeat(33) + "]".repeat(33), "32 levels"],
    ["8,000 levels", "[".repeat(8_000) + "]".repeat(8_000), "32 levels"],
    [
      "257 members",
      `{${Array.from({ length: 257 }, (_, i) => `"${i}":0`).join(",")}}`,
      "256 members",
    ],
    ["258 items", `[${Array.from({ length: 258 }, () => "0").join(",")}]`, "256 members"],
    ["a member twice", '{"a":1,"a":2}', "twice"],
    ["a member twice, once escaped", '{"a":1,"\\u0061":2}', "twice"],
    ["a member twice deep inside", '[{"b":{"a":1,"c":{},"a":1}}]', "twice"],
    ["__proto__ twice", '{"__proto__":1,"__proto__":2}', "twice"],
    ["an escaped NUL", '{"a":"x\\u0000"}', "NUL"],
    ["an escaped NUL in a name", '{"\\u0000":1}', "NUL"],
    ["a raw NUL", '{"a":"\0"}', "syntax error"],
    ["a lone high surrogate", '["\\ud800"]', "lone surrogates"],
    ["a lone low surrogate in a name", '{"\\udc00":1}', "lone surrogates"],
    ["surrogates in the wrong order", '["\\udc00\\ud800"]', "lone surrogates"],
    ["an unfinished string", '{"a', "syntax error"],
    ["an unfinished escape", '{"a\\', "syntax error"],
  ])("refuses %s", (_, text, detail) => {
    expect(() => parse(text)).toThrowError(
      expect.objectContaining({ code: "malformed", message: expect.stringContaining(detail) }),
    )
  })

  test.each([
    ["a byte order mark within", [0x7b, 0xef, 0xbb, 0xbf, 0x7d], "syntax error"],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00], "UTF-8"],
    ["an overlong sequence", [0x22, 0xc0, 0x80, 0x22], "UTF-8"],
    ["an encoded surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22], "UTF-8"],
  ])("refuses %s", (_, bytes, detail) => {
    expect(() => parseJsonBody(Buffer.from(bytes))).toThrowError(
      expect.objectContaining({ code: "malformed", message: expect.stringContaining(detail) }),
    )
  })
})
