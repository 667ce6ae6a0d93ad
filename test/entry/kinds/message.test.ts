import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { digestAlgorithm, type KeyType, messageAlgorithm } from "../../../src/entry/algorithm.ts"
import { hashedrekordBody } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { messageOf } from "../../../src/entry/kinds/message.ts"
import { proposeEntry, proposeRekorV1 } from "../../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { dssePae, IN_TOTO_PAYLOAD_TYPE } from "../../../src/entry/statement/pae.ts"
import { dsseV1, intotoV1 } from "../../http/rekor-v1/submissions.ts"
import { expectRefusal } from "../../refusals.ts"
import { base64, hashOf, makeSigner, signMessage } from "../signers.ts"

const HEX = "0123456789abcdef".repeat(4)
const statement = `{"subject":[{"name":"app","digest":{"sha256":"${HEX}"}}]}`
const payload = Uint8Array.from(Buffer.from(statement))
const pae = dssePae(IN_TOTO_PAYLOAD_TYPE, payload)
const about = [{ name: "app", digests: [`sha256:${HEX}`] }]
const keyTypes: readonly KeyType[] = ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"]

function hashedrekordOver(keyType: KeyType, message: Uint8Array): Uint8Array {
  const signer = makeSigner(keyType)
  const algorithm = digestAlgorithm[keyType]
  return hashedrekordBody({
    algorithm,
    digest: hashOf(algorithm, message),
    signature: signMessage(signer, algorithm, message),
    key: { form: "publicKey", der: signer.spki },
  })
}

function dsseBodyBy(keyType: KeyType, type = IN_TOTO_PAYLOAD_TYPE): Uint8Array {
  const signer = makeSigner(keyType)
  const signature = signMessage(signer, messageAlgorithm[keyType], dssePae(type, payload))
  return proposeEntry({
    kind: "dsse",
    envelope: {
      payload: base64(payload),
      payloadType: type,
      signatures: [{ sig: base64(signature) }],
    },
    verifiers: [{ publicKey: base64(signer.spki) }],
  }).body([0])
}

describe("the message of an entry", () => {
  test.each(keyTypes)("is proven by its hash in a hashedrekord under a key of %s", (keyType) => {
    const { message, digest, checks } = messageOf(hashedrekordOver(keyType, pae), pae)
    const name = digestAlgorithm[keyType] === "PKIX_ECDSA_P384_SHA_384" ? "sha384" : undefined
    const hash = keyType === "ed25519" ? "sha512" : (name ?? "sha256")
    expect(digest).toBe(`${hash}:${createHash(hash).update(pae).digest("hex")}`)
    expect(message).toMatchObject({ form: "dsse-pae", subjects: about })
    expect(checks).toEqual([])
  })

  test.each(keyTypes)("is proven by the signatures of an envelope under a key of %s", (keyType) => {
    const { message, digest, checks } = messageOf(dsseBodyBy(keyType), pae)
    expect(message).toMatchObject({ form: "dsse-pae", subjects: about })
    expect(digest).toBe(`sha256:${createHash("sha256").update(payload).digest("hex")}`)
    expect(checks.map(verifyPortably)).toEqual([true])
  })

  test("is the payload alone if its type is a statement's, or stands in the body", () => {
    const bodies = [
      dsseBodyBy("ecdsa-p256"),
      proposeRekorV1(dsseV1(statement)).body([0]),
      proposeRekorV1(intotoV1(statement)).body([0]),
    ]
    for (const body of bodies) {
      for (const bytes of [payload, pae]) {
        const { message, checks } = messageOf(body, bytes)
        expect(message.subjects).toEqual(about)
        expect(checks.map(verifyPortably)).toEqual([true])
      }
    }
  })

  test("of another type has signatures that do not hold", () => {
    const other = dssePae("text/plain", payload)
    for (const body of [
      dsseBodyBy("ecdsa-p256"),
      proposeRekorV1(dsseV1(statement)).body([0]),
      proposeRekorV1(intotoV1(statement)).body([0]),
    ]) {
      expect(messageOf(body, other).checks.map(verifyPortably)).toEqual([false])
    }
    const { checks } = messageOf(dsseBodyBy("ecdsa-p256", "text/plain"), payload)
    expect(checks.map(verifyPortably)).toEqual([false])
  })

  test("that says more than an entry can be found by is refused", () => {
    const subject = Array.from({ length: 20_000 }, (_, i) => ({ name: `n${i}` }))
    const bytes = Uint8Array.from(Buffer.from(JSON.stringify({ subject })))
    const message = dssePae(IN_TOTO_PAYLOAD_TYPE, bytes)
    expectRefusal("too-large", () => messageOf(hashedrekordOver("ed25519", message), message))
  })

  test("says what the entry is found by", () => {
    const { terms } = messageOf(hashedrekordOver("ecdsa-p256", pae), pae)
    expect(terms).toEqual([
      { name: "subject-digest", value: `sha256:${HEX}` },
      { name: "subject", value: "app" },
    ])
  })

  test("of another entry is refused, and what is no message", () => {
    const changed = dssePae(IN_TOTO_PAYLOAD_TYPE, Buffer.from(statement.replace("app", "apq")))
    expectRefusal("mismatch", () => messageOf(hashedrekordOver("ecdsa-p256", pae), changed))
    expectRefusal("mismatch", () => messageOf(dsseBodyBy("ecdsa-p256"), changed))
    const artifact = Buffer.from("artifact")
    const body = hashedrekordOver("ecdsa-p256", artifact)
    expectRefusal("unsupported", () => messageOf(body, artifact))
    const unknown = Buffer.from('{"apiVersion":"1","kind":"new","spec":{}}')
    expectRefusal("unsupported", () => messageOf(unknown, pae))
    const id = Buffer.from("ab".repeat(20))
    expectRefusal("mismatch", () => messageOf(dsseBodyBy("ecdsa-p256"), id))
  })
})
