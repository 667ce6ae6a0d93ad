import { expect, test } from "vitest"
import { bug, Refusal, refuse, shown, Trouble } from "../../../src/core/base/errors.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { expectRefusal } from "../../refusals.ts"

test("parseOrigin() takes host names, paths and up to 255 bytes", () => {
  for (const text of ["log.example", "log.example/2026", "a", "lög.example", "é".repeat(127)]) {
    expect(parseOrigin(text)).toBe(text)
  }
})

const refused = ["", " ", "a b", "a\u00a0b", "a\u0085b", "a\u2028b", "a+b", "a\nb", "a\u007fb"]
for (const text of [...refused, "a\ud800", "é".repeat(128), "a".repeat(256)]) {
  test(`parseOrigin() refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
    expectRefusal("malformed", () => parseOrigin(text))
  })
}

test("shown() shortens text and makes control characters visible", () => {
  expect(shown("a\u0000\n")).toBe('"a\\u0000\\n"')
  expect(shown("a".repeat(61))).toBe(`"${"a".repeat(60)}…"`)
  expect(shown("abc", 2)).toBe('"ab…"')
})

test("a refusal and trouble carry their code and cause, a bug says so", () => {
  const cause = new Error("disk full")
  expect(new Trouble("disk", "commit failed", { cause })).toMatchObject({ code: "disk", cause })
  expect(expectRefusal("conflict", () => refuse("conflict", "no", { cause })).cause).toBe(cause)
  expect(new Refusal("conflict", "no").name).toBe("Refusal")
  expect(() => bug("impossible")).toThrow("bug: impossible")
})
