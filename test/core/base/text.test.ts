import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  formatBase64,
  formatHex,
  parseBase64,
  parseDecimal,
  parseHex,
  parsePlainText,
} from "../../../src/core/base/text.ts"
import { expectRefusal, valueOrRefusal } from "../../refusals.ts"

describe("decimals", () => {
  test("parseDecimal() gives back every integer to 2^53-1", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (n) => {
        expect(parseDecimal(String(n), "n")).toBe(n)
      }),
    )
    expect(parseDecimal("9007199254740991", "n")).toBe(Number.MAX_SAFE_INTEGER)
  })

  const refused = ["", "00", "01", "-0", "-1", "+1", " 7", "7 ", "7\n", "1e3", "0x10", "1.0", "٣"]
  for (const text of [...refused, "9007199254740992", "9".repeat(16), "9".repeat(400)]) {
    test(`parseDecimal() refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      expectRefusal("malformed", () => parseDecimal(text, "n"))
    })
  }
})

describe("base64", () => {
  test("formatBase64() prints what Node prints and parseBase64() gives the bytes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = formatBase64(bytes)
        expect(text).toBe(Buffer.from(bytes).toString("base64"))
        expect(parseBase64(text, "b")).toEqual(bytes)
      }),
    )
  })

  test("parseBase64() takes a text only if formatBase64() prints it", () => {
    const text = fc.string({ unit: fc.constantFrom(..."AQgw/+-_= \n~é"), maxLength: 12 })
    fc.assert(
      fc.property(text, (candidate) => {
        const bytes = valueOrRefusal(() => parseBase64(candidate, "b"))
        const canonical = Buffer.from(candidate, "base64").toString("base64") === candidate
        expect(bytes !== undefined).toBe(canonical)
        if (bytes !== undefined) expect(formatBase64(bytes)).toBe(candidate)
      }),
      { numRuns: 2000 },
    )
  })

  for (const text of ["QR==", "QUJ=", "QQ", "QQ=", "Q===", "====", "QQ==\n", "QQ==QQ==", "_w=="]) {
    test(`parseBase64() refuses ${JSON.stringify(text)}`, () => {
      expectRefusal("malformed", () => parseBase64(text, "b"))
    })
  }
})

describe("hex", () => {
  test("formatHex() prints what Node prints and parseHex() gives the bytes back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = formatHex(bytes)
        expect(text).toBe(Buffer.from(bytes).toString("hex"))
        expect(parseHex(text, "h")).toEqual(bytes)
      }),
    )
  })

  for (const text of ["0", "0G", "AB", "0x00", "00 ", "00\n", "é0"]) {
    test(`parseHex() refuses ${JSON.stringify(text)}`, () => {
      expectRefusal("malformed", () => parseHex(text, "h"))
    })
  }
})

describe("plain text", () => {
  test("parsePlainText() gives text that encodes to its input", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: "binary" })), (input) => {
        const text = valueOrRefusal(() => parsePlainText(input, 1000, "t"))
        if (text === undefined) return
        expect(Buffer.from(text)).toEqual(Buffer.from(input))
      }),
    )
  })

  test("parsePlainText() keeps a byte order mark and U+007F", () => {
    expect(parsePlainText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7f, 10), 9, "t")).toBe("\ufeff\u007f\n")
  })

  test("parsePlainText() refuses control characters other than LF", () => {
    for (let code = 0; code < 32; code++) {
      if (code === 10) continue
      expectRefusal("malformed", () => parsePlainText(`a${String.fromCharCode(code)}`, 9, "t"))
    }
  })

  test("parsePlainText() refuses bytes that are not UTF-8 and lone surrogates", () => {
    for (const bytes of [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
      expectRefusal("malformed", () => parsePlainText(Uint8Array.from(bytes), 9, "t"))
    }
    expectRefusal("malformed", () => parsePlainText("a\ud800", 9, "t"))
  })

  test("parsePlainText() counts bytes against its limit", () => {
    expect(parsePlainText("éé", 4, "t")).toBe("éé")
    expectRefusal("too-large", () => parsePlainText("ééa", 4, "t"))
    expectRefusal("too-large", () => parsePlainText(new Uint8Array(5), 4, "t"))
  })
})
