// What verifying signatures costs: each algorithm's weight, the points that a submission is worth, messages that are
// hashed once however many signatures there are over them, and which keys a signature is tried under. Verifies nothing.
import type { Algorithm, HashName } from "./algorithm.ts"
import { algorithms } from "./algorithm.ts"
import type { Proposal, SignatureCheck } from "./entry.ts"
import { hashOfCheck } from "./portable-verification.ts"
import { LONGEST_READING } from "./signature-diagnosis.ts"

/**
 * What a verification takes, in those of ECDSA P-256, of which a core makes some 12,000 a second; measured with OpenSSL
 * 3.0, Ed25519ph with noble. Ten are one millisecond, about.
 */
const weights: Readonly<Record<Algorithm, number>> = {
  PKIX_ECDSA_P256_SHA_256: 1,
  PKIX_ECDSA_P384_SHA_384: 9,
  PKIX_ECDSA_P521_SHA_512: 20,
  PKIX_RSA_PKCS1V15_2048_SHA256: 1,
  PKIX_RSA_PKCS1V15_3072_SHA256: 1,
  PKIX_RSA_PKCS1V15_4096_SHA256: 1,
  PKIX_ED25519: 2,
  PKIX_ED25519_PH: 14,
}

/** Bytes that are hashed in the time of one unit of weight. */
const BYTES_A_WEIGHT = 65_536

/** From this weight on a check is costly: it may wait for others, and others never wait for it. */
export const COSTLY = 8

/** What one check takes, in verifications of ECDSA P-256; its message counts where it is still to be hashed. */
export function weightOf({ algorithm, signed }: Pick<SignatureCheck, "algorithm" | "signed">) {
  return weightOfBytes(algorithm, signed.form === "message" ? signed.message.length : 0)
}

/** The same with so many bytes that are still to be hashed. */
export function weightOfBytes(algorithm: Algorithm, bytes = 0): number {
  return weights[algorithm] + Math.floor(bytes / BYTES_A_WEIGHT)
}

/** A point is some ten milliseconds of one core, and a request has paid one. */
const WEIGHT_A_POINT = 100
const BYTES_A_POINT = 131_072

function heaviest(checks: readonly SignatureCheck[]): number {
  return checks.reduce((most, check) => Math.max(most, weightOf(check)), 0)
}

/**
 * What a submission takes, in points: by its bytes, and by its signatures, of which one that may be under any of several
 * keys is tried under half of them.
 */
export function effortOf(bytes: number, claims: Proposal["claims"]): number {
  let weight = 0
  for (const checks of claims) weight += (heaviest(checks) * (checks.length + 1)) / 2
  return weight / WEIGHT_A_POINT + bytes / BYTES_A_POINT
}

/** Whether nobody has to take turns for it: one signature under one key that is verified quickly. */
export function isOrdinary({ claims }: Pick<Proposal, "claims">): boolean {
  const [[only, other] = [], otherClaim] = claims
  if (only === undefined || (other ?? otherClaim) !== undefined) return false
  return weightOf(only) < COSTLY
}

type Hash = (name: HashName, bytes: Uint8Array) => Uint8Array

/** Each message hashed once for each hash. */
function rememberDigests(hash: Hash): Hash {
  const known = new Map<Uint8Array, Map<HashName, Uint8Array>>()
  return (name, message) => {
    const digests = known.get(message) ?? new Map<HashName, Uint8Array>()
    known.set(message, digests)
    const digest = digests.get(name) ?? hash(name, message)
    digests.set(name, digest)
    return digest
  }
}

/**
 * The same check over the digest of its message; pure Ed25519 hashes for itself, with the key, so it keeps the message.
 * A message comes along that is short enough for other things to be tried with it.
 */
function digestedCheck(check: SignatureCheck, hash: Hash): SignatureCheck {
  const { algorithm, signed } = check
  if (signed.form === "digest" || algorithm === "PKIX_ED25519") return check
  const { message } = signed
  const name = hashOfCheck(check)
  const of = message.length <= LONGEST_READING && { of: message }
  return { ...check, signed: { form: "digest", digest: hash(name, message), hash: name, ...of } }
}

/** The same checks over digests, each message hashed once for each hash and not once for each check. */
export function digestedChecks(checks: readonly SignatureCheck[], hash: Hash): SignatureCheck[] {
  const remembered = rememberDigests(hash)
  return checks.map((check) => digestedCheck(check, remembered))
}

/**
 * Claims over one message: a hash for each that the keys use, not one for each pair of key and signature. A single
 * check stays as it is, unless its message is long and `isFast` the hash.
 */
export function digestedClaims(
  claims: Proposal["claims"],
  hash: Hash,
  isFast: boolean,
): Proposal["claims"] {
  const [[only, other] = [], otherClaim] = claims
  if (only !== undefined && (other ?? otherClaim) === undefined) {
    const { signed } = only
    const isLong = signed.form === "message" && signed.message.length > LONGEST_READING
    if (!(isFast && isLong)) return claims
  }
  const remembered = rememberDigests(hash)
  return claims.map((checks) => checks.map((check) => digestedCheck(check, remembered)))
}

/** Bytes of an integer of a signature, which may have a sign byte. */
const COORDINATE = { "ecdsa-p256": 33, "ecdsa-p384": 49, "ecdsa-p521": 67 } as const
const ED25519_LENGTH = 64
const RSA_LENGTH = { "rsa-2048": 256, "rsa-3072": 384, "rsa-4096": 512 } as const
/** Of two integers and of their sequence. */
const MOST_DER_HEADER = 2 + 2 + 3
const DER_SEQUENCE = 0x30

/** False only where no signature in this form can hold under a key of the algorithm. */
export function mayHold({ algorithm, signature }: SignatureCheck): boolean {
  const { keyType } = algorithms[algorithm]
  switch (keyType) {
    case "ed25519":
      return signature.length === ED25519_LENGTH
    case "rsa-2048":
    case "rsa-3072":
    case "rsa-4096":
      return signature.length === RSA_LENGTH[keyType]
    default:
      return (
        signature[0] === DER_SEQUENCE &&
        signature.length <= 2 * COORDINATE[keyType] + MOST_DER_HEADER
      )
  }
}

/** Whether the signature has the length that those under a key of the algorithm nearly always have. */
export function isLikely({ algorithm, signature }: SignatureCheck): boolean {
  const { keyType } = algorithms[algorithm]
  if (!(keyType in COORDINATE)) return true
  const coordinate = COORDINATE[keyType as keyof typeof COORDINATE]
  return signature.length > 2 * (coordinate - 6)
}
