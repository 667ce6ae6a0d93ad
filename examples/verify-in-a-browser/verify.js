// Verifies one artifact from the contents of four files. Touches neither the page nor the network, so that it
// runs in a page, in a worker, or in a test. Its neighbour is the file for browsers of the package countersign-verify.
import { parsePolicy, Refusal, verifyBundle } from "./countersign-verify.js"

/**
 * The verdict in one sentence. `artifact` is bytes, the others are text: the Sigstore bundle, the signer's key
 * as PEM, and the policy, which names the log's key. Key and policy must come over a trusted channel: whoever
 * could exchange them could exchange the artifact.
 */
export function verdictOf({ artifact, bundle, key, policy }) {
  try {
    const trust = { policy: parsePolicy(policy) }
    const { index, origin, cosignatures } = verifyBundle({ artifact, bundle, key, trust })
    return `verified: entry ${index} of ${origin}, cosigned by ${cosignatures.length} witnesses`
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return `refused (${error.code}): ${error.message}`
  }
}
