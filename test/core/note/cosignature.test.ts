import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js"
import { describe, expect, test } from "vitest"
import { concat, u64, utf8 } from "../../../src/core/base/bytes.ts"
import { digestOf } from "../../../src/core/base/digest.ts"
import { formatHex, parseBase64 } from "../../../src/core/base/text.ts"
import { formatCheckpoint, parseCheckpointText } from "../../../src/core/note/checkpoint.ts"
import {
  cosignatureMessage,
  type NamedHead,
  readCosignatures,
  subtreeMessage,
  timestamped,
  verifyCosignature,
} from "../../../src/core/note/cosignature.ts"
import { formatSignatureLine, makeVkey, parseNote, parseVkey } from "../../../src/core/note/note.ts"
import { asHash } from "../../../src/core/tree/hash.ts"
import { mth, singleBytes } from "../../reference.ts"
import { expectRefusal } from "../../refusals.ts"
import { testSigner } from "../../signers.ts"

const TIME = 1_700_000_000
const head: NamedHead = { origin: "log.example/test", size: 14, root: mth(singleBytes(14)) }
const text = formatCheckpoint(head.origin, head)
const COSIGNER = "witness.example/w1"

describe("messages", () => {
  test("cosignatureMessage() puts two lines before the checkpoint", () => {
    expect(new TextDecoder().decode(cosignatureMessage(TIME, text))).toBe(
      `cosignature/v1\ntime 1700000000\nlog.example/test\n14\n${text.split("\n")[2]}\n`,
    )
  })

  test("subtreeMessage() builds the published messages", () => {
    const { origin, size, root } = head
    expect(formatHex(subtreeMessage(COSIGNER, TIME, { origin, start: 0, end: size, root }))).toBe(
      [
        "737562747265652f76310a00",
        "12",
        "7769746e6573732e6578616d706c652f7731",
        "000000006553f100",
        "10",
        "6c6f672e6578616d706c652f74657374",
        "0000000000000000",
        "000000000000000e",
        "a634b1bfbcedff2e39ffe69201b948646210f4e942bef01b3cfe1e5165c953d6",
      ].join(""),
    )
    const part = { origin, start: 8, end: 13, root: mth(singleBytes(13).slice(8)) }
    expect(formatHex(subtreeMessage(COSIGNER, 0, part))).toBe(
      [
        "737562747265652f76310a00",
        "12",
        "7769746e6573732e6578616d706c652f7731",
        "0000000000000000",
        "10",
        "6c6f672e6578616d706c652f74657374",
        "0000000000000008",
        "000000000000000d",
        "cc7376d91fe7b67209b305915b21ab4a0f0070b40582c74ec402e8074912a51d",
      ].join(""),
    )
  })

  test("the published seed signs both messages as published", () => {
    const { secretKey } = ml_dsa44.keygen(new Uint8Array(32).fill(3))
    const digest = (message: Uint8Array) =>
      formatHex(digestOf("sha256", ml_dsa44.sign(message, secretKey, { extraEntropy: false })))
    const { origin, size, root } = head
    expect(digest(subtreeMessage(COSIGNER, TIME, { origin, start: 0, end: size, root }))).toBe(
      "137b167e11f769ce26da7d2be07a59593b20a5cf04790114da910a31548c60ba",
    )
    const part = { origin, start: 8, end: 13, root: mth(singleBytes(13).slice(8)) }
    expect(digest(subtreeMessage(COSIGNER, 0, part))).toBe(
      "d91c3b4bc5b3ad3e067216aecb5b1612da5099a24797eaa659588ee74c0a7d3c",
    )
  })

  test("subtreeMessage() counts bytes, not characters, of names", () => {
    const { root } = head
    const subtree = { origin: "é".repeat(127), start: 0, end: 1, root }
    expect(subtreeMessage("é", 1, subtree)).toHaveLength(12 + 1 + 2 + 8 + 1 + 254 + 8 + 8 + 32)
    const long = { ...subtree, origin: "é".repeat(128) }
    expectRefusal("malformed", () => subtreeMessage("w", 1, long))
    expectRefusal("malformed", () => subtreeMessage("w".repeat(256), 1, subtree))
    expectRefusal("malformed", () => subtreeMessage("", 1, subtree))
  })

  test("subtreeMessage() refuses a time on a subtree that does not start at 0", () => {
    const { origin, root } = head
    expectRefusal("malformed", () => subtreeMessage("w", 1, { origin, start: 8, end: 13, root }))
  })
})

describe("published cosignatures", () => {
  const real = [
    {
      vkey: "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
      root: "lCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=",
      blob: "uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==",
    },
    {
      vkey: "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O",
      root: "gw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=",
      blob: "P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==",
    },
  ]
  for (const { vkey: vkeyText, root, blob } of real) {
    test(`verifyCosignature() gives the time of ${vkeyText.split("+")[0]}`, () => {
      const vkey = parseVkey(vkeyText)
      const body = `rome2026h1.example.org\n300\n${root}\n`
      const { signatures } = parseNote(`${body}\n— ${vkey.name} ${blob}\n`)
      const [line = { keyId: 0, signature: new Uint8Array(0) }] = signatures
      expect(line.keyId).toBe(vkey.keyId)
      const checkpoint = parseCheckpointText(body)
      expect(verifyCosignature(vkey, body, checkpoint, line.signature)).toBe(1_767_139_200)
      const extended = `${body}extension\n`
      expectRefusal("bad-signature", () =>
        verifyCosignature(vkey, extended, checkpoint, line.signature),
      )
    })
  }

  test("the witness of the published seed makes the published line", () => {
    const line = testSigner(COSIGNER, 4, 2).sign(text, head, TIME)
    expect(formatSignatureLine(line)).toBe(
      "— witness.example/w1 3xwKNQAAAABlU/EA9TglBoqNvoc0Z16NC4llS5odD2mpG2Ev+VI4xN+7iuimRJMd21Qj2DOvIUACLjMPVt+irxLYOlujZEl9fRXWAA==\n",
    )
  })

  test("the example of C2SP tlog-cosignature decodes", () => {
    const blob = parseBase64(
      "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==",
      "blob",
    )
    expect(blob.subarray(4, 12)).toEqual(u64(1_679_315_147))
  })

  test("a line of type 6 with a name of 18 bytes has 3,268 bytes", () => {
    const line = formatSignatureLine(testSigner(COSIGNER, 6, 3).sign(text, head, TIME))
    expect(utf8(line)).toHaveLength(3268)
  })
})

for (const type of [4, 6] as const) {
  describe(`verifyCosignature(), type ${type}`, () => {
    const signer = testSigner(COSIGNER, type, 3)
    const { signature } = signer.sign(text, head, TIME)
    const verify = (bytes: Uint8Array, ofText = text, ofHead = head) =>
      verifyCosignature(signer.vkey, ofText, ofHead, bytes)

    test("gives the time in seconds", () => {
      expect(verify(signature)).toBe(TIME)
    })

    test("refuses another time, origin, size and root", () => {
      const bare = signature.subarray(8)
      expectRefusal("bad-signature", () => verify(timestamped(TIME + 1, bare)))
      expectRefusal("bad-signature", () => verify(timestamped(0, bare)))
      for (const other of [
        { ...head, origin: "log.example/other" },
        { ...head, size: 15 },
        { ...head, root: asHash(new Uint8Array(32)) },
      ]) {
        const otherText = formatCheckpoint(other.origin, other)
        expectRefusal("bad-signature", () => verify(signature, otherText, other))
      }
    })

    test("refuses another key and a damaged, short or long signature", () => {
      const other = testSigner(COSIGNER, type, 5)
      expectRefusal("bad-signature", () => verifyCosignature(other.vkey, text, head, signature))
      const flipped = signature.with(20, (signature[20] as number) ^ 1)
      expectRefusal("bad-signature", () => verify(flipped))
      expectRefusal("bad-signature", () => verify(concat(signature, Uint8Array.of(0))))
      for (const length of [0, 4, 8, 9, signature.length - 1]) {
        expectRefusal("bad-signature", () => verify(signature.subarray(0, length)))
      }
    })

    test("refuses a time of 0 as untrusted, and one above 2^53-1 as not holding", () => {
      const untimed = signer.sign(text, head, 0).signature
      expectRefusal("untrusted", () => verify(untimed))
      const late = concat(new Uint8Array(8).fill(0x7f), signature.subarray(8))
      expectRefusal("bad-signature", () => verify(late))
    })
  })
}

test("verifyCosignature() refuses a key that signs texts only", () => {
  const log = testSigner("log.example/test", 1, 1)
  const { signature } = testSigner(COSIGNER, 4, 1).sign(text, head, TIME)
  expectRefusal("bad-signature", () => verifyCosignature(log.vkey, text, head, signature))
})

test("a type 6 signature names its cosigner, so it does not hold under another name", () => {
  const { vkey, sign } = testSigner(COSIGNER, 6, 3)
  const renamed = makeVkey("witness.example/w2", 6, vkey.publicKey)
  const { signature } = sign(text, head, TIME)
  expectRefusal("bad-signature", () => verifyCosignature(renamed, text, head, signature))
})

describe("readCosignatures()", () => {
  const [w1, w2, w3] = [
    testSigner("w1.example", 4, 2),
    testSigner("w2.example", 6, 3),
    testSigner("w3.example", 4, 4),
  ] as const
  const vkeys = [w1.vkey, w2.vkey, w3.vkey]

  test("gives the time of every key that cosigned and stated one", () => {
    const signatures = [w2.sign(text, head, 7), w1.sign(text, head, 5), w3.sign(text, head, 0)]
    const times = readCosignatures({ text, signatures }, head, vkeys)
    expect([...times]).toEqual([
      [w1.vkey, 5],
      [w2.vkey, 7],
    ])
  })

  test("ignores lines of other keys, and refuses a line of its own that does not hold", () => {
    const stranger = testSigner("w4.example", 4, 9).sign(text, head, 5)
    const forged = { ...stranger, name: w1.vkey.name, keyId: w1.vkey.keyId }
    expect(readCosignatures({ text, signatures: [stranger] }, head, vkeys).size).toBe(0)
    expectRefusal("bad-signature", () =>
      readCosignatures({ text, signatures: [stranger, forged] }, head, vkeys),
    )
  })
})
