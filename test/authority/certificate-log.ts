// A certificate transparency log (RFC 6962 section 3.2) that promises everything: signed certificate timestamps to be
// embedded into certificates. It keeps no tree, as verifiers of bundles ask for none.
import { createHash, sign } from "node:crypto"
import { concat } from "../../src/core/base/bytes.ts"
import { madeExtension } from "../entry/certificates/authority.ts"
import { makeSigner, type Signer } from "../entry/signers.ts"
import { der, OCTET_STRING } from "./der.ts"

const PROMISES = "1.3.6.1.4.1.11129.2.4.2"
const SHA256_ECDSA = Uint8Array.of(4, 3)

function number(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = length - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) {
    bytes[i] = rest % 256
  }
  return bytes
}

/** Bytes behind their length. */
function vector(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  return concat(number(bytes.length, lengthBytes), bytes)
}

function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(bytes).digest())
}

export interface CertificateLog {
  readonly signer: Signer
  /** SHA-256 of its SPKI. */
  readonly logId: Uint8Array
  /** The promise for a certificate of which `signed` is all but the promise. */
  promise(
    signed: Uint8Array,
    issuer: Pick<Signer, "spki">,
    at: Date,
    extensions?: Uint8Array,
  ): Uint8Array
}

export function makeCertificateLog(): CertificateLog {
  const signer = makeSigner("ecdsa-p256")
  const logId = sha256(signer.spki)
  return {
    signer,
    logId,
    promise(signed, issuer, at, extensions = new Uint8Array()) {
      const time = number(at.getTime(), 8)
      const [version, kind, entryType] = [number(0, 1), number(0, 1), number(1, 2)]
      const entry = concat(sha256(issuer.spki), vector(signed, 3), vector(extensions, 2))
      const message = concat(version, kind, time, entryType, entry)
      const signature = Uint8Array.from(sign("sha256", message, signer.privateKey))
      const head = concat(version, logId, time, vector(extensions, 2))
      return concat(head, SHA256_ECDSA, vector(signature, 2))
    },
  }
}

/** The extension of a certificate that holds promises. */
export function promisesExtension(promises: readonly Uint8Array[]) {
  const list = vector(concat(...promises.map((each) => vector(each, 2))), 2)
  return madeExtension(PROMISES, der(OCTET_STRING, list))
}
