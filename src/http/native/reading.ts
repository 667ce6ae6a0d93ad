// The query side of the native API: entries, heads, proofs, and what a verifier needs to know about the
// log. A proof leads to the published head, with its checkpoint and the cosignatures on it; to the newest
// head where that is not published yet.
import type { IncomingMessage } from "node:http"
import { refuse } from "../../core/base/errors.ts"
import { parseHex } from "../../core/base/text.ts"
import { formatTlogProof } from "../../core/note/tlog-proof.ts"
import { asHash } from "../../core/tree/hash.ts"
import type { ServedLog, SignedHead } from "../../log/ports/log.ts"
import { formatSigstoreBundle } from "../../sigstore/bundle.ts"
import { bundleOfEntry, type LoggedSubmission } from "../../sigstore/submission-bundle.ts"
import { keptAttestation } from "../door/attestation.ts"
import type { Surroundings } from "../door/handler.ts"
import { logKey, signingConfig, trustedRoot } from "../door/trust.ts"
import { entryView, headView, hexes, inclusionText } from "../door/views.ts"
import { type Answer, jsonAnswer, jsonTextAnswer, textAnswer } from "../serving/answer.ts"
import { type Call, get, type Route } from "../serving/route.ts"

type Heads = Pick<Surroundings, "log" | "publisher">

/** The head that an entry is proven under: the published one if it covers the entry. */
function headOver(index: number, { log, publisher }: Heads): SignedHead {
  const published = publisher.published()
  return published !== undefined && index < published.size ? published : log.head()
}

/** The signed head of this size, cosigned if it was published; undefined for an older one. */
function headOf(size: number, { log, publisher }: Heads): SignedHead | undefined {
  return [publisher.published(), log.head()].find((head) => head?.size === size)
}

async function answerInclusion(heads: Heads, index: number, size?: number): Promise<Answer> {
  const head = size === undefined ? headOver(index, heads) : headOf(size, heads)
  const inclusion =
    size === undefined || head !== undefined
      ? await heads.log.inclusion(index, head)
      : await heads.log.inclusionAt(index, size)
  return jsonTextAnswer(200, inclusionText(inclusion))
}

async function indexOfLeaf(log: ServedLog, text: string): Promise<number> {
  const leafHash = asHash(parseHex(text, "leafHash"))
  const other = `leafHash: expected that of an entry in the log, found ${text}`
  return (await log.indexOf(leafHash)) ?? refuse("not-found", other)
}

interface EntryParameters {
  readonly index: number
}

/** Of a proof: `index`, or `leafHash` where that is a choice. */
interface ProofParameters {
  readonly index?: number
  readonly leafHash?: string
  readonly size?: number
}

interface ConsistencyParameters {
  readonly from: number
  readonly to?: number
}

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"

function madeOnce(make: () => Answer): () => Answer {
  let made: Answer | undefined
  return () => {
    made ??= make()
    return made
  }
}

export function readingRoutes(surroundings: Surroundings): readonly Route[] {
  const { log, config, large, addressOf } = surroundings
  const json = { "content-type": "application/json" }
  const root = madeOnce(() => textAnswer(200, trustedRoot(log, config), json))
  const signing = madeOnce(() => textAnswer(200, signingConfig(log, config), json))
  // A bad configuration shows at the start; where it listens a server learns later.
  trustedRoot(log, config)

  function answerHead(names: object): Answer {
    const { origin, treeId } = log
    return jsonAnswer(200, { origin, treeId, ...headView(log.head()), ...names })
  }

  async function answerEntry({ parameters: { index } }: Call<EntryParameters>): Promise<Answer> {
    return jsonAnswer(200, entryView(await log.entry(index)))
  }

  async function answerTlogProof({ parameters }: Call<EntryParameters>): Promise<Answer> {
    const { index } = parameters
    const { hashes, head } = await log.inclusion(index, headOver(index, surroundings))
    return textAnswer(200, formatTlogProof({ index, path: hashes, checkpoint: head.checkpoint }))
  }

  /** The text of a bundle; undefined if that is nothing to make elsewhere. */
  async function bundleElsewhere(
    receipt: LoggedSubmission,
    envelope: Uint8Array | undefined,
    request: IncomingMessage,
  ): Promise<Uint8Array | undefined> {
    if (large === undefined || envelope === undefined || envelope.length < large.from) {
      return undefined
    }
    return await large.bundle(receipt, logKey(log), envelope, addressOf(request))
  }

  async function answerBundle(call: Call<EntryParameters>): Promise<Answer> {
    const { request, parameters } = call
    const { index } = parameters
    const under = headOver(index, surroundings)
    const { hashes, head, leafHash } = await log.inclusion(index, under)
    const { body } = await log.entry(index)
    const proof = { index, root: head.root, size: head.size, hashes }
    const receipt = { index, leafHash, body, proof, checkpoint: head.checkpoint }
    const kept = await keptAttestation(surroundings, { index, body, request })
    const bundle =
      (await bundleElsewhere(receipt, kept?.bytes, request)) ??
      formatSigstoreBundle(bundleOfEntry(receipt, logKey(log), kept?.bytes))
    const headers = { "content-type": BUNDLE, "cache-control": "no-store" }
    return { status: 200, headers, body: bundle }
  }

  async function answerProof({ parameters }: Call<ProofParameters>): Promise<Answer> {
    const { leafHash, index, size } = parameters
    if ((leafHash === undefined) === (index === undefined)) {
      const found = index === undefined ? "neither" : "both"
      refuse("malformed", `query: expected exactly one of leafHash and index, found ${found}`)
    }
    const at = index ?? (await indexOfLeaf(log, leafHash ?? ""))
    return answerInclusion(surroundings, at, size)
  }

  async function answerConsistency({ parameters }: Call<ConsistencyParameters>): Promise<Answer> {
    const { from, to = log.head().size } = parameters
    const checkpoint = headOf(to, surroundings)?.checkpoint
    const hashes = hexes(await log.consistency(from, to))
    return jsonAnswer(200, { from, to, hashes, checkpoint })
  }

  const proves = { weight: "proof" } as const
  return [
    get("getEntry", "/v1/entries/{index}", answerEntry, proves),
    // The validator refuses an index that is empty, as it does any other that is none.
    get("getEntryProof", "/v1/entries/{index}/proof", answerProof, {
      isHot: true,
      where: { index: "[^/]*" },
      ...proves,
    }),
    get("getEntryTlogProof", "/v1/entries/{index}/tlog-proof", answerTlogProof, proves),
    get("getEntryBundle", "/v1/entries/{index}/bundle", answerBundle, proves),
    get("getInclusionProof", "/v1/proofs/inclusion", answerProof, { isHot: true, ...proves }),
    get("getConsistencyProof", "/v1/proofs/consistency", answerConsistency, proves),
    get("getHead", "/v1/head", () => answerHead({ vkeys: log.vkeys })),
    // The older name.
    get("getTreeHead", "/v1/tree-head", () => answerHead({ keys: log.vkeys })),
    get("getTrustedRoot", "/v1/trusted-root.json", root),
    get("getSigningConfig", "/v1/signing-config.json", signing),
  ]
}
