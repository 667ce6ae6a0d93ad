// What `@sigstore/verify` is given as trusted. It walks every way from a certificate to a root, without bounds and
// through circles, so it gets ways that were found here by name: each is an authority of its own, in which every
// certificate has one issuer. What it verifies of them does not change, and is remembered.
import { TrustedRoot } from "@sigstore/protobuf-specs"
import { type TrustMaterial, toTrustMaterial, Verifier } from "@sigstore/verify"
import { refuse } from "../core/base/errors.ts"
import { formatBase64 } from "../core/base/text.ts"
import type { AuthorityPool } from "../entry/certificates/authority.ts"
import { type Path, pathsByName } from "../entry/certificates/path.ts"
import { readX509, type X509 } from "../entry/certificates/x509.ts"
import { type LibraryCertificate, pinBytes } from "./library-certificate.ts"
import {
  authoritiesIn,
  type CertificateLog,
  type KeylessTrust,
  type TrustedAuthorities,
  type Window,
} from "./trust.ts"

const CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
const ANY_PURPOSE = "2.5.29.37.0"

interface AuthorityJson {
  readonly certChain: { readonly certificates: readonly { readonly rawBytes: string }[] }
  readonly validFor: object
}

function windowJson({ start, end }: Window): object {
  return { start: start.toISOString(), ...(end && { end: end.toISOString() }) }
}

/** The library takes 1970 and the end of time for what is not said. */
function poolWindowJson({ validFor: { notBefore, notAfter } }: AuthorityPool): object {
  const text = (seconds: number) => new Date(seconds * 1000).toISOString()
  return {
    ...(Number.isFinite(notBefore) && { start: text(notBefore) }),
    ...(Number.isFinite(notAfter) && { end: text(notAfter) }),
  }
}

function authorityJson(certificates: readonly X509[], validFor: object): AuthorityJson {
  const list = certificates.map(({ der }) => ({ rawBytes: formatBase64(der) }))
  return { certChain: { certificates: list }, validFor }
}

function certificateLogJson({ key, keyDetails, logId, validFor }: CertificateLog): object {
  const publicKey = { rawBytes: formatBase64(key), keyDetails, validFor: windowJson(validFor) }
  return { hashAlgorithm: "SHA2_256", publicKey, logId: { keyId: formatBase64(logId) } }
}

/** SPEC: RFC 5280 section 4.2.1.12: below an issuer that is for certain purposes there are no others. */
function isForCode([, ...authorities]: Path): boolean {
  return authorities
    .slice(0, -1)
    .every(
      ({ purposes }) => purposes?.some((it) => it === CODE_SIGNING || it === ANY_PURPOSE) ?? true,
    )
}

/**
 * What is known of trusted certificates, and would be found anew for every leaf at more than the leaf's own cost: their
 * bytes, and whether they have signed one another.
 */
function remember(chain: readonly LibraryCertificate[]): void {
  for (const certificate of chain) {
    pinBytes(certificate, readX509(certificate.root.toDER()))
    const verify = certificate.verify.bind(certificate)
    const known = new Map<LibraryCertificate | undefined, boolean>()
    certificate.verify = (issuer) => {
      // A leaf may be asked about too, if it claims to be the issuer.
      if (issuer !== undefined && !chain.includes(issuer)) return verify(issuer)
      const holds = known.get(issuer) ?? verify(issuer)
      known.set(issuer, holds)
      return holds
    }
  }
}

function materialOf(json: object): TrustMaterial {
  const material = readMaterial(json)
  const { certificateAuthorities, timestampAuthorities } = material
  for (const { certChain } of [...certificateAuthorities, ...timestampAuthorities]) {
    remember(certChain)
  }
  return material
}

function readMaterial(json: object): TrustMaterial {
  try {
    return toTrustMaterial(TrustedRoot.fromJSON(json))
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause)
    const expected = "expected keys that can be used"
    return refuse("malformed", `trusted root: ${expected}, found ${found}`, { cause })
  }
}

/** The ways from a leaf to the roots of every authority; those of leaves with the same issuer are the same. */
function authoritiesOf(leaf: X509, pools: readonly AuthorityPool[]): readonly AuthorityJson[] {
  return pools.flatMap((pool) =>
    pathsByName(leaf, [], pool)
      .paths.filter(isForCode)
      .map(([, ...authorities]) => authorityJson(authorities, poolWindowJson(pool))),
  )
}

function timestampAuthoritiesOf({
  timestampAuthorities,
}: TrustedAuthorities): readonly AuthorityJson[] {
  return timestampAuthorities.flatMap(({ signer, pool, validFor }) =>
    pathsByName(signer, [], pool).paths.map((path) => authorityJson(path, windowJson(validFor))),
  )
}

/** Sigstore's verifier with whom it trusts to sign timestamps, and the IDs of certificate logs. */
export interface LibraryVerifier {
  readonly verifier: Verifier
  readonly certificateLogs: readonly Uint8Array[]
  readonly timestampSigners: readonly LibraryCertificate[]
}

type Materials = (leaf: X509) => LibraryVerifier | undefined

/** Distinct issuers of leaves that are remembered for one trusted root. */
const MOST_ISSUERS = 64

function makeMaterials(trust: TrustedAuthorities): Materials {
  const known = new Map<string, LibraryVerifier | undefined>()
  const others = materialOf({
    certificateAuthorities: [],
    tlogs: [],
    ctlogs: trust.certificateLogs.map(certificateLogJson),
    timestampAuthorities: timestampAuthoritiesOf(trust),
  })
  const empty = { tlogs: [], ctlogs: [], timestampAuthorities: [] }

  const certificateLogs = others.ctlogs.map(({ logID }) => logID)
  const timestampSigners = others.timestampAuthorities.flatMap(({ certChain }) =>
    certChain.slice(0, 1),
  )

  function makeVerifier(leaf: X509): LibraryVerifier | undefined {
    const authorities = authoritiesOf(leaf, trust.certificateAuthorities)
    if (authorities.length === 0) return undefined
    const own = materialOf({ ...empty, certificateAuthorities: authorities })
    const material = { ...others, certificateAuthorities: own.certificateAuthorities }
    // The log's entries are verified before, and one time is needed.
    const thresholds = { tlogThreshold: 0, ctlogThreshold: 1, timestampThreshold: 1 }
    return { verifier: new Verifier(material, thresholds), certificateLogs, timestampSigners }
  }

  return (leaf) => {
    const name = `${leaf.issuer} ${leaf.issuerKeyId ?? ""}`
    if (known.has(name)) return known.get(name)
    const verifier = makeVerifier(leaf)
    if (known.size < MOST_ISSUERS) known.set(name, verifier)
    return verifier
  }
}

const materials = new WeakMap<KeylessTrust, Materials>()

/**
 * Sigstore's verifier with the authorities that may have issued the leaf; undefined if none bears the name of its
 * issuer. Refuses `malformed` for keys of the trusted root that cannot be read.
 */
export function verifierFor(trust: KeylessTrust, leaf: X509): LibraryVerifier | undefined {
  const known = materials.get(trust) ?? makeMaterials(authoritiesIn(trust))
  materials.set(trust, known)
  return known(leaf)
}
