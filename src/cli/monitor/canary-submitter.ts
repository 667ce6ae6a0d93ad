// Makes the monitor's test entries: a fresh random artifact that nobody keeps, signed by a key that is
// thrown away, submitted to the log like anyone's.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto"
import { createLogClient } from "../../client/log-client.ts"
import { verifyReceipt } from "../../client/receipt.ts"
import type { Trust } from "../../client/trust.ts"
import { portableHasher } from "../../core/tree/hash.ts"
import {
  type HashedrekordRequest,
  proposeHashedrekord,
} from "../../entry/kinds/hashedrekord-v002.ts"
import type { CanarySubmitter } from "../../monitor/alerts/canary.ts"
import type { Receiver } from "./sinks/posting.ts"

/** Where the log takes entries. */
interface CanarySubmitterOptions extends Receiver {
  /** What the receipt must hold under. */
  readonly trust: Trust
}

function randomRequest(): HashedrekordRequest {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const artifact = randomBytes(32)
  return {
    kind: "hashedrekord",
    digest: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
    signature: sign("sha256", artifact, privateKey).toString("base64"),
    publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  }
}

/** A submitter over the log's native API. Refuses `malformed` for a URL that cannot be one. */
export function createCanarySubmitter(options: CanarySubmitterOptions): CanarySubmitter {
  const { url, fetch, timeout, trust } = options
  const client = createLogClient({ url, fetch, timeout })
  return {
    async prepare() {
      const request = randomRequest()
      const leafHash = portableHasher.leaf(proposeHashedrekord(request).body([0]))
      return {
        leafHash,
        async submit() {
          const receipt = await client.submit(request)
          const { index } = verifyReceipt(request, receipt, trust)
          return { index, leafHash, checkpoint: receipt.checkpoint }
        },
      }
    },
  }
}
