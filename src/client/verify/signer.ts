// The caller's key in the form in which the bundle and the log's entry name it.
import { equalBytes } from "../../core/base/bytes.ts"
import { refuse } from "../../core/base/errors.ts"
import { readVerifierKey, type VerifierKey } from "../../entry/verifier-key.ts"
import type { BundleVerifier } from "../../sigstore/bundle-form.ts"

/** Refuses `mismatch` if the bundle's certificate is another one, or of another key. */
export function signerKey(own: VerifierKey, verifier: BundleVerifier): VerifierKey {
  // A hint only helps to find a key; the caller has done so.
  if (verifier.form === "hint") {
    return own.form === "publicKey" ? own : readVerifierKey({ publicKey: own.spki })
  }
  const certificate = readVerifierKey({ certificate: verifier.der })
  const expected = own.form === "certificate" ? own.der : own.spki
  const found = own.form === "certificate" ? certificate.der : certificate.spki
  if (!equalBytes(found, expected)) {
    refuse("mismatch", "the bundle's certificate is not the expected one")
  }
  return certificate
}
