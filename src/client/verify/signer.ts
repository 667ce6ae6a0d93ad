// The caller's key in the form in which the bundle and the log's entry name it.
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { formatBase64 } from "../../core/base/text.ts"
import type { VerifierKey, VerifierKeyReader } from "../../entry/verifier-key.ts"
import type { BundleVerifier } from "../../sigstore/bundle-form.ts"

/** `readKey` may be a cache. Refuses `mismatch` if the bundle's certificate is another one, or of another key. */
export function signerKey(
  own: VerifierKey,
  verifier: BundleVerifier,
  readKey: VerifierKeyReader,
): VerifierKey {
  // A hint only helps to find a key; the caller has done so.
  if (verifier.form === "hint") {
    return own.form === "publicKey" ? own : readKey({ publicKey: formatBase64(own.spki) })
  }
  const certificate = readKey({ certificate: formatBase64(verifier.der) })
  const expected = own.form === "certificate" ? own.der : own.spki
  const found = own.form === "certificate" ? certificate.der : certificate.spki
  if (!equalBytes(found, expected)) {
    refuse("mismatch", "the bundle's certificate is not the expected one")
  }
  return certificate
}
