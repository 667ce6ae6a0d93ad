import { describe, expect, test } from "vitest"
import { readSuperset } from "../../../src/entry/statement/superset.ts"

const HEX = "0123456789abcdef".repeat(4)

function read(text: string) {
  return readSuperset(new TextEncoder().encode(text))
}

describe("the superset of all readings", () => {
  test.each([
    ["plain", `{"digest":"${HEX}"}`],
    ["in capital letters", `"${HEX.toUpperCase()}"`],
    ["behind an algorithm", `"sha256:${HEX}"`],
    ["with escaped digits", `"\\u0030123456789\\u0061bcdef${HEX.slice(16)}"`],
    ["with blanks and their escapes", `"${HEX.slice(0, 9)} \\n\\t\\u0020${HEX.slice(9)}"`],
    ["behind a comment that ends in a digit", `{digest: #a\n${HEX}}`],
    ["with NUL bytes", Array.from(HEX, (char) => `${char}\0`).join("")],
    ["at the start and at the end", HEX],
  ])("has a digest: %s", (_name, text) => {
    expect([...read(text).digests]).toEqual([HEX])
  })

  test.each([40, 64, 96, 128])("has digests of %d digits, and no longer ones", (length) => {
    const hex = "7f".repeat(length / 2)
    expect(read(`x${hex}x`).digests).toEqual(new Set([hex]))
    expect(read(`x${hex}0x`).digests).toEqual(new Set())
  })

  test.each([
    ["plain", '{"name":"pkg:npm/x"}'],
    ["escaped", '{"name":"pkg\\u003anpm\\/x"}'],
    ["behind a quote in a comment", '/* " */{"name":"pkg:npm/x"}'],
    ["behind an escaped quote in a comment", '/* \\" */{"name":"pkg:npm/x"}'],
    ["in single quotes", "{'name':'pkg:npm/x'}"],
    ["in single quotes behind one in a comment", "/* ' */{'name':'pkg:npm/x'}"],
  ])("has a name: %s", (_name, text) => {
    expect(read(text).literals).toContain("pkg:npm/x")
  })

  test("has a name without quotes, if there may be such", () => {
    expect(read("{name:app;digest=x}").literals).toContain("app")
    expect(read('{"name":"my app"}').literals).not.toContain("app")
  })

  test.each(["utf16le", "utf16be", "utf32le", "utf32be"])("has what stands in %s", (form) => {
    const text = `{"name":"\u5c22app \u{1f600}","digest":"${HEX}"}`
    const size = form.startsWith("utf16") ? 2 : 4
    const isLittle = form.endsWith("le")
    const units =
      size === 2
        ? Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
        : Array.from(text, (char) => char.codePointAt(0) ?? 0)
    const bytes = new Uint8Array(units.length * size)
    const view = new DataView(bytes.buffer)
    units.forEach((unit, i) => {
      if (size === 2) view.setUint16(2 * i, unit, isLittle)
      else view.setUint32(4 * i, unit, isLittle)
    })
    const { digests, literals } = readSuperset(bytes)
    expect([...digests]).toEqual([HEX])
    expect(literals).toContain("\u5c22app \u{1f600}")
  })

  test("throws for nothing", () => {
    for (const bytes of [[], [0xff], [0x5c], [0x5c, 0x75], [0, 0, 0], [0xfe, 0xff, 0xd8]]) {
      expect(() => readSuperset(Uint8Array.from(bytes))).not.toThrow()
    }
  })
})
