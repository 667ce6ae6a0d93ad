// The usual mistakes of signers, each made with real keys: what is wrong is said, and nothing is accepted by it.
import { constants, createHash, sign } from "node:crypto"
import { ed25519ph } from "@noble/curves/ed25519.js"
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../src/core/base/bytes.ts"
import type { HashName } from "../../src/core/base/digest.ts"
import {
  algorithms,
  digestAlgorithm,
  type KeyType,
  messageAlgorithm,
} from "../../src/entry/algorithm.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import type { SignatureCheck, Signed } from "../../src/entry/entry.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import { explainSignature, MOST_READINGS, readingsOf } from "../../src/entry/signature-diagnosis.ts"
import { makeSigner, type Signer, signMessage } from "./signers.ts"

const signers = {
  "ecdsa-p256": makeSigner("ecdsa-p256"),
  "ecdsa-p384": makeSigner("ecdsa-p384"),
  "ecdsa-p521": makeSigner("ecdsa-p521"),
  "rsa-2048": makeSigner("rsa-2048"),
  ed25519: makeSigner("ed25519"),
} as const satisfies Partial<Record<KeyType, Signer>>
type Name = keyof typeof signers

const artifact = utf8("an artifact\n")
const hashed = (hash: string, bytes: Uint8Array) =>
  Uint8Array.from(createHash(hash).update(bytes).digest())
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
const bytesOf = (signature: Buffer) => Uint8Array.from(signature)

/** As `openssl dgst -sign` does. */
function signed(name: Name, bytes: Uint8Array, hash?: HashName): Uint8Array {
  const signer = signers[name]
  if (hash === undefined) return signMessage(signer, messageAlgorithm[signer.keyType], bytes)
  return bytesOf(sign(hash, bytes, signer.privateKey))
}

function checkOf(name: Name, signature: Uint8Array, about: Signed): SignatureCheck {
  const { keyType, spki } = signers[name]
  const algorithm = (about.form === "digest" ? digestAlgorithm : messageAlgorithm)[keyType]
  return { algorithm, spki, signature, signed: about }
}

function digestOf(name: Name): Uint8Array {
  return hashed(algorithms[digestAlgorithm[name]].hash, artifact)
}

function explained(check: SignatureCheck, known?: Uint8Array): string {
  expect(verifyPortably(check)).toBe(false)
  expect(readingsOf(check, known).length).toBeLessThanOrEqual(MOST_READINGS)
  return explainSignature(check, verifyPortably, known)
}

const plainKeys = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048"] as const

describe.each(plainKeys)("a signature by a key of type %s over a digest", (name) => {
  const { hash } = algorithms[digestAlgorithm[name]]
  const digest = digestOf(name)
  const over = (signature: Uint8Array, known?: Uint8Array) =>
    explained(checkOf(name, signature, { form: "digest", digest }), known)

  test.each([
    ["the digest's hexadecimal text", utf8(hexOf(digest)), /hexadecimal text of the digest$/],
    ["that text and a line feed", utf8(`${hexOf(digest)}\n`), /digest and a line feed$/],
    ["the digest's bytes", digest, /over the digest as if that were the artifact$/],
    ["the digest with its name", utf8(`${hash}:${hexOf(digest)}`), /the text "sha\d+:"/],
  ])("that was made over %s is told so", (_what, bytes, words) => {
    expect(over(signed(name, bytes, hash))).toMatch(words)
  })

  test("over an artifact with another end is told so, where the artifact is at hand", () => {
    const cut = signed(name, artifact.subarray(0, -1), hash)
    expect(over(cut, artifact)).toMatch(/without the line feed/)
    if (name !== "rsa-2048")
      expect(over(cut)).toMatch(/none of .* without the artifact explains it/)
  })

  test("by another hash is told so", () => {
    const other = hash === "sha512" ? "sha256" : "sha512"
    expect(over(signed(name, artifact, other), artifact)).toBe(
      `it was made with ${other}, expected ${hash}`,
    )
  })

  test("that no mistake explains is told so, and says where it looked", () => {
    const wrong = signed(name, utf8("another artifact"), hash)
    const words = name === "rsa-2048" ? /over another digest, sha256:[0-9a-f]{64}$/ : /none of the/
    expect(over(wrong)).toMatch(words)
    expect(over(wrong, artifact)).toMatch(words)
  })
})

describe("the form of a signature", () => {
  const about = (name: Name): Signed => ({ form: "digest", digest: digestOf(name) })
  const ed = signers.ed25519

  test.each(["ecdsa-p256", "ecdsa-p384", "ecdsa-p521"] as const)("of r and s under %s", (name) => {
    const hash = algorithms[digestAlgorithm[name]].hash
    const key = { key: signers[name].privateKey, dsaEncoding: "ieee-p1363" } as const
    const signature = bytesOf(sign(hash, artifact, key))
    expect(explained(checkOf(name, signature, about(name)))).toMatch(/ASN\.1 DER.*\(P1363\)$/)
  })

  test.each([
    ["PSS with a salt of the hash's length", constants.RSA_PSS_SALTLEN_DIGEST],
    ["PSS with the longest salt", constants.RSA_PSS_SALTLEN_MAX_SIGN],
    ["PSS without a salt", 0],
  ])("of RSA: %s", (_what, saltLength) => {
    const { privateKey } = signers["rsa-2048"]
    const padding = constants.RSA_PKCS1_PSS_PADDING
    const signature = bytesOf(sign("sha256", artifact, { key: privateKey, padding, saltLength }))
    const check = checkOf("rsa-2048", signature, about("rsa-2048"))
    expect(explained(check)).toMatch(/RSA-PSS, expected PKCS#1 v1\.5/)
    expect(explained({ ...check, signed: { form: "message", message: artifact } })).toMatch(/PSS/)
  })

  test("of RSA with SHA-1 names the hash", () => {
    const signature = bytesOf(sign("sha1", artifact, signers["rsa-2048"].privateKey))
    const words = "it was made over a sha1 digest, expected sha256"
    expect(explained(checkOf("rsa-2048", signature, about("rsa-2048")))).toBe(words)
  })

  test("of Ed25519, pure where Ed25519ph is wanted and the reverse", () => {
    const pure = signed("ed25519", artifact)
    expect(explained(checkOf("ed25519", pure, about("ed25519")), artifact)).toMatch(
      /pure Ed25519, expected Ed25519ph/,
    )
    const seed = Uint8Array.from(
      ed.privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32),
    )
    const prehashed = ed25519ph.sign(artifact, seed)
    const check = checkOf("ed25519", prehashed, { form: "message", message: artifact })
    expect(explained(check)).toMatch(/Ed25519ph, expected pure Ed25519/)
  })

  test.each([
    ["ECDSA under Ed25519", "ed25519", signed("ecdsa-p256", artifact), /64 bytes.*ECDSA/],
    ["RSA under ECDSA", "ecdsa-p256", signed("rsa-2048", artifact), /256 bytes, as of RSA/],
    ["a larger curve's", "ecdsa-p256", signed("ecdsa-p384", artifact), /key of a larger curve/],
    ["ECDSA under RSA", "rsa-2048", signed("ecdsa-p256", artifact), /256 bytes .* found 7\d/],
    ["a short one", "ecdsa-p256", new Uint8Array(63), /two integers, found 63/],
    [
      "OpenPGP without armour",
      "ecdsa-p256",
      Uint8Array.of(0x88, 70, 4, ...new Uint8Array(69)),
      /OpenPGP/,
    ],
  ] as const)("names %s", (_what, name, signature, words) => {
    expect(explained(checkOf(name, signature, about(name)))).toMatch(words)
  })
})

describe.each(["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"] as const)(
  "a signature by a key of type %s over an envelope",
  (name) => {
    const payload = utf8('{"a":1}')
    const type = "application/x"
    const pae = dssePae(type, payload)
    const base64 = utf8(Buffer.from(payload).toString("base64"))
    const over = (bytes: Uint8Array, hash?: HashName) =>
      explained(
        checkOf(name, signed(name, bytes, hash), {
          form: "message",
          message: pae,
        }),
      )

    test.each([
      ["the payload alone", payload, /payload alone, expected the pre-authentication encoding/],
      ["the payload in base64", base64, /payload in base64 alone/],
      ["base64 in the encoding", dssePae(type, base64), /payload in base64, expected its bytes/],
      [
        "another type",
        dssePae("application/vnd.in-toto+json", payload),
        /made for the payload type application\/vnd\.in-toto\+json/,
      ],
      [
        "a line feed behind the payload",
        dssePae(type, concat(payload, Uint8Array.of(10))),
        /with a line feed behind it, as echo writes one/,
      ],
    ])("that was made over %s is told so", (_what, bytes, words) => {
      expect(over(bytes)).toMatch(words)
    })

    test("by another hash is told so", () => {
      if (name === "ed25519") return
      const own = algorithms[messageAlgorithm[name]].hash
      const other = own === "sha256" ? "sha384" : "sha256"
      expect(over(pae, other)).toBe(`it was made with ${other}, expected ${own}`)
    })
  },
)

test("a message of 1 MB is read in no other way", () => {
  const message = new Uint8Array(1_000_000)
  const check = checkOf("ecdsa-p256", signed("ecdsa-p256", artifact), { form: "message", message })
  expect(readingsOf(check)).toEqual([])
  expect(explainSignature(check, verifyPortably)).toMatch(/none of the usual mistakes/)
})
