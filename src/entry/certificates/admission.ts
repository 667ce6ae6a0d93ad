// A log's rule about certificates: one that names its signer must come from an authority that the operator named, and
// must be valid now. Bare keys name nobody, and cost nothing here.
import { refuse } from "../../core/base/errors.ts"
import type { SignatureVerifier } from "../entry.ts"
import type { VerifierKey } from "../verifier-key.ts"
import type { AuthoritySet } from "./authority.ts"
import type { ChainResult } from "./chain.ts"
import { createLaterChainJudge } from "./judge.ts"

/** How far a submitter's or an authority's clock may be off, in seconds. */
const CLOCK_SKEW = 300

interface AdmissionOptions {
  readonly authorities: readonly AuthoritySet[]
  readonly verify: SignatureVerifier["verify"]
  /** Unix milliseconds. */
  readonly now: () => number
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
}

const WHAT_TO_DO =
  "this log takes certificates of the authorities that its operator named; sign with one of theirs, or with a bare key"

function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

/** Refuses `untrusted` unless the chain holds at this moment, give or take five minutes. */
function assertAdmitted(result: ChainResult, now: number): void {
  if (result.form === "unchained") {
    refuse("untrusted", `the certificate is not accepted: ${result.text}; ${WHAT_TO_DO}`)
  }
  const { notBefore, notAfter } = result.validity
  if (now + CLOCK_SKEW < notBefore) {
    const from = dateText(notBefore)
    refuse(
      "untrusted",
      `the certificate is not accepted: it is valid from ${from} on; check the clocks`,
    )
  }
  if (now - CLOCK_SKEW > notAfter) {
    const until = dateText(notAfter)
    refuse(
      "untrusted",
      `the certificate is not accepted: it was valid until ${until}; sign again with a new one`,
    )
  }
}

/**
 * Admits the keys of a submission. Gives undefined at once where all of them are bare, so that those wait for nothing;
 * else rejects `untrusted` for a certificate that does not chain, or does not now. Certificates are judged once.
 */
export function createCertificateAdmission(options: AdmissionOptions) {
  const { verify, now, ...judged } = options
  const judge = createLaterChainJudge(judged, verify)

  async function admit(certificates: readonly VerifierKey[]): Promise<void> {
    for (const certificate of certificates) {
      assertAdmitted(await judge(certificate), Math.floor(now() / 1000))
    }
  }

  return (keys: readonly VerifierKey[]): Promise<void> | undefined => {
    if (keys.every(({ form }) => form === "publicKey")) return undefined
    return admit(keys.filter(({ form }) => form === "certificate"))
  }
}
