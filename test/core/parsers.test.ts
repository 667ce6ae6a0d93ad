import fc from "fast-check"
import { describe, test } from "vitest"
import { parseUtf8, utf8 } from "../../src/core/base/bytes.ts"
import { verifyEcdsa } from "../../src/core/base/ecdsa.ts"
import { verifyEd25519, verifyEd25519ph } from "../../src/core/base/ed25519.ts"
import { parseSpki } from "../../src/core/base/spki.ts"
import { parseBase64, parseDecimal, parseHex, parsePlainText } from "../../src/core/base/text.ts"
import { openCheckpoint, parseCheckpoint } from "../../src/core/note/checkpoint.ts"
import { verifyCosignature } from "../../src/core/note/cosignature.ts"
import { openNote, parseNote, parseVkey } from "../../src/core/note/note.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { parsePolicy } from "../../src/core/note/policy.ts"
import { parseTlogProof } from "../../src/core/note/tlog-proof.ts"
import { decodeBundle } from "../../src/core/tree/bundle.ts"
import { asHash, EMPTY_HEAD } from "../../src/core/tree/hash.ts"
import { parseTilePath } from "../../src/core/tree/tile.ts"
import { valueOrRefusal } from "../refusals.ts"
import { testSigner } from "../signers.ts"

/** Whole inputs from which the damaged ones are made. */
const log = testSigner("log.example/test", 1, 1)
const witness = testSigner("witness.example/w1", 4, 2)
const note = `log.example/test
14
pjSxv7zt/y45/+aSAblIZGIQ9OlCvvAbPP4eUWXJU9Y=

— log.example/test +uIDU2VsUb3sjtOD9WCbdrNyc8TmD1QzDr8v1aJqvxkoXssYBgBMdvpXRvbjJlRgFuXH0hcqkQV4bmGfyyisub/wcQA=
— witness.example/w1 3xwKNQAAAABlU/EA9TglBoqNvoc0Z16NC4llS5odD2mpG2Ev+VI4xN+7iuimRJMd21Qj2DOvIUACLjMPVt+irxLYOlujZEl9fRXWAA==
`
const samples = [
  note,
  "tile/0/x001/234.p/7",
  "log.example/test+fae20353+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
  `c2sp.org/tlog-proof@v1\nindex 0\n\n${note}`,
  "witness W1 witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\nquorum W1\n",
].map(utf8)

/** A sample with some bytes replaced and a part cut out, or anything at all. */
const damaged = fc
  .tuple(
    fc.constantFrom(...samples),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    fc.nat(),
    fc.nat(20),
  )
  .map(([sample, changes, start, length]) => {
    const bytes = sample.slice()
    for (const [at, value] of changes) bytes[at % bytes.length] = value
    const cut = start % (2 * bytes.length)
    return Uint8Array.of(...bytes.subarray(0, cut), ...bytes.subarray(cut + length))
  })
const bytes = fc.oneof(damaged, fc.uint8Array({ maxLength: 200 }))
const text = fc.oneof(
  damaged.map((input) => Buffer.from(input).toString("utf8")),
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
)

describe("every text parser gives a value or a refusal, never another error", () => {
  const parsers: Record<string, (input: string) => unknown> = {
    parseDecimal: (input) => parseDecimal(input, "n"),
    parseBase64: (input) => parseBase64(input, "b"),
    parseHex: (input) => parseHex(input, "h"),
    parsePlainText: (input) => parsePlainText(input, 100, "t"),
    parseOrigin,
    parseTilePath,
    parseVkey,
    parseNote,
    parseCheckpoint,
    parsePolicy,
    parseTlogProof,
    openCheckpoint: (input) => openCheckpoint(input, [log.vkey], parseOrigin("log.example/test")),
  }
  for (const [name, parse] of Object.entries(parsers)) {
    test(`${name}()`, () => {
      fc.assert(fc.property(text, (input) => void valueOrRefusal(() => parse(input))))
    })
  }
})

describe("every reader of bytes gives a value or a refusal, never another error", () => {
  const head = { origin: "o", ...EMPTY_HEAD }
  const readers: Record<string, (input: Uint8Array) => unknown> = {
    parseUtf8: (input) => parseUtf8(input, "t"),
    parseNote,
    parsePolicy,
    parseTlogProof,
    parseSpki,
    asHash,
    decodeBundle: (input) => decodeBundle(input, 3),
    openNote: (input) => openNote(parseNote(input), [log.vkey]),
    verifyCosignature: (input) => verifyCosignature(witness.vkey, "o\n", head, input),
    verifyEd25519: (input) =>
      verifyEd25519(input.subarray(0, 64), input.subarray(64), input.subarray(0, 32)),
    verifyEd25519ph: (input) =>
      verifyEd25519ph(input.subarray(0, 64), input.subarray(0, 64), input.subarray(0, 32)),
    verifyEcdsa: (input) =>
      verifyEcdsa("ecdsa-p256", input, input.subarray(0, 32), input.subarray(0, 65)),
  }
  for (const [name, read] of Object.entries(readers)) {
    test(`${name}()`, () => {
      fc.assert(fc.property(bytes, (input) => void valueOrRefusal(() => read(input))))
    })
  }
})
