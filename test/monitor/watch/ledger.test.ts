// Whatever stands in a ledger, reading it ends with what could be read and messages about the rest.
import fc from "fast-check"
import { expect, test } from "vitest"
import { Refusal } from "../../../src/core/base/errors.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { emptyLedger, postedLines, readLedger } from "../../../src/monitor/watch/ledger.ts"
import { markOf, marksOf } from "../../../src/monitor/watch/signature-mark.ts"
import { makeSigner, signMessage } from "../../entry/signers.ts"
import { hashedrekordOf } from "../../evidence/made-cases.ts"
import { digestOf } from "../entries/watched-entries.ts"

const { leaf } = portableHasher
const signer = makeSigner("ecdsa-p256")
const body = Buffer.from(hashedrekordOf(signer, "app")).toString("base64")

function read(text: string) {
  const ledger = emptyLedger()
  const bad: string[] = []
  readLedger(text, "ledger", { ledger, leaf, tell: (message) => bad.push(message) })
  return { ledger, bad }
}

/** JSON with the names that ledgers have, in places where they are not expected. */
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<unknown>(
      null,
      0,
      -1,
      "",
      "x",
      body,
      "AAAA",
      "00".repeat(32),
      digestOf("a"),
      [],
      {},
    ),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        ...[
          "leafHash",
          "digest",
          "body",
          "bundle",
          "attestations",
          "signatures",
          "base64Signature",
        ],
        ...["verificationMaterial", "tlogEntries", "canonicalizedBody", "messageSignature"],
        ...["dsseEnvelope", "signature", "sig", "rekorBundle", "Payload", "__proto__", "x"],
      ),
      tie("any"),
      { maxKeys: 4 },
    ),
  ),
}))

test("any JSON is read or named, and what is posted of it reads back the same", () => {
  fc.assert(
    fc.property(value.any, (document) => {
      const line = JSON.stringify(document)
      const { ledger, bad } = read(line)
      const found = [...ledger.leafHashes, ...ledger.signatures, ...ledger.digests].sort()
      try {
        const kept = postedLines(line, leaf)
        expect(bad).toEqual([])
        const again = read(kept.join("\n"))
        expect(again.bad).toEqual([])
        const { leafHashes, signatures, digests } = again.ledger
        expect([...leafHashes, ...signatures, ...digests].sort()).toEqual(found)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        expect(found).toEqual([])
      }
    }),
    { numRuns: 2_000 },
  )
})

test("any text is read or named line by line", () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "",
      "# c",
      digestOf("a"),
      `image a/b@${digestOf("a")}`,
      `{"body":"${body}"}`,
      "{",
      "image",
      "commit x",
    ),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const { bad } = read(lines.join("\n"))
      for (const message of bad) expect(message).toMatch(/^ledger(?:, line [1-9][0-9]*)?: /)
    }),
    { numRuns: 500 },
  )
})

test.each(["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] as const)(
  "a signature by %s has its mark among those that it may have",
  (keyType) => {
    const own = makeSigner(keyType)
    const algorithms = {
      "ecdsa-p256": "PKIX_ECDSA_P256_SHA_256",
      "ecdsa-p384": "PKIX_ECDSA_P384_SHA_384",
      "ecdsa-p521": "PKIX_ECDSA_P521_SHA_512",
      ed25519: "PKIX_ED25519",
      "rsa-2048": "PKIX_RSA_PKCS1V15_2048_SHA256",
    } as const
    const signed = ["a", "b"].map((text) =>
      signMessage(own, algorithms[keyType], Buffer.from(text)),
    )
    for (const signature of signed) expect(marksOf(signature)).toContain(markOf(signature, keyType))
    const [one, other] = signed.map((signature) => markOf(signature, keyType))
    expect(one).not.toBe(other)
  },
)
