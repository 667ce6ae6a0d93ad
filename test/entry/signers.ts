// Keys made for a test, and signatures by them in every algorithm, made by node:crypto (Ed25519ph by
// noble, because OpenSSL 3.0 has none).
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { ed25519ph } from "@noble/curves/ed25519.js"
import { p256 } from "@noble/curves/nist.js"
import { type Algorithm, algorithms, type KeyType } from "../../src/entry/algorithm.ts"
import type { SignatureCheck, Signed } from "../../src/entry/entry.ts"

export interface Signer {
  readonly keyType: KeyType
  readonly spki: Uint8Array
  readonly privateKey: KeyObject
}

const CURVE_NAMES: Readonly<Record<string, string>> = {
  "ecdsa-p256": "P-256",
  "ecdsa-p384": "P-384",
  "ecdsa-p521": "P-521",
}

function generate(keyType: KeyType) {
  if (keyType === "ed25519") return generateKeyPairSync("ed25519")
  const namedCurve = CURVE_NAMES[keyType]
  if (namedCurve !== undefined) return generateKeyPairSync("ec", { namedCurve })
  return generateKeyPairSync("rsa", { modulusLength: Number(keyType.slice("rsa-".length)) })
}

export function makeSigner(keyType: KeyType): Signer {
  const { publicKey, privateKey } = generate(keyType)
  const spki = Uint8Array.from(publicKey.export({ format: "der", type: "spki" }))
  return { keyType, spki, privateKey }
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64")
}

export function hashOf(algorithm: Algorithm, message: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash(algorithms[algorithm].hash).update(message).digest())
}

function ed25519Seed(key: KeyObject): Uint8Array {
  return Uint8Array.from(key.export({ format: "der", type: "pkcs8" }).subarray(-32))
}

export function signMessage(signer: Signer, algorithm: Algorithm, message: Uint8Array): Uint8Array {
  if (algorithm === "PKIX_ED25519_PH") {
    return ed25519ph.sign(message, ed25519Seed(signer.privateKey))
  }
  const hash = algorithm === "PKIX_ED25519" ? null : algorithms[algorithm].hash
  return Uint8Array.from(sign(hash, message, signer.privateKey))
}

/** The other P-256 signature that holds with the same R, which anyone can make of one. */
export function otherS(der: Uint8Array): Uint8Array {
  const { r, s } = p256.Signature.fromBytes(der, "der")
  return new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes("der")
}

/** A check that holds. */
export function makeCheck(
  signer: Signer,
  algorithm: Algorithm,
  form: Signed["form"],
  message: Uint8Array,
): SignatureCheck {
  const signed: Signed =
    form === "digest"
      ? { form, digest: hashOf(algorithm, message) }
      : { form, message: Uint8Array.from(message) }
  const signature = signMessage(signer, algorithm, message)
  return { algorithm, spki: signer.spki, signature, signed }
}
