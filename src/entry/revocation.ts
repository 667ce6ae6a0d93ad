// Revocation of a signer's key by an entry of the log: the key signs a fixed text that names itself. Anyone
// can compute that text's digest from the key, so that a body alone shows what it is. Whether its signature
// holds, and what follows from it, is the business of whoever reads entries in their order.
import { utf8 } from "../core/base/bytes.ts"
import { digestOf, type HashName, isHashName } from "../core/base/digest.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import type { EntryKind } from "./kind-names.ts"

/** The part of an entry's summary that says whether it is a revocation. */
interface RevocationTraits {
  /** With its version: `hashedrekord:0.0.2`. */
  readonly kind: string
  /** The digest that was signed, as `algorithm:hex`. */
  readonly digest?: string
  readonly signers: readonly { readonly key: string }[]
}

const FINGERPRINT = /^sha256:[0-9a-f]{64}$/
const KIND = "hashedrekord:" satisfies `${EntryKind}:`

/**
 * The text whose signature revokes the key. `key` is `sha256:` and the lower-case hex of SHA-256 over the
 * key's SPKI; refuses `malformed` for anything else.
 */
export function revocationText(key: string): string {
  if (!FINGERPRINT.test(key)) {
    refuse("malformed", `key: expected "sha256:" and 64 hex digits, found ${shown(key, 80)}`)
  }
  return `countersign-revocation/v1\nkey ${key}\n`
}

/** The digest of {@link revocationText} as entries state it: `sha256:HEX`, or by a longer hash. */
export function revocationDigest(key: string, hash: HashName): string {
  return `${hash}:${formatHex(digestOf(hash, utf8(revocationText(key))))}`
}

/** Gives {@link revocationDigest}, perhaps from memory. */
type RevocationDigests = (key: string, hash: HashName) => string

/** True if `digest` (`algorithm:hex`) is that of the key's revocation, by whichever SHA-2 it names. */
export function isRevocation(
  digest: string,
  key: string,
  digestFor: RevocationDigests = revocationDigest,
): boolean {
  const hash = digest.slice(0, digest.indexOf(":"))
  return isHashName(hash) && FINGERPRINT.test(key) && digest === digestFor(key, hash)
}

/**
 * The key that an entry revokes, as `sha256:HEX`: a hashedrekord signed by that key alone. Undefined for
 * every other entry. The caller sees to it that the signature holds.
 */
export function revokedKey(
  { kind, digest, signers }: RevocationTraits,
  digestFor?: RevocationDigests,
): string | undefined {
  const [signer, ...others] = signers
  if (signer === undefined || others.length > 0) return undefined
  if (digest === undefined || !kind.startsWith(KIND)) return undefined
  return isRevocation(digest, signer.key, digestFor) ? signer.key : undefined
}
