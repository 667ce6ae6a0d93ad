import { generateKeyPairSync, sign } from "node:crypto"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concat, u32, utf8 } from "../../../src/core/base/bytes.ts"
import { digestOf } from "../../../src/core/base/digest.ts"
import { LONGEST_NOTE } from "../../../src/core/base/limits.ts"
import { formatBase64, formatHex } from "../../../src/core/base/text.ts"
import {
  formatNote,
  formatSignatureLine,
  formatVkey,
  type KeyType,
  makeVkey,
  type NoteSignature,
  openNote,
  parseNote,
  parseVkey,
  type Vkey,
} from "../../../src/core/note/note.ts"
import { expectRefusal, valueOrRefusal } from "../../refusals.ts"
import { testSigner } from "../../signers.ts"

const VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
const LINE =
  "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
const NOTE = `This is an example message.\n\n${LINE}`
const COSIGNER = "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"

const keyName = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((name) => {
  const noteText = [...name].every((character) => character >= " ")
  return noteText && !/[\p{White_Space}+]/u.test(name)
})
const signature = fc.record({
  name: keyName,
  keyId: fc.nat(0xffffffff),
  signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
})
const noteText = fc
  .array(fc.string({ unit: "grapheme", maxLength: 8 }), { maxLength: 5 })
  .map((lines) => `${lines.join("\n")}\n`)
  .filter((text) => [...text].every((character) => character >= " " || character === "\n"))

describe("parseNote()", () => {
  test("reads the published note", () => {
    const { text, signatures } = parseNote(NOTE)
    expect(text).toBe("This is an example message.\n")
    expect(signatures.map(({ name, keyId }) => [name, keyId])).toEqual([
      ["example.com/foo", 0x530d903a],
    ])
    expect(parseNote(utf8(NOTE))).toEqual({ text, signatures })
    expect(formatNote(text, signatures)).toBe(NOTE)
  })

  test("splits at the last empty line, so that a text may hold others", () => {
    expect(parseNote(`a\n\n\nb\n\n${LINE}`).text).toBe("a\n\n\nb\n")
    expect(parseNote(`a\n\n${LINE}\n${LINE}`).text).toBe(`a\n\n${LINE}`)
    expect(parseNote(`\n\n${LINE}`).text).toBe("\n")
  })

  test("keeps a byte order mark, and U+007F, in the text", () => {
    expect(parseNote(utf8(`\ufeffa\u007f\n\n${LINE}`)).text).toBe("\ufeffa\u007f\n")
  })

  const refused: Record<string, string | Uint8Array> = {
    nothing: "",
    "no signature lines": "text\n\n",
    "no empty line": `text\n${LINE}`,
    "a cut last line": NOTE.slice(0, -1),
    "an empty line at the end": `${NOTE}\n`,
    "a carriage return": NOTE.replace("\n", "\r\n"),
    "a tab": `a\tb\n\n${LINE}`,
    "a control character": `a\u0001b\n\n${LINE}`,
    "bytes that are not UTF-8": concat(Uint8Array.of(0xff), utf8(NOTE)),
    "a lone surrogate": `\ud800\n\n${LINE}`,
    "a hyphen for the dash": NOTE.replace("—", "-"),
    "text between the lines": `${NOTE}hello\n`,
    "a line without a name": NOTE.replace("example.com/foo ", ""),
    "a line with an empty name": NOTE.replace("example.com/foo", ""),
    "a name with a plus": NOTE.replace("/foo", "+foo"),
    "a name with U+0085": NOTE.replace("/foo", "/f\u0085o"),
    "a name with U+3000": NOTE.replace("/foo", "/f\u3000o"),
    "base64 without padding": NOTE.replace("=", ""),
    "base64 with trailing bits": "a\n\n— n AAAAAAD=\n",
    "two spaces": NOTE.replace("foo ", "foo  "),
    "a key ID without a signature": "a\n\n— n AAAAAA==\n",
    "a key ID cut short": "a\n\n— n AAAA\n",
  }
  for (const [name, input] of Object.entries(refused)) {
    test(`refuses ${name}`, () => {
      expectRefusal("malformed", () => parseNote(input))
    })
  }

  test("takes a name with U+FEFF, which is no space in Unicode", () => {
    expect(parseNote("a\n\n— \ufeffn AAAAAAA=\n").signatures[0]?.name).toBe("\ufeffn")
  })

  test("takes 100 signatures and 16 of 5 kB, but not 101", () => {
    const long = formatSignatureLine({ name: "n", keyId: 1, signature: new Uint8Array(5000) })
    expect(parseNote(`a\n\n${long.repeat(16)}`).signatures).toHaveLength(16)
    expect(parseNote(`a\n\n${LINE.repeat(100)}`).signatures).toHaveLength(100)
    expectRefusal("too-large", () => parseNote(`a\n\n${LINE.repeat(101)}`))
  })

  test("refuses a note above 256 KiB", () => {
    const filler = "a".repeat(LONGEST_NOTE - utf8(NOTE).length)
    expect(parseNote(filler + NOTE).signatures).toHaveLength(1)
    expectRefusal("too-large", () => parseNote(`a${filler}${NOTE}`))
  })

  test("gives back every note that formatNote() prints", () => {
    fc.assert(
      fc.property(noteText, fc.array(signature, { minLength: 1, maxLength: 5 }), (text, lines) => {
        expect(parseNote(formatNote(text, lines))).toEqual({ text, signatures: lines })
      }),
    )
  })

  test("takes only what formatNote() prints", () => {
    const piece = fc.constantFrom("a", "\n", "\n\n", "— ", "n ", "AAAAAAA=", " ", "+", "\r", LINE)
    const input = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""))
    fc.assert(
      fc.property(
        fc.oneof(
          input,
          input.map((text) => `a\n\n${text}`),
        ),
        (candidate) => {
          const note = valueOrRefusal(() => parseNote(candidate))
          if (note) expect(formatNote(note.text, note.signatures)).toBe(candidate)
        },
      ),
      { numRuns: 3000 },
    )
  })
})

describe("formatNote()", () => {
  const line: NoteSignature = { name: "n", keyId: 1, signature: Uint8Array.of(1) }

  test("refuses what parseNote() would not give back", () => {
    expectRefusal("malformed", () => formatNote("no line feed", [line]))
    expectRefusal("malformed", () => formatNote("", [line]))
    expectRefusal("malformed", () => formatNote("text\n", []))
    expectRefusal("malformed", () => formatNote("text\r\n", [line]))
    expectRefusal("malformed", () => formatNote("text\n", [{ ...line, name: "a b" }]))
  })
})

describe("vkeys", () => {
  test("parseVkey() reads the published keys and formatVkey() prints them", () => {
    for (const text of [VKEY, COSIGNER]) expect(formatVkey(parseVkey(text))).toBe(text)
    const vkey = parseVkey(VKEY)
    expect(vkey).toMatchObject({ name: "example.com/foo", keyId: 0x530d903a, type: 1 })
    expect(formatHex(vkey.publicKey)).toBe(
      "e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4",
    )
  })

  test("the keys of the published seeds have the published vkeys", () => {
    expect(formatVkey(testSigner("log.example/test", 1, 1).vkey)).toBe(
      "log.example/test+fae20353+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
    )
    expect(formatVkey(testSigner("witness.example/w1", 4, 2).vkey)).toBe(
      "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
    )
    const { vkey } = testSigner("witness.example/w1", 6, 3)
    expect(vkey.keyId).toBe(0xca57e9ac)
    expect(formatHex(digestOf("sha256", vkey.publicKey))).toBe(
      "df5b5f45decfb203862a372b2fe7047bdbfdd7c54b39e8bff3f4b5442795f54b",
    )
    expect(formatVkey(vkey)).toHaveLength(1780)
    expect(parseVkey(formatVkey(vkey))).toEqual(vkey)
  })

  test("parseVkey() gives back a key of type 2, whose ID is that of its SPKI", () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }))
    const vkey = makeVkey("log.example", 2, spki)
    expect(u32(vkey.keyId)).toEqual(digestOf("sha256", spki).subarray(0, 4))
    expect(makeVkey("other.example", 2, spki).keyId).toBe(vkey.keyId)
    expect(parseVkey(formatVkey(vkey))).toEqual(vkey)
  })

  const key = parseVkey(VKEY).publicKey
  const withKey = (bytes: Uint8Array) => `example.com/foo+530d903a+${formatBase64(bytes)}`
  const refused: Record<string, string> = {
    nothing: "",
    "one plus": "example.com/foo+530d903a",
    "another key ID": VKEY.replace("530d903a", "530d903b"),
    "an upper-case key ID": VKEY.replace("530d903a", "530D903A"),
    "a short key ID": VKEY.replace("530d903a", "30d903a"),
    "another name": VKEY.replace("foo", "fop"),
    "an empty name": VKEY.replace("example.com/foo", ""),
    "a name with a space": VKEY.replace("example.com", "example com"),
    "a name with a line feed": VKEY.replace("example.com", "example\ncom"),
    "a line feed at the end": `${VKEY}\n`,
    "a key cut short": withKey(concat(Uint8Array.of(1), key.subarray(1))),
    "a small-order key": withKey(concat(Uint8Array.of(1), new Uint8Array(32))),
    "an ML-DSA key of 32 bytes": withKey(concat(Uint8Array.of(6), key)),
    "an Ed25519 key as ECDSA": withKey(concat(Uint8Array.of(2), key)),
  }
  for (const [name, text] of Object.entries(refused)) {
    test(`parseVkey() refuses ${name}`, () => {
      expectRefusal("malformed", () => parseVkey(text))
    })
  }

  test("parseVkey() refuses other types as unsupported", () => {
    for (const type of [0, 3, 5, 7, 0xff]) {
      expectRefusal("unsupported", () => parseVkey(withKey(concat(Uint8Array.of(type), key))))
    }
    expectRefusal("unsupported", () => parseVkey("example.com/foo+530d903a+"))
  })

  test("parseVkey() takes only what formatVkey() prints", () => {
    const name = keyName
    const type = fc.constantFrom<KeyType>(1, 4)
    fc.assert(
      fc.property(name, type, fc.uint8Array({ minLength: 32, maxLength: 32 }), (n, t, bytes) => {
        const vkey = valueOrRefusal(() => makeVkey(n, t, bytes))
        if (vkey) expect(parseVkey(formatVkey(vkey))).toEqual(vkey)
      }),
    )
  })
})

describe("openNote()", () => {
  const text = "This is an example message.\n"
  const head = { origin: "", size: 0, root: new Uint8Array(32) as never }
  const [a, b] = [testSigner("a.example", 1, 1), testSigner("b.example", 1, 2)] as const
  const [lineOfA, lineOfB] = [a.sign(text, head, 0), b.sign(text, head, 0)] as const
  const damage = (line: NoteSignature): NoteSignature => ({
    ...line,
    signature: line.signature.with(5, (line.signature[5] as number) ^ 1),
  })
  const open = (signatures: readonly NoteSignature[], vkeys: readonly Vkey[]) =>
    openNote({ text, signatures }, vkeys)

  test("accepts the published note", () => {
    const note = parseNote(NOTE)
    expect(openNote(note, [parseVkey(VKEY)])).toEqual(note.signatures)
  })

  test("gives the lines of known keys, in the note's order", () => {
    expect(open([lineOfA, lineOfB], [b.vkey, a.vkey])).toEqual([lineOfA, lineOfB])
    expect(open([lineOfA, lineOfB], [b.vkey])).toEqual([lineOfB])
  })

  test("refuses a note without a known signature as untrusted", () => {
    expectRefusal("untrusted", () => open([lineOfA], [b.vkey]))
    expectRefusal("untrusted", () => open([lineOfA], []))
    expectRefusal("untrusted", () => open([], [a.vkey]))
  })

  test("ignores a line that shares only the name or only the key ID with a key", () => {
    const otherName = { ...lineOfA, name: "c.example" }
    const otherId = { ...lineOfA, keyId: lineOfA.keyId ^ 1 }
    expect(open([otherName, otherId, lineOfB], [a.vkey, b.vkey])).toEqual([lineOfB])
    expectRefusal("untrusted", () => open([otherName, otherId], [a.vkey]))
  })

  test("refuses a known key's bad signature, whatever else holds", () => {
    expectRefusal("bad-signature", () => open([damage(lineOfA), lineOfB], [a.vkey, b.vkey]))
    expectRefusal("bad-signature", () => open([lineOfB, damage(lineOfA)], [a.vkey, b.vkey]))
    expect(open([damage(lineOfA), lineOfB], [b.vkey])).toEqual([lineOfB])
  })

  test("refuses every change of the text", () => {
    for (const other of ["This is an example message\n", `${text}\n`, ` ${text}`]) {
      const note = { text: other, signatures: [lineOfA] }
      expectRefusal("bad-signature", () => openNote(note, [a.vkey]))
    }
  })

  test("lets the first line of a key decide", () => {
    expect(open([lineOfA, damage(lineOfA)], [a.vkey])).toEqual([lineOfA])
    expectRefusal("bad-signature", () => open([damage(lineOfA), lineOfA], [a.vkey]))
  })

  test("refuses keys that sign checkpoints as unsupported", () => {
    const witness = testSigner("w.example", 4, 2)
    const line = witness.sign(text, head, 5)
    expectRefusal("unsupported", () => open([line], [witness.vkey]))
  })

  for (const curve of ["P-256", "P-384", "P-521"]) {
    test(`verifies ECDSA ${curve} over SHA-256, and over no other hash`, () => {
      const pair = generateKeyPairSync("ec", { namedCurve: curve })
      const spki = new Uint8Array(pair.publicKey.export({ type: "spki", format: "der" }))
      const vkey = makeVkey("log.example", 2, spki)
      const lineOver = (hash: string): NoteSignature => {
        const bytes = new Uint8Array(sign(hash, utf8(text), pair.privateKey))
        return { name: vkey.name, keyId: vkey.keyId, signature: bytes }
      }
      const line = lineOver("sha256")
      expect(open([line], [vkey])).toEqual([line])
      expectRefusal("bad-signature", () => open([lineOver("sha512")], [vkey]))
      expectRefusal("bad-signature", () => open([damage(line)], [vkey]))
    })
  }
})

describe("the published note of a Sigsum log", () => {
  const origin =
    "sigsum.org/v1/tree/e796172b92befd62d9dc67e41c2f5bc9d3100a3023b20b1ca40288dd1c679e69"
  const text = `${origin}\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n`
  const key = "66e0b858e462a609e66fe71370c816d8846ff103d5499a22a7fec37fdbc424a7"
  const vkey = makeVkey(origin, 1, new Uint8Array(Buffer.from(key, "hex")))
  const rest =
    "n8F8olcerUF1FFdv235A/5as/coWrpLrtE7ovMeP5whgwouYExowG/lTznxu6OUGjjt5yJQ6bXtTcf718MqAQ="
  const noteWith = (start: string) => parseNote(`${text}\n— ${origin} ${start}${rest}\n`)

  test("opens with the right key ID and is untrusted with the wrong one", () => {
    expect(openNote(noteWith("gJ2ho0"), [vkey])).toHaveLength(1)
    expectRefusal("untrusted", () => openNote(noteWith("pOZUn0"), [vkey]))
  })
})
