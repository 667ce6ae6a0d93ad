// What a signed entry timestamp of Rekor v1 is made over, for whoever signs or verifies one.
import { canonicalJson } from "../entry/canonical-json.ts"
import type { EntryPromise } from "../log/ports/signer.ts"

/** The promise in RFC 8785, and nothing else that the object may have. */
export function promisedBytes({ body, integratedTime, logID, logIndex }: EntryPromise): Uint8Array {
  return canonicalJson({ body, integratedTime, logID, logIndex })
}
