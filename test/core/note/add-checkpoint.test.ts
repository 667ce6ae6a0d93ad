import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatBase64 } from "../../../src/core/base/text.ts"
import {
  formatAddCheckpoint,
  formatTlogSize,
  parseAddCheckpoint,
  parseTlogSize,
  TLOG_SIZE_TYPE,
} from "../../../src/core/note/add-checkpoint.ts"
import { mth, proof, singleBytes } from "../../reference.ts"
import { expectRefusal, valueOrRefusal } from "../../refusals.ts"

const HASH = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
const NOTE = "log.example\n1\nroot\n\n— log.example AAAA\n"

/** The published request of c2sp.org: PROOF(5, 14) over the leaves 0 to 13. */
const published = `old 5
TzUhLRL5rSA2SSyV8f55uvTse9m+89/6dXnyKT/1RqQ=
nxr6TcEky6cxNOgv9Q8XyPcWQlfHn+2aE/WUOmrLjj0=
u7D+sy9kjHP+FwUYvOwfZ1rxt4DcI9b78wt0XByl+hE=
m81RJAr0AFFo8DMSG6hb5abtTw5qX6wmIGZym4+/3ss=
v40GUF3fyAOIRLVB1QjEcoGoO1RpX+8XANB52/D07kM=

log.example/test
14
pjSxv7zt/y45/+aSAblIZGIQ9OlCvvAbPP4eUWXJU9Y=

— log.example/test +uIDU2VsUb3sjtOD9WCbdrNyc8TmD1QzDr8v1aJqvxkoXssYBgBMdvpXRvbjJlRgFuXH0hcqkQV4bmGfyyisub/wcQA=
`

function parse(text: string) {
  return parseAddCheckpoint(utf8(text))
}

function lines(count: number): string {
  return `${HASH}\n`.repeat(count)
}

describe("parseAddCheckpoint()", () => {
  test("reads the published request, and formatAddCheckpoint() writes it", () => {
    const request = parse(published)
    expect(request.oldSize).toBe(5)
    expect(request.proof.map(formatBase64)).toEqual(proof(5, singleBytes(14)).map(formatBase64))
    expect(request.note).toMatch(
      new RegExp(
        `^log.example/test\n14\n${formatBase64(mth(singleBytes(14))).replaceAll(
          "+",
          "\\+",
        )}\n\n— .*\n$`,
      ),
    )
    expect(Buffer.from(formatAddCheckpoint(request)).toString()).toBe(published)
  })

  test("splits at the first empty line and keeps the note as it is", () => {
    const note = "a\n\nb\r\u{feff}\n\n\n— anything"
    expect(parse(`old 0\n\n${note}`)).toEqual({ oldSize: 0, proof: [], note })
    expect(parse("old 0\n\n\n")).toEqual({ oldSize: 0, proof: [], note: "\n" })
  })

  test("reads old sizes up to 2^53-1, and up to 63 proof lines", () => {
    for (const size of [0, 1, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
      expect(parse(`old ${size}\n\n${NOTE}`).oldSize).toBe(size)
    }
    expect(parse(`old 1\n${lines(63)}\n${NOTE}`).proof).toHaveLength(63)
  })

  test.each([
    ["nothing", ""],
    ["no empty line", `old 0\n${NOTE.split("\n\n")[0]}\n`],
    ["no note", "old 0\n\n"],
    ["a note without a line", "old 0\n\nlog.example"],
    ["an empty line first", `\nold 0\n\n${NOTE}`],
    ["no old line", `\n\n${NOTE}`],
    ["another word", `new 0\n\n${NOTE}`],
    ["a capital", `Old 0\n\n${NOTE}`],
    ["no size", `old \n\n${NOTE}`],
    ["no space", `old0\n\n${NOTE}`],
    ["two spaces", `old  0\n\n${NOTE}`],
    ["a space after the size", `old 0 \n\n${NOTE}`],
    ["a leading zero", `old 01\n\n${NOTE}`],
    ["two zeros", `old 00\n\n${NOTE}`],
    ["a sign", `old +1\n\n${NOTE}`],
    ["a negative size", `old -1\n\n${NOTE}`],
    ["a fraction", `old 1.0\n\n${NOTE}`],
    ["an exponent", `old 1e3\n\n${NOTE}`],
    ["hex", `old 0x1\n\n${NOTE}`],
    ["a size of 2^53", `old 9007199254740992\n\n${NOTE}`],
    ["a size of 2^64", `old 18446744073709551616\n\n${NOTE}`],
    ["CRLF", `old 0\r\n\r\n${NOTE}`],
    ["64 proof lines", `old 1\n${lines(64)}\n${NOTE}`],
    ["64 short proof lines", `old 1\n${"AAAA\n".repeat(64)}\n${NOTE}`],
    ["a hash of 31 bytes", `old 1\n${formatBase64(new Uint8Array(31))}\n\n${NOTE}`],
    ["a hash of 33 bytes", `old 1\n${formatBase64(new Uint8Array(33))}\n\n${NOTE}`],
    ["a hash without padding", `old 1\n${HASH.slice(0, -1)}\n\n${NOTE}`],
    ["a hash with bits left over", `old 1\n${HASH.slice(0, -2)}B=\n\n${NOTE}`],
    ["a hash in the URL alphabet", `old 1\n${HASH.replace("Kg", "_-")}\n\n${NOTE}`],
    ["a space after a hash", `old 1\n${HASH} \n\n${NOTE}`],
    ["a hash twice in a line", `old 1\n${HASH}${HASH}\n\n${NOTE}`],
    ["a byte order mark", `\u{feff}old 0\n\n${NOTE}`],
  ])("refuses %s", (_, text) => {
    expectRefusal("malformed", () => parse(text))
  })

  test("refuses bytes that are not UTF-8", () => {
    expectRefusal("malformed", () => parseAddCheckpoint(Uint8Array.of(...utf8(published), 0xff)))
  })

  test("is total, and formatting what it reads gives the same bytes", () => {
    const piece = fc.constantFrom("old ", "0", "12", "\n", "\n\n", HASH, "log.example", "— x y")
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((p) => p.join("")),
          fc.string(),
        ),
        (text) => {
          const request = valueOrRefusal(() => parse(text))
          if (request === undefined) return
          expect(Buffer.from(formatAddCheckpoint(request)).toString()).toBe(text)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe("formatAddCheckpoint()", () => {
  test("writes nothing that could not be read", () => {
    const hash = mth([])
    const request = { oldSize: 1, proof: [hash], note: NOTE }
    expect(() => formatAddCheckpoint({ ...request, oldSize: -1 })).toThrow(/^bug:/)
    expect(() => formatAddCheckpoint({ ...request, oldSize: 2 ** 53 })).toThrow(/^bug:/)
    expectRefusal("malformed", () =>
      formatAddCheckpoint({ ...request, proof: Array.from({ length: 64 }, () => hash) }),
    )
    expectRefusal("malformed", () => formatAddCheckpoint({ ...request, note: "" }))
  })
})

describe("the size of a witness", () => {
  test("goes there and back, as the type that the specification names", () => {
    expect(TLOG_SIZE_TYPE).toBe("text/x.tlog.size")
    for (const size of [0, 5, Number.MAX_SAFE_INTEGER]) {
      expect(formatTlogSize(size)).toBe(`${size}\n`)
      expect(parseTlogSize(formatTlogSize(size))).toBe(size)
      expect(parseTlogSize(utf8(`${size}\n`))).toBe(size)
    }
    expect(() => formatTlogSize(-1)).toThrow(/^bug:/)
  })

  test.each([
    "",
    "\n",
    "5",
    "05\n",
    " 5\n",
    "5 \n",
    "5\n\n",
    "5\r\n",
    "-1\n",
    "9007199254740992\n",
  ])("parseTlogSize() refuses %j", (text) => {
    expectRefusal("malformed", () => parseTlogSize(text))
  })

  test("parseTlogSize() refuses a long text unread", () => {
    expectRefusal("too-large", () => parseTlogSize("1".repeat(1_000)))
  })
})
