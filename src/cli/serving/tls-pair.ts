// A server's certificate and its key, read from their files and held against each other before anything is served
// with them, and the authorities whose certificates clients may show. Leaves out revocation lists: who issues client
// certificates makes them short-lived, or the file of authorities is changed.
import { constants, type KeyObject, X509Certificate } from "node:crypto"
import { createSecureContext, type TlsOptions } from "node:tls"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { LONGEST_PEM } from "../../core/base/limits.ts"
import { parsePrivateKey } from "../../crypto/keys/pem-key.ts"
import { readSecretFile } from "../../crypto/keys/secret-file.ts"
import { readText } from "../command/file.ts"
import { parseAuthorities } from "../network/authorities.ts"

export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  readonly clientCa: string | undefined
  /** Whether clients without a certificate of these authorities are turned away. */
  readonly isRequired: boolean
}

export interface TlsPair {
  readonly options: TlsOptions
  /** Unix milliseconds. */
  readonly begins: number
  readonly ends: number
  /** Of the certificate, SHA-256. */
  readonly fingerprint: string
  /** The names that it is for, as the certificate has them. */
  readonly names: string
}

const LONGEST_AUTHORITIES = 4 * 1024 * 1024
const ENCRYPTED = /^(?:-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED)/m

function readKey(file: string, passphrase: string | undefined): KeyObject {
  const text = readSecretFile(file, "TLS key", LONGEST_PEM, true)
  const isEncrypted = ENCRYPTED.test(text)
  if (isEncrypted && passphrase === undefined) {
    refuse(
      "untrusted",
      `the TLS key in ${file} is encrypted: give its passphrase with --passphrase-file FILE`,
    )
  }
  try {
    return parsePrivateKey(text, passphrase)
  } catch (cause) {
    if (cause instanceof Refusal && cause.code === "too-large") throw cause
    const why = isEncrypted ? "one that --passphrase-file does not open" : "something else"
    return refuse("malformed", `${file}: expected a PEM private key, found ${why}`, { cause })
  }
}

function parseCertificate(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch (cause) {
    return refuse(
      "malformed",
      `${file}: expected PEM certificates, the server's own first, found something else`,
      {
        cause,
      },
    )
  }
}

/** OpenSSL's own look at all of it, such as at intermediates that cannot be read and keys that are too short. */
function assertUsable(options: TlsOptions, file: string): void {
  try {
    createSecureContext(options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    refuse("malformed", `${file}: OpenSSL does not take it: ${reason}`, { cause })
  }
}

async function clientOptions({ clientCa, isRequired }: TlsFiles): Promise<TlsOptions> {
  if (clientCa === undefined) return {}
  const text = await readText(clientCa, "authorities of clients", LONGEST_AUTHORITIES)
  return {
    ca: [...parseAuthorities(text, clientCa)],
    requestCert: true,
    rejectUnauthorized: isRequired,
    // A session that is taken up again shows no certificate, and Node says of it that it is authorized; so every
    // connection begins with a whole handshake, and an authority that was taken away counts no more.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

/**
 * Reads and checks all files. Refuses `malformed`, `mismatch` if the key is not the certificate's, `untrusted` if others can
 * read the key or its passphrase is missing; throws trouble ("disk").
 */
export async function readTlsPair(
  files: TlsFiles,
  passphrase: string | undefined,
): Promise<TlsPair> {
  const cert = await readText(files.certificate, "TLS certificate", LONGEST_PEM)
  const leaf = parseCertificate(cert, files.certificate)
  const key = readKey(files.key, passphrase)
  if (!leaf.checkPrivateKey(key)) {
    refuse(
      "mismatch",
      `${files.key} is not the key of the first certificate in ${files.certificate}`,
    )
  }
  const options: TlsOptions = {
    ...(await clientOptions(files)),
    cert,
    key: key.export({ type: "pkcs8", format: "pem" }) as string,
    minVersion: "TLSv1.2",
  }
  assertUsable(options, files.certificate)
  return {
    options,
    begins: Date.parse(leaf.validFrom),
    ends: Date.parse(leaf.validTo),
    fingerprint: leaf.fingerprint256,
    names: leaf.subjectAltName ?? leaf.subject,
  }
}
