// Whom a client certificate names that a TLS server has verified: by its subject alternative names, in lower case, and
// by no other field. A certificate with names that cannot be read names nobody.
import type { X509Certificate } from "node:crypto"
import { unlessRefused } from "../../core/base/errors.ts"
import { namesIn, readCertificate } from "../../entry/certificate.ts"
import type { Writer } from "./writer.ts"

export interface CertificateRule {
  readonly fits: (name: string) => boolean
  readonly writer: Writer
}

/** The writer of the first rule that one of the names fits. */
export function createCertificateWriters(
  rules: readonly CertificateRule[],
): (certificate: X509Certificate) => Writer | undefined {
  return ({ raw }) => {
    const names = unlessRefused(() => namesIn(readCertificate(raw).extensions))
    if (names === undefined || names.isUnreadable === true) return undefined
    return rules.find(({ fits }) => names.identities.some(fits))?.writer
  }
}
