// Tokens as text, and the file that keeps what is known of them.
import { describe, expect, test } from "vitest"
import {
  formatTokens,
  parseTokenName,
  parseTokens,
  type StoredToken,
} from "../../../src/core/access/stored-token.ts"
import {
  assertToken,
  formatToken,
  idOfToken,
  tokenId,
  withoutTokens,
} from "../../../src/core/access/token.ts"

const id = tokenId(Uint8Array.of(1, 2, 3, 4, 5))
const token = formatToken(id, new Uint8Array(32).fill(7))

describe("the text of a token", () => {
  test("has a beginning that scanners find, an ID, 256 bits and a checksum", () => {
    expect(token).toMatch(/^cst_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
    expect(idOfToken(token)).toBe(id)
  })

  test("is another one for every secret, the largest and the smallest included", () => {
    const largest = formatToken(id, new Uint8Array(32).fill(255))
    const smallest = formatToken(id, new Uint8Array(32))
    expect(new Set([token, largest, smallest]).size).toBe(3)
    for (const each of [largest, smallest]) expect(idOfToken(each)).toBe(id)
  })

  test("is told from a mistyped one wherever one character differs", () => {
    for (let at = 4; at < token.length; at += 1) {
      if (token[at] === "_") continue
      const typed = `${token.slice(0, at)}${token[at] === "x" ? "y" : "x"}${token.slice(at + 1)}`
      expect(idOfToken(typed), String(at)).toBeUndefined()
    }
  })

  test.each(["", "cst_", `${token} `, `${token}\n`, token.toUpperCase(), token.slice(0, -1)])(
    "%j is none",
    (text) => {
      expect(idOfToken(text)).toBeUndefined()
    },
  )

  test("is never shown by the refusal of a mistyped one", () => {
    const typed = `${token.slice(0, -1)}!`
    for (const wrong of [typed, `${token.slice(0, -2)}00`]) {
      expect(() => assertToken(wrong, "file")).toThrow(/file: expected a token/)
      expect(() => assertToken(wrong, "file")).not.toThrow(new RegExp(token.slice(5, 40)))
    }
  })

  test.each([
    ["alone", token],
    ["in a path", `found nothing at "/x/${token}/y"`],
    ["cut", `found "${token.slice(0, 30)}…"`],
    ["with its underscores encoded", `/w/${token.replaceAll("_", "%5F")}/x`],
    ["in capitals", token.toUpperCase()],
  ])("leaves nothing behind %s", (_, text) => {
    const rest = withoutTokens(text)
    expect(rest).toContain("cst_…")
    expect(rest.toLowerCase()).not.toContain(token.slice(14, 30).toLowerCase())
  })

  test("other texts stay as they are", () => {
    const text = 'index: expected a number, found "cost"'
    expect(withoutTokens(text)).toBe(text)
  })
})

const stored: StoredToken = {
  id: "Ab3dEf9h",
  name: "ci-payments",
  sha256: "a".repeat(64),
  scopes: new Set(["submit", "attach"]),
  created: 1_700_000_000_000,
  expires: 1_800_000_000_000,
  perMinute: 600,
  keys: [`sha256:${"b".repeat(64)}`],
  identities: ["a@example.com"],
}
const bare: StoredToken = {
  ...{ id: "Zz3dEf9h", name: "n", sha256: "c".repeat(64) },
  ...{ scopes: new Set(["read"] as const), created: 5, revoked: 7 },
}

describe("the file of tokens", () => {
  test("gives what was written", () => {
    expect(parseTokens(formatTokens([stored, bare]))).toEqual([stored, bare])
    expect(parseTokens(formatTokens([]))).toEqual([])
  })

  test("is refused after any change of one bit, so that no revocation is lost to damage", () => {
    const bytes = new TextEncoder().encode(formatTokens([stored, bare]))
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      const text = new TextDecoder().decode(changed)
      expect(() => parseTokens(text), String(at)).toThrow("damaged")
    }
  })

  test.each([0, 1, 40, 200])("is refused when it was cut after %i characters", (length) => {
    expect(() => parseTokens(formatTokens([stored]).slice(0, length))).toThrow("damaged")
  })

  test("is refused with an ID that two have", () => {
    expect(() => parseTokens(formatTokens([stored, stored]))).toThrow("found one twice")
  })

  test.each(["", "a b", "a\nb", "x".repeat(65), "-a"])("takes no token named %j", (name) => {
    expect(() => parseTokenName(name)).toThrow("name: expected")
  })
})
