import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatBase64 } from "../../../src/core/base/text.ts"
import {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  parseCheckpointText,
} from "../../../src/core/note/checkpoint.ts"
import { formatNote, parseNote } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { asHash, EMPTY_HEAD, type Hash } from "../../../src/core/tree/hash.ts"
import { mth, singleBytes } from "../../reference.ts"
import { expectRefusal, valueOrRefusal } from "../../refusals.ts"
import { testSigner } from "../../signers.ts"

const ORIGIN = parseOrigin("log.example/test")
const ROOT = "pjSxv7zt/y45/+aSAblIZGIQ9OlCvvAbPP4eUWXJU9Y="
const TEXT = `${ORIGIN}\n14\n${ROOT}\n`
const head = { size: 14, root: mth(singleBytes(14)) }
const named = { origin: ORIGIN, ...head }

describe("checkpoint text", () => {
  test("the tree of fourteen single bytes has the published checkpoint", () => {
    expect(formatCheckpoint(ORIGIN, head)).toBe(TEXT)
    expect(parseCheckpoint(TEXT)).toEqual({ ...named, extensions: [] })
  })

  test("the empty tree has a checkpoint", () => {
    const text = formatCheckpoint(ORIGIN, EMPTY_HEAD)
    expect(text).toBe(`${ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`)
    expect(parseCheckpoint(text)).toMatchObject(EMPTY_HEAD)
  })

  test("parseCheckpoint() reads extension lines and the example of C2SP tlog-checkpoint", () => {
    expect(parseCheckpoint(`${TEXT}one\n two\n`).extensions).toEqual(["one", " two"])
    const root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    const checkpoint = parseCheckpoint(`example.com/behind-the-sofa\n20852163\n${root}\n`)
    expect(checkpoint.size).toBe(20_852_163)
    expect(formatBase64(checkpoint.root)).toBe(root)
  })

  test("Rekor's first line is read, and any other that C2SP lets pass", () => {
    const origin = "rekor.example - 1193050959916656506"
    const text = formatCheckpoint(origin, head)
    expect(parseCheckpointText(text)).toEqual({ ...head, origin, extensions: [] })
    expect(parseCheckpoint(text)).toEqual(parseCheckpointText(text))
    const other = formatCheckpoint("Go sum+database tree", head)
    expect(parseCheckpoint(other).origin).toBe("Go sum+database tree")
  })

  test("formatCheckpoint() refuses an origin that is not one line", () => {
    for (const origin of ["", "a\nb", "a\r"]) {
      expectRefusal("malformed", () => formatCheckpoint(origin, head))
    }
  })

  const refused: Record<string, string> = {
    nothing: "",
    "two lines": `${ORIGIN}\n14\n`,
    "a cut last line": TEXT.slice(0, -1),
    "an empty origin": TEXT.slice(ORIGIN.length),
    "an empty line": TEXT.replace("\n14", "\n\n14"),
    "an empty extension line": `${TEXT}\n`,
    "an empty line between extension lines": `${TEXT}a\n\nb\n`,
    "a leading zero": TEXT.replace("14", "014"),
    "a negative size": TEXT.replace("14", "-14"),
    "a size above 2^53-1": TEXT.replace("14", "9007199254740992"),
    "a size in hexadecimal": TEXT.replace("14", "0xe"),
    "a space after the size": TEXT.replace("14", "14 "),
    "carriage returns": TEXT.replaceAll("\n", "\r\n"),
    "a root of 31 bytes": TEXT.replace(ROOT, formatBase64(new Uint8Array(31))),
    "a root of 33 bytes": TEXT.replace(ROOT, formatBase64(new Uint8Array(33))),
    "a root without padding": TEXT.replace("Y=", "Y"),
    "a root with trailing bits": TEXT.replace("Y=", "Z="),
  }
  for (const [name, text] of Object.entries(refused)) {
    test(`parseCheckpoint() refuses ${name}`, () => {
      expect(text).not.toBe(TEXT)
      expectRefusal("malformed", () => parseCheckpoint(text))
    })
  }

  test("parseCheckpoint() gives back what formatCheckpoint() prints", () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => asHash(bytes))
    fc.assert(
      fc.property(fc.maxSafeNat(), hash, (size, root) => {
        const text = formatCheckpoint(ORIGIN, { size, root })
        expect(parseCheckpoint(text)).toEqual({ origin: ORIGIN, size, root, extensions: [] })
      }),
    )
  })

  test("parseCheckpointText() takes only what formatCheckpoint() prints before extensions", () => {
    const line = fc.constantFrom("a", "", "0", "14", "00", "1 ", ROOT, ROOT.slice(0, -1), "\r")
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.boolean(), (lines, end) => {
        const text = lines.join("\n") + (end ? "\n" : "")
        const parsed = valueOrRefusal(() => parseCheckpointText(text))
        if (parsed === undefined) return
        const extensions = parsed.extensions.map((extension) => `${extension}\n`).join("")
        expect(formatCheckpoint(parsed.origin, parsed) + extensions).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })
})

describe("openCheckpoint()", () => {
  const log = testSigner(ORIGIN, 1, 1)
  const note = formatNote(TEXT, [log.sign(TEXT, named, 0)])

  test("the log of the published seed signs the published note", () => {
    expect(note).toBe(
      `${TEXT}\n— ${ORIGIN} +uIDU2VsUb3sjtOD9WCbdrNyc8TmD1QzDr8v1aJqvxkoXssYBgBMdvpXRvbjJlRgFuXH0hcqkQV4bmGfyyisub/wcQA=\n`,
    )
  })

  test("gives the checkpoint of text and of bytes", () => {
    expect(openCheckpoint(note, [log.vkey], ORIGIN)).toEqual({ ...named, extensions: [] })
    expect(openCheckpoint(utf8(note), [log.vkey], ORIGIN)).toMatchObject(head)
  })

  test("refuses another origin, other keys and a signature over another text", () => {
    expectRefusal("mismatch", () => openCheckpoint(note, [log.vkey], parseOrigin("other")))
    const other = testSigner(ORIGIN, 1, 9)
    expectRefusal("untrusted", () => openCheckpoint(note, [other.vkey], ORIGIN))
    const changed = note.replace("\n14\n", "\n15\n")
    expectRefusal("bad-signature", () => openCheckpoint(changed, [log.vkey], ORIGIN))
  })

  for (const type of [4, 6] as const) {
    test(`takes a log's own signature of type ${type}, with a time or without`, () => {
      const signer = testSigner(ORIGIN, type, 4)
      for (const time of [0, 1_700_000_000]) {
        const signed = formatNote(TEXT, [signer.sign(TEXT, named, time)])
        expect(openCheckpoint(signed, [signer.vkey], ORIGIN)).toMatchObject(head)
        const changed = signed.replace("\n14\n", "\n15\n")
        expectRefusal("bad-signature", () => openCheckpoint(changed, [signer.vkey], ORIGIN))
      }
    })
  }

  test("a type 6 signature does not cover extension lines, one of type 4 does", () => {
    const [ed25519, mlDsa] = [testSigner(ORIGIN, 4, 4), testSigner(ORIGIN, 6, 4)]
    const extended = `${TEXT}extension\n`
    const reused = (signer: typeof mlDsa) => {
      const { signatures } = parseNote(formatNote(TEXT, [signer.sign(TEXT, named, 0)]))
      return formatNote(extended, signatures)
    }
    expect(openCheckpoint(reused(mlDsa), [mlDsa.vkey], ORIGIN).extensions).toEqual(["extension"])
    const forged = reused(ed25519)
    expectRefusal("bad-signature", () => openCheckpoint(forged, [ed25519.vkey], ORIGIN))
  })

  test("leaves it to its caller that size 0 with another root is no empty tree", () => {
    const root = new Uint8Array(32) as Hash
    const text = formatCheckpoint(ORIGIN, { size: 0, root })
    const signed = formatNote(text, [log.sign(text, { origin: ORIGIN, size: 0, root }, 0)])
    expect(openCheckpoint(signed, [log.vkey], ORIGIN).root).toEqual(root)
  })
})
