// The log itself in the Rekor v1 API: its newest head, its key, and proofs that it only grew. Always the
// newest head, also where witnesses are configured: a v1 checkpoint has exactly one signature line, or its
// clients refuse it, so it cannot carry cosignatures, and nothing is gained by an older one.
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Surroundings } from "../door/handler.ts"
import { hex, hexes } from "../door/views.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import type { Call } from "../serving/route.ts"
import { refuseRequest } from "./errors.ts"
import { assertTreeId, queryInteger, requiredInteger } from "./request.ts"

export interface LogHandlers {
  getLog(call: Call): Promise<Answer>
  getPublicKey(call: Call): Answer
  getProof(call: Call): Promise<Answer>
}

export function logHandlers({ log }: Pick<Surroundings, "log">, signer: RekorSigner): LogHandlers {
  return {
    async getLog() {
      const head = log.head()
      return jsonAnswer(200, {
        inactiveShards: [],
        rootHash: hex(head.root),
        signedTreeHead: await signer.checkpoint(head),
        treeID: log.treeId,
        treeSize: head.size,
      })
    },
    getPublicKey({ query }) {
      assertTreeId(query, log.treeId)
      const headers = { "content-type": "application/x-pem-file", "cache-control": "no-store" }
      return { status: 200, headers, body: signer.publicKeyPem }
    },
    async getProof({ query }) {
      const first = queryInteger(query, "firstSize", 1n) ?? 1n
      const last = requiredInteger(query, "lastSize", 1n)
      const head = log.head()
      if (first > last) refuseRequest(`firstSize(${first}) must be less than lastSize(${last})`)
      assertTreeId(query, log.treeId)
      if (last > BigInt(head.size)) {
        refuseRequest(
          `the tree size requested(${last}) was greater than what is currently observable(${head.size})`,
        )
      }
      const hashes = hexes(await log.consistency(Number(first), Number(last)))
      // SPEC: the root is the newest one, not that of lastSize.
      return jsonAnswer(200, { hashes, rootHash: hex(head.root) })
    },
  }
}
