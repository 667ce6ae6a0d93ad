// The certificate authorities of a trusted root (protobuf-specs, sigstore_trustroot.proto, JSON form), each with the
// time for which it is believed. The logs in the same file are read by trusted-root.ts. Leaves out timestamp
// authorities.
import { refuse, shown } from "../core/base/errors.ts"
import { asList, asObject, asText, optional, parseJson } from "../core/base/json-value.ts"
import { LONGEST_TRUSTED_ROOT } from "../core/base/limits.ts"
import {
  type AuthorityPool,
  type AuthoritySet,
  MOST_AUTHORITY_CERTIFICATES,
  makePool,
  readAuthorityPem,
} from "../entry/certificates/authority.ts"
import { asProtobufBytes } from "./protobuf-bytes.ts"
import { assertTrustedRoot } from "./trusted-root.ts"

const MOST_AUTHORITIES = 32

/** In Unix seconds. */
function readTime(value: unknown, what: string): number {
  const text = asText(value, what)
  const time = new Date(text).getTime()
  return Number.isNaN(time)
    ? refuse("malformed", `${what}: expected a time, found ${shown(text)}`)
    : Math.floor(time / 1000)
}

function readAuthority(value: unknown, what: string): AuthorityPool {
  const { certChain, validFor } = asObject(value, what, ["certChain", "validFor"])
  const { certificates } = asObject(certChain, `${what}.certChain`)
  const list = asList(certificates, `${what}.certChain`, MOST_AUTHORITY_CERTIFICATES)
  const ders = list.map((each, i) => {
    const { rawBytes } = asObject(each, `${what}.certChain[${i}]`)
    return asProtobufBytes(rawBytes, `${what}.certChain[${i}]`)
  })
  const { start, end } = asObject(validFor, `${what}.validFor`, ["start", "end"])
  const notBefore = readTime(start, `${what}.validFor.start`)
  const notAfter = optional(end, (present) => readTime(present, `${what}.validFor.end`))
  return makePool(ders, what, { notBefore, ...(notAfter !== undefined && { notAfter }) })
}

/**
 * The authorities of a trusted root, in its order. Refuses `too-large` above 1 MiB, `malformed` or `unsupported` for
 * anything that cannot be used, an authority without `validFor.start` included, and for a file without any.
 */
export function parseCertificateAuthorities(text: string, what: string): readonly AuthorityPool[] {
  const value = parseJson(text, what, LONGEST_TRUSTED_ROOT)
  assertTrustedRoot(value)
  const { certificateAuthorities = [] } = asObject(value, what)
  const list = asList(certificateAuthorities, "certificateAuthorities", MOST_AUTHORITIES)
  if (list.length === 0) {
    refuse(
      "malformed",
      `${what}: expected a certificate authority, found a trusted root without any`,
    )
  }
  return list.map((each, i) => readAuthority(each, `certificateAuthorities[${i}]`))
}

/**
 * What a file of authorities says, PEM or trusted root: of the second all leaves are for code signing. Refuses as
 * `readAuthorityPem` and {@link parseCertificateAuthorities} do.
 */
export function readAuthorities(name: string, text: string, what: string): AuthoritySet {
  const isTrustedRoot = text.trimStart().startsWith("{")
  const pools = isTrustedRoot
    ? parseCertificateAuthorities(text, what)
    : [readAuthorityPem(text, what)]
  return { name, pools, isForCode: isTrustedRoot }
}
