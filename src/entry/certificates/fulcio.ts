// What Sigstore's certificate authority writes into a certificate about the identity token that it saw (Fulcio, "OID
// information", 1.3.6.1.4.1.57264.1.1 to .23), by name. Read strictly: an extension that is there twice, or whose
// value is not exactly in its form, has no value. Leaves out .7, a name (certificate.ts). Verifies nothing.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { unlessRefused } from "../../core/base/errors.ts"
import { readCertificate } from "../certificate.ts"
import { derContents } from "../der.ts"

const ARC = "1.3.6.1.4.1.57264.1."

/** Values that are the text itself, without DER around it. */
const plainFields = {
  "issuer-v1": 1,
  "github-workflow-trigger": 2,
  "github-workflow-sha": 3,
  "github-workflow-name": 4,
  "github-workflow-repository": 5,
  "github-workflow-ref": 6,
} as const

/** Values that are a UTF8String in DER. */
const stringFields = {
  issuer: 8,
  "build-signer-uri": 9,
  "build-signer-digest": 10,
  "runner-environment": 11,
  "source-repository-uri": 12,
  "source-repository-digest": 13,
  "source-repository-ref": 14,
  "source-repository-id": 15,
  "source-repository-owner-uri": 16,
  "source-repository-owner-id": 17,
  "build-config-uri": 18,
  "build-config-digest": 19,
  "build-trigger": 20,
  "run-invocation-uri": 21,
  "source-repository-visibility": 22,
  "deployment-environment": 23,
} as const

export type CertificateField = keyof typeof plainFields | keyof typeof stringFields

/** Every name, in the order of the extensions. */
export const certificateFields = [
  ...Object.keys(plainFields),
  ...Object.keys(stringFields),
] as readonly CertificateField[]

export function isCertificateField(name: string): name is CertificateField {
  return certificateFields.some((each) => each === name)
}

type FieldReader = (value: Uint8Array) => string | undefined

const UTF8_STRING = 0x0c

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && unlessRefused(() => parseUtf8(bytes, "extension"))
}

const readers: ReadonlyMap<string, readonly [name: CertificateField, read: FieldReader]> = new Map([
  ...Object.entries(plainFields).map(
    ([name, last]) => [`${ARC}${last}`, [name as CertificateField, textOf]] as const,
  ),
  ...Object.entries(stringFields).map(([name, last]) => {
    const read: FieldReader = (value) => textOf(derContents(value, UTF8_STRING))
    return [`${ARC}${last}`, [name as CertificateField, read]] as const
  }),
])

/** What the certificate says, by name. Empty for what is no certificate; never throws. */
export function readCertificateFields(der: Uint8Array): ReadonlyMap<CertificateField, string> {
  const fields = new Map<CertificateField, string>()
  const seen = new Set<CertificateField>()
  for (const { oid, value: contents } of extensionsOf(der)) {
    const [name, read] = readers.get(oid) ?? []
    if (name === undefined || read === undefined) continue
    const value = seen.has(name) ? undefined : read(contents)
    seen.add(name)
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  }
  return fields
}

function extensionsOf(der: Uint8Array) {
  return unlessRefused(() => readCertificate(der).extensions) ?? []
}
