// The certificate authorities that a TLS server may be certified by: those that Node comes with, those that the operator
// or the user names, and the system's. Leaves out the key chains of macOS and Windows.
import { X509Certificate } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { delimiter, join } from "node:path"
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls"
import { refuse } from "../../core/base/errors.ts"
import { type Environment, variableOf } from "./environment.ts"

/** Where systems keep theirs, as Go's programs look for them; the first that is there is read. */
const SYSTEM_FILES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Alpine, Arch
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL
  "/etc/ssl/ca-bundle.pem", // SUSE
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
  "/etc/ssl/cert.pem", // Alpine, the BSDs, macOS
]
const LONGEST_FILE = 16 * 1024 * 1024
const MOST_FILES = 1_024
const BLOCK = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/g

function isReadable(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** The certificates in PEM text; explanations between them, and what cannot be read, are passed over. */
function certificatesIn(text: string): readonly string[] {
  return (text.match(BLOCK) ?? []).filter(isReadable)
}

/** The certificates of a file; undefined if there is no such file, or none that can be read. */
function certificatesOf(file: string): readonly string[] | undefined {
  try {
    const { size } = statSync(file)
    return size > LONGEST_FILE ? undefined : certificatesIn(readFileSync(file, "latin1"))
  } catch {
    return undefined
  }
}

function certificatesBelow(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).slice(0, MOST_FILES)
    return names.flatMap((name) => certificatesOf(join(folder, name)) ?? [])
  } catch {
    return []
  }
}

/** SSL_CERT_FILE and SSL_CERT_DIR stand in for the system's own. */
function systemCertificates(environment: Environment): readonly string[] {
  const file = variableOf(environment, ["SSL_CERT_FILE"])?.text
  const folders = variableOf(environment, ["SSL_CERT_DIR"])?.text.split(delimiter) ?? []
  if (file !== undefined || folders.length > 0) {
    return [...((file && certificatesOf(file)) || []), ...folders.flatMap(certificatesBelow)]
  }
  for (const each of SYSTEM_FILES) {
    const found = certificatesOf(each)
    if (found !== undefined) return found
  }
  return []
}

/** The certificates that are named with --ca-file. Refuses `malformed` for text without one that can be read. */
export function parseAuthorities(text: string, file: string): readonly string[] {
  const written = text.match(BLOCK)?.length ?? 0
  const found = certificatesIn(text)
  if (found.length > 0 && found.length === written) return found
  return refuse(
    "malformed",
    `${file}: expected PEM certificates (-----BEGIN CERTIFICATE-----) of authorities, found ${
      written === 0 ? "none" : `${written - found.length} that cannot be read`
    }`,
  )
}

/** What a TLS connection is held against when Node's own authorities do not do, or more of them were named. */
export function allAuthorities(environment: Environment, named: readonly string[]): SecureContext {
  // Node adds these to its own only where nothing else is named.
  const extra = certificatesOf(variableOf(environment, ["NODE_EXTRA_CA_CERTS"])?.text ?? "") ?? []
  const all = [...rootCertificates, ...extra, ...systemCertificates(environment), ...named]
  return createSecureContext({ ca: [...new Set(all)] })
}
