// What may be wrong where a signature does not hold under the first certificate of a chain. Words only: whatever is found,
// the signature stays refused.
import { unlessRefused } from "../../core/base/errors.ts"
import { readX509 } from "../../entry/certificates/x509.ts"

/** For the end of a sentence, if the certificate is an authority's; undefined otherwise, and for one that is none. */
export function adviceOnChain(certificate: Uint8Array): string | undefined {
  if (unlessRefused(() => readX509(certificate).isAuthority) !== true) return undefined
  return "the certificate that was given is an authority's (CA:TRUE): of a chain, the signer's comes first"
}
