// A signer's private key (PEM: PKCS#8, SEC 1 or PKCS#1, also encrypted) and signing files with it the way
// the log's entries demand: ECDSA in DER and RSA PKCS#1 v1.5 over the key's hash, Ed25519ph.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSign,
  type KeyObject,
} from "node:crypto"
import { eddsa } from "@noble/curves/abstract/edwards.js"
import { ed25519 } from "@noble/curves/ed25519.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { concat, utf8 } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { algorithms, digestAlgorithm, type HashName } from "../../entry/algorithm.ts"
import { readVerifierKey, type VerifierKey } from "../../entry/verifier-key.ts"
import { pourFile } from "./file.ts"

export interface FileSignature {
  readonly hash: HashName
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

export interface PrivateKey {
  readonly verifier: VerifierKey
  /** Signs a file of any size; throws trouble ("disk"). */
  signFile(path: string): Promise<FileSignature>
  /** The same over bytes. */
  signBytes(bytes: Uint8Array): FileSignature
}

const PREHASH_DOMAIN = concat(utf8("SigEd25519 no Ed25519 collisions"), Uint8Array.of(1, 0))

/** RFC 8032 section 5.1.5 step 2. */
function clamp(scalar: Uint8Array): Uint8Array {
  const clamped = scalar.slice()
  clamped[0] = (clamped[0] as number) & 0b1111_1000
  clamped[31] = ((clamped[31] as number) & 0b0111_1111) | 0b0100_0000
  return clamped
}

// The library's own Ed25519ph hashes its message; this one takes the digest of a file that was streamed.
const ed25519OverDigest = eddsa(ed25519.Point, sha512, {
  adjustScalarBytes: clamp,
  domain: (data: Uint8Array) => concat(PREHASH_DOMAIN, data),
})

function seedOf(key: KeyObject): Uint8Array {
  const { d = "" } = key.export({ format: "jwk" })
  return Buffer.from(d, "base64url")
}

/** What a file is poured into, and what signs it in the end. */
function startSigning(key: KeyObject, { keyType }: VerifierKey) {
  const { hash } = algorithms[digestAlgorithm[keyType]]
  const hashing = createHash(hash)
  const signing = keyType === "ed25519" ? undefined : createSign(hash)
  return {
    sinks: signing === undefined ? [hashing] : [hashing, signing],
    end(): FileSignature {
      const digest = hashing.digest()
      const signature = signing?.sign(key) ?? ed25519OverDigest.sign(digest, seedOf(key))
      return { hash, digest, signature }
    },
  }
}

function openKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...present({ passphrase }) })
  } catch (cause) {
    return refuse(
      "malformed",
      "private key: expected PEM, and the right passphrase if it is encrypted, found neither",
      { cause },
    )
  }
}

/** Refuses `malformed` for what is not a key, `unsupported` for a key that the log does not take. */
export function readPrivateKey(pem: string, passphrase?: string): PrivateKey {
  const key = openKey(pem, passphrase)
  const spki = createPublicKey(key).export({ type: "spki", format: "der" })
  const verifier = readVerifierKey({ publicKey: new Uint8Array(spki) })
  return {
    verifier,
    async signFile(path) {
      const { sinks, end } = startSigning(key, verifier)
      await pourFile(path, sinks)
      return end()
    },
    signBytes(bytes) {
      const { sinks, end } = startSigning(key, verifier)
      for (const sink of sinks) sink.update(bytes)
      return end()
    },
  }
}
