// Opens private keys by URI: `file:PATH` or a plain path, `ssh-agent:[SOCKET]#SHA256:FINGERPRINT`, and `pkcs11:…`
// (RFC 7512). Keys of cloud services are left to a program of their own.
import { resolve } from "node:path"
import { refuse, shown } from "../../core/base/errors.ts"
import { LONGEST_PEM } from "../../core/base/limits.ts"
import type { KeyHandle } from "../keys/handle.ts"
import { openPemKey, type Signing } from "../keys/pem-key.ts"
import { readSecretFile } from "../keys/secret-file.ts"

export type { KeyHandle } from "../keys/handle.ts"

export interface KeyContext {
  /** Opens a key file that is encrypted. */
  readonly passphrase?: string | undefined
  /** What relative paths start from. */
  readonly directory: string
  /** Where a key file signs; on the calling thread by default. */
  readonly signing?: Signing | undefined
  /** Whose key it is, in messages. */
  readonly what?: string | undefined
}

const SCHEME = /^([a-z][a-z0-9+-]*):(?!$)/
const services = ["awskms", "azurekms", "gcpkms", "hashivault", "ocikms", "k8s"]

/** What encrypted keys say of themselves: PKCS#8 and the older PEM. */
const ENCRYPTED = /^(?:-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED)/m

/** The path of a `file:` URI (RFC 8089, without a host), or of a plain path; undefined for another URI. */
function keyFileOf(uri: string, directory: string): string | undefined {
  const scheme = SCHEME.exec(uri)?.[1]
  if (scheme !== undefined && scheme !== "file") return undefined
  const path = uri.replace(/^file:(?:\/\/(?=\/))?/, "")
  if (path === "" || path.startsWith("//")) {
    refuse("malformed", `key: expected file:PATH, found ${shown(uri)}`)
  }
  return resolve(directory, path)
}

function openKeyFile(path: string, context: KeyContext): KeyHandle {
  const { passphrase, what = "private" } = context
  const pem = readSecretFile(path, `${what} key`, LONGEST_PEM)
  if (passphrase === undefined && ENCRYPTED.test(pem)) {
    const advice = "give the right passphrase with --passphrase-file FILE"
    refuse("untrusted", `the ${what} key in ${path} is encrypted: ${advice}`)
  }
  return openPemKey(pem, { ...context, what: `${what} key ${path}` })
}

/**
 * Opens a private key. Refuses `unsupported` for a scheme or a kind of key that is not built in, `malformed`,
 * `not-found`, and `untrusted` for a file that others can read or that needs another passphrase; throws trouble.
 */
export async function openKey(uri: string, context: KeyContext): Promise<KeyHandle> {
  const file = keyFileOf(uri, context.directory)
  if (file !== undefined) return openKeyFile(file, context)
  const scheme = SCHEME.exec(uri)?.[1] ?? ""
  // Loaded by those who need it.
  if (scheme === "ssh-agent") {
    const { openAgentKey } = await import("../keys/agent-key.ts")
    return await openAgentKey(uri)
  }
  if (scheme === "pkcs11") {
    const { openPkcs11Key } = await import("../keys/pkcs11-key.ts")
    return await openPkcs11Key(uri)
  }
  if (services.includes(scheme)) {
    refuse(
      "unsupported",
      `key: ${scheme}: is not built in; run a program that signs with it, and give it with: --signer exec:PROGRAM`,
    )
  }
  const known = "a path, file:, ssh-agent: or pkcs11:"
  return refuse("unsupported", `key: expected ${known}, found ${shown(uri)}`)
}
