// Certificate authorities as an operator names them: roots that are believed, intermediates that lead to them, and
// from when to when. Read here from PEM; a trusted root of Sigstore is read in src/sigstore. A root is a certificate
// that has signed itself by its own word (issuer and subject are equal): that its signature holds is not asked, because
// whoever named the file has vouched for it.
import { refuse } from "../../core/base/errors.ts"
import { parsePemChain } from "../../core/base/pem.ts"
import type { Validity } from "../certificate.ts"
import { readX509, type X509 } from "./x509.ts"

/** Roots with the intermediates that may lead to them. */
export interface AuthorityPool {
  readonly roots: readonly X509[]
  readonly intermediates: readonly X509[]
  /** From when to when the operator believes them; without a bound where there is none. */
  readonly validFor: Validity
}

/** What an operator believes under one name. */
export interface AuthoritySet {
  readonly name: string
  readonly pools: readonly AuthorityPool[]
  /** Whether leaves must be for code signing, as Sigstore's are. */
  readonly isForCode: boolean
}

/** Certificates of one authority, in one file. */
export const MOST_AUTHORITY_CERTIFICATES = 64

const always: Validity = {
  notBefore: Number.NEGATIVE_INFINITY,
  notAfter: Number.POSITIVE_INFINITY,
}

function isRoot({ issuer, subject }: X509): boolean {
  return issuer === subject
}

/** Refuses what can never issue anything, so that a wrong file is noticed when it is read. */
function readAuthority(der: Uint8Array, what: string): X509 {
  const certificate = readX509(der)
  const { obstacle, isAuthority, mayCertify, algorithm } = certificate
  if (obstacle !== undefined) {
    refuse("unsupported", `${what}: expected a certificate that can be used, but ${obstacle}`)
  }
  if (!isAuthority || !mayCertify) {
    const found = "one that may sign no certificates (a signer's own?)"
    refuse("malformed", `${what}: expected the certificate of an authority, found ${found}`)
  }
  if (algorithm === undefined && !isRoot(certificate)) {
    const expected = "a certificate signed with ECDSA, RSA PKCS #1 v1.5 or Ed25519"
    refuse("unsupported", `${what}: expected ${expected}, found another algorithm`)
  }
  return certificate
}

/**
 * Roots and intermediates from their DER, in any order. Refuses `malformed` without a root, for a certificate that
 * is no authority's, or whose issuer is not among them; `too-large` for more than 64.
 */
export function makePool(
  ders: readonly Uint8Array[],
  what: string,
  validFor: Partial<Validity> = {},
): AuthorityPool {
  if (ders.length > MOST_AUTHORITY_CERTIFICATES) {
    const most = `up to ${MOST_AUTHORITY_CERTIFICATES} certificates`
    refuse("too-large", `${what}: expected ${most}, found ${ders.length}`)
  }
  const all = ders.map((der, i) => readAuthority(der, `${what}, certificate ${i + 1}`))
  const roots = all.filter(isRoot)
  if (roots.length === 0) {
    const expected = "a root, which is its own issuer"
    refuse("malformed", `${what}: expected ${expected}, found ${all.length} certificates and none`)
  }
  const subjects = new Set(all.map(({ subject }) => subject))
  const orphan = all.findIndex(({ issuer }) => !subjects.has(issuer))
  if (orphan >= 0) {
    const found = `that of certificate ${orphan + 1} is missing`
    refuse("malformed", `${what}: expected the issuer of each certificate, but ${found}; add it`)
  }
  const intermediates = all.filter((each) => !isRoot(each))
  return { roots, intermediates, validFor: { ...always, ...validFor } }
}

/** The pool of a PEM file; refuses as {@link makePool} does, and `malformed` for what is no PEM of certificates. */
export function readAuthorityPem(text: string, what: string): AuthorityPool {
  const blocks = parsePemChain(text, what, MOST_AUTHORITY_CERTIFICATES)
  const other = blocks.find(({ label }) => label !== "CERTIFICATE")
  if (other !== undefined) {
    refuse("malformed", `${what}: expected PEM of certificates, found a ${other.label}`)
  }
  return makePool(
    blocks.map(({ der }) => der),
    what,
  )
}
