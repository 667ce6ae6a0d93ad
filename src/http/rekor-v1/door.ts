// The Rekor v1 API (sigstore/rekor, openapi.yaml) on this log. All of it is found by its path as it came. Here
// is the log itself: its newest head, its key, and proofs that it only grew; entries.ts and search.ts have the
// rest. Always the newest head, also where witnesses are configured: a v1 checkpoint has exactly one signature
// line, or its clients refuse it, so it cannot carry cosignatures, and nothing is gained by an older one.
// Leaves out the kinds of entries (entry/rekor-v1.ts).
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Surroundings } from "../door/handler.ts"
import { hex, hexes } from "../door/views.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { type Call, type Door, get, post, type Route } from "../serving/route.ts"
import { entryRoutes } from "./entries.ts"
import { refusalAnswer, refuseRequest } from "./errors.ts"
import { assertTreeId, parameterReader } from "./request.ts"
import { searchHandler } from "./search.ts"

interface OfTree {
  readonly treeID?: string
}

interface ProofParameters extends OfTree {
  readonly firstSize?: bigint
  readonly lastSize: bigint
}

function logRoutes({ log }: Surroundings, signer: RekorSigner): readonly Route[] {
  async function getLog(): Promise<Answer> {
    const head = log.head()
    return jsonAnswer(200, {
      inactiveShards: [],
      rootHash: hex(head.root),
      signedTreeHead: await signer.checkpoint(head),
      treeID: log.treeId,
      treeSize: head.size,
    })
  }

  function getPublicKey({ parameters: { treeID } }: Call<OfTree>): Answer {
    assertTreeId(treeID, log.treeId)
    const headers = { "content-type": "application/x-pem-file", "cache-control": "no-store" }
    return { status: 200, headers, body: signer.publicKeyPem }
  }

  async function getProof({ parameters }: Call<ProofParameters>): Promise<Answer> {
    const { firstSize: first = 1n, lastSize: last, treeID } = parameters
    const head = log.head()
    if (first > last) refuseRequest(`firstSize(${first}) must be less than lastSize(${last})`)
    assertTreeId(treeID, log.treeId)
    if (last > BigInt(head.size)) {
      refuseRequest(
        `the tree size requested(${last}) was greater than what is currently observable(${head.size})`,
      )
    }
    const hashes = hexes(await log.consistency(Number(first), Number(last)))
    // SPEC: the root is the newest one, not that of lastSize.
    return jsonAnswer(200, { hashes, rootHash: hex(head.root) })
  }

  const proves = { weight: "proof" } as const
  return [
    get("rekorV1GetLog", "/api/v1/log", getLog, proves),
    get("rekorV1GetPublicKey", "/api/v1/log/publicKey", getPublicKey),
    get("rekorV1GetProof", "/api/v1/log/proof", getProof, proves),
  ]
}

export function rekorV1Door(surroundings: Surroundings, signer: RekorSigner): Door {
  const { config, contract } = surroundings
  const limit = config.requestLimit
  const json: BodyRule = { limit, group: "question", mediaType: "application/json" }
  const search = searchHandler(surroundings)
  const routes = [
    ...logRoutes(surroundings, signer),
    ...entryRoutes(surroundings, signer),
    post("rekorV1Search", "/api/v1/index/retrieve", json, search, {
      ...{ isShared: true, scope: "read", weight: "search" },
    }),
  ]
  return {
    below: "/api/v1/",
    words: refusalAnswer,
    isHot: true,
    routes: contract.bind(routes, parameterReader),
  }
}
