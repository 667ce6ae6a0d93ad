// A signer's private key and signing with it the way the log's entries demand: ECDSA in DER (RFC 6979) and RSA PKCS#1
// v1.5 over the key's hash, Ed25519ph over a digest and pure Ed25519 over a message. All of them are deterministic. What
// the elliptic curves sign here is verified by OpenSSL or by the public key before it is given out: a fault in a
// deterministic signature would betray the key. Leaves out reading keys (key-formats.ts).
import {
  createHash,
  createPublicKey,
  createSign,
  createVerify,
  type KeyObject,
  sign,
  verify,
} from "node:crypto"
import { eddsa } from "@noble/curves/abstract/edwards.js"
import { ed25519 } from "@noble/curves/ed25519.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { concat, utf8 } from "../../../core/base/bytes.ts"
import { bug } from "../../../core/base/errors.ts"
import { algorithms, digestAlgorithm, type HashName } from "../../../entry/algorithm.ts"
import { readVerifierKey, type VerifierKey } from "../../../entry/verifier-key.ts"
import { pourFile } from "../../command/file.ts"
import { isEcdsa, signDeterministically } from "./ecdsa.ts"
import type { KeySource } from "./key-block.ts"
import { openKey } from "./key-formats.ts"
import { assertPair } from "./key-pair.ts"

export interface FileSignature {
  readonly hash: HashName
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

export interface PrivateKey {
  readonly verifier: VerifierKey
  /** Signs the digest of a file of any size; throws trouble ("disk"). */
  signFile(path: string): Promise<FileSignature>
  /** The same over bytes. */
  signBytes(bytes: Uint8Array): FileSignature
  /** Signs a message itself, as envelopes are signed: differs from the above for Ed25519 alone. */
  signMessage(message: Uint8Array): Uint8Array
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

/** The scalar of an elliptic curve, or the seed of Ed25519. */
function secretOf(key: KeyObject): Uint8Array {
  const { d = "" } = key.export({ format: "jwk" })
  return new Uint8Array(Buffer.from(d, "base64url"))
}

const CURVES: readonly string[] = ["prime256v1", "secp384r1", "secp521r1"]

/** The public key in the one form that entries have, whatever form of its point or curve the file has. */
function plainPublicKey(key: KeyObject): KeyObject {
  const publicKey = createPublicKey(key)
  if (!CURVES.includes(key.asymmetricKeyDetails?.namedCurve ?? "")) return publicKey
  return createPublicKey({ key: publicKey.export({ format: "jwk" }), format: "jwk" })
}

interface Signing {
  /** What the bytes are poured into. */
  readonly sinks: readonly { update(chunk: Uint8Array): unknown }[]
  end(): FileSignature
}

function startEcdsa(key: KeyObject, { keyType }: VerifierKey): Signing {
  const { hash } = algorithms[digestAlgorithm[keyType]]
  const [hashing, verifying] = [createHash(hash), createVerify(hash)]
  return {
    sinks: [hashing, verifying],
    end() {
      const digest = hashing.digest()
      const type = isEcdsa(keyType) ? keyType : bug(`${keyType} is no curve of ECDSA`)
      const signature = signDeterministically(type, digest, secretOf(key))
      if (!verifying.verify(createPublicKey(key), signature)) bug("a signature does not hold")
      return { hash, digest, signature }
    },
  }
}

function startEd25519(key: KeyObject, { spki }: VerifierKey): Signing {
  const hashing = createHash("sha512")
  return {
    sinks: [hashing],
    end() {
      const digest = hashing.digest()
      const signature = ed25519OverDigest.sign(digest, secretOf(key))
      const isHeld = ed25519OverDigest.verify(signature, digest, spki.subarray(-32))
      if (!isHeld) bug("a signature does not hold")
      return { hash: "sha512", digest, signature }
    },
  }
}

function startRsa(key: KeyObject, { keyType }: VerifierKey): Signing {
  const { hash } = algorithms[digestAlgorithm[keyType]]
  const [hashing, signing] = [createHash(hash), createSign(hash)]
  return {
    sinks: [hashing, signing],
    end: () => ({ hash, digest: hashing.digest(), signature: signing.sign(key) }),
  }
}

function startSigning(key: KeyObject, verifier: VerifierKey): Signing {
  if (verifier.keyType === "ed25519") return startEd25519(key, verifier)
  return isEcdsa(verifier.keyType) ? startEcdsa(key, verifier) : startRsa(key, verifier)
}

/**
 * Reads a private key out of the text of its file. Refuses `malformed` for what is not a key, `untrusted` for a
 * passphrase that is wrong or missing, `too-large` for one that would take too long to open, and `unsupported` for a
 * key that the log does not take.
 */
export function readPrivateKey(text: string, passphrase?: string, path?: string): PrivateKey {
  const source: KeySource = { text, passphrase, path }
  const key = openKey(source)
  const spki = plainPublicKey(key).export({ type: "spki", format: "der" })
  const verifier = readVerifierKey({ publicKey: new Uint8Array(spki) })
  assertPair(key)

  function signBytes(bytes: Uint8Array): FileSignature {
    const { sinks, end } = startSigning(key, verifier)
    for (const sink of sinks) sink.update(bytes)
    return end()
  }

  return {
    verifier,
    signBytes,
    async signFile(path) {
      const { sinks, end } = startSigning(key, verifier)
      await pourFile(path, sinks)
      return end()
    },
    signMessage(message) {
      if (verifier.keyType !== "ed25519") return signBytes(message).signature
      const signature = sign(null, message, key)
      if (!verify(null, message, createPublicKey(key), signature)) bug("a signature does not hold")
      return new Uint8Array(signature)
    },
  }
}
