// The signature algorithms an entry may use, by Sigstore's names (protobuf-specs, PublicKeyDetails),
// and which of them follows from a key. Leaves out everything that needs a signature's bytes.
import { digestLength, type HashName, hashNames } from "../core/base/digest.ts"

export { digestLength, type HashName }

/** Signature algorithms by Sigstore's names (protobuf-specs, PublicKeyDetails). */
export type Algorithm =
  | "PKIX_ECDSA_P256_SHA_256"
  | "PKIX_ECDSA_P384_SHA_384"
  | "PKIX_ECDSA_P521_SHA_512"
  | "PKIX_RSA_PKCS1V15_2048_SHA256"
  | "PKIX_RSA_PKCS1V15_3072_SHA256"
  | "PKIX_RSA_PKCS1V15_4096_SHA256"
  | "PKIX_ED25519"
  | "PKIX_ED25519_PH"

/** The algorithm of a signature over a ready-made digest under a key of this type. */
export const digestAlgorithm = {
  "ecdsa-p256": "PKIX_ECDSA_P256_SHA_256",
  "ecdsa-p384": "PKIX_ECDSA_P384_SHA_384",
  "ecdsa-p521": "PKIX_ECDSA_P521_SHA_512",
  "rsa-2048": "PKIX_RSA_PKCS1V15_2048_SHA256",
  "rsa-3072": "PKIX_RSA_PKCS1V15_3072_SHA256",
  "rsa-4096": "PKIX_RSA_PKCS1V15_4096_SHA256",
  ed25519: "PKIX_ED25519_PH",
} as const satisfies Record<string, Algorithm>

export type KeyType = keyof typeof digestAlgorithm

interface AlgorithmFacts {
  readonly keyType: KeyType
  /** The hash that the signature is made over; for pure Ed25519 the one inside of it. */
  readonly hash: HashName
}

export const algorithms: Readonly<Record<Algorithm, AlgorithmFacts>> = {
  PKIX_ECDSA_P256_SHA_256: { keyType: "ecdsa-p256", hash: "sha256" },
  PKIX_ECDSA_P384_SHA_384: { keyType: "ecdsa-p384", hash: "sha384" },
  PKIX_ECDSA_P521_SHA_512: { keyType: "ecdsa-p521", hash: "sha512" },
  PKIX_RSA_PKCS1V15_2048_SHA256: { keyType: "rsa-2048", hash: "sha256" },
  PKIX_RSA_PKCS1V15_3072_SHA256: { keyType: "rsa-3072", hash: "sha256" },
  PKIX_RSA_PKCS1V15_4096_SHA256: { keyType: "rsa-4096", hash: "sha256" },
  PKIX_ED25519: { keyType: "ed25519", hash: "sha512" },
  PKIX_ED25519_PH: { keyType: "ed25519", hash: "sha512" },
}

/** Sigstore's names of the hashes, as they stand in canonical bodies. */
export const sigstoreHashName: Readonly<Record<HashName, string>> = {
  sha256: "SHA2_256",
  sha384: "SHA2_384",
  sha512: "SHA2_512",
}

/** The way back from {@link sigstoreHashName}; undefined for the name of another hash. */
export function hashOfSigstoreName(name: string): HashName | undefined {
  return hashNames.find((hash) => sigstoreHashName[hash] === name)
}

/** The algorithm of a signature over a message (a DSSE envelope) under a key of this type. */
export const messageAlgorithm: Readonly<Record<KeyType, Algorithm>> = {
  ...digestAlgorithm,
  ed25519: "PKIX_ED25519",
}

/** Every algorithm, in the order in which refusals list them. */
export const everyAlgorithm = Object.keys(algorithms) as readonly Algorithm[]
