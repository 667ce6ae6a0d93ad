// A certificate as `@sigstore/verify` has it. It writes DER anew from its parts whenever it compares or verifies: slower
// by far than reading, and other bytes than stand there if those are not DER inside of an octet string. So it is told.
import { createPublicKey, type KeyObject, verify as verifySignature } from "node:crypto"
import type { TrustMaterial } from "@sigstore/verify"
import { equalBytes } from "../core/base/bytes.ts"
import { refuse } from "../core/base/errors.ts"
import type { X509 } from "../entry/certificates/x509.ts"

export type LibraryCertificate =
  TrustMaterial["certificateAuthorities"][number]["certChain"][number]

type DerObject = LibraryCertificate["root"]

/** What was read of a certificate here: the whole, what its issuer has signed, and its key. */
type CertificateBytes = Pick<X509, "der" | "signed" | "spki">

/** SPEC: RFC 5280 section 4.1: behind version, serial number, algorithm, issuer, dates and subject. */
const SPKI = 6

/** Has an object stand for the bytes that it was read from. */
function pin(part: DerObject | undefined, der: Uint8Array | undefined): void {
  const isSame =
    part !== undefined &&
    der !== undefined &&
    equalBytes(der.subarray(-part.value.length), part.value)
  if (!isSame) refuse("malformed", "certificate: its parts are read in two ways")
  const bytes = Buffer.from(der as Uint8Array)
  ;(part as DerObject).toDER = () => bytes
}

/**
 * Has the library compare and verify the certificate's own bytes: as a whole, what is signed of it, and its key. Refuses
 * `malformed` where the library has found other parts than we.
 */
export function pinBytes(
  { root }: LibraryCertificate,
  { der, signed, spki }: CertificateBytes,
): void {
  const [part] = root.subs
  pin(root, der)
  pin(part, signed)
  pin(part?.subs[SPKI], spki)
}

const keys = new WeakMap<LibraryCertificate, KeyObject>()

function keyOf(issuer: LibraryCertificate): KeyObject {
  const known = keys.get(issuer)
  if (known !== undefined) return known
  const key = createPublicKey({ key: issuer.publicKey, format: "der", type: "spki" })
  keys.set(issuer, key)
  return key
}

/**
 * Has the library ask once for each issuer whether it has signed the certificate, whatever number of times the
 * certificate is looked at, and read the issuer's key once for all certificates.
 */
export function pinIssuers(certificate: LibraryCertificate): void {
  const verify = certificate.verify.bind(certificate)
  const known = new Map<LibraryCertificate, boolean>()
  certificate.verify = (issuer) => {
    if (issuer === undefined) return verify()
    const { signatureAlgorithm, tbsCertificate, signatureValue } = certificate
    const signed = tbsCertificate.toDER()
    const holds =
      known.get(issuer) ??
      verifySignature(signatureAlgorithm, signed, keyOf(issuer), signatureValue)
    known.set(issuer, holds)
    return holds
  }
}
