// The query side of the native API: entries, heads, proofs, and what a verifier needs to know about the
// log. A proof leads to the published head, with its checkpoint and the cosignatures on it; to the newest
// head where that is not published yet.

import { Refusal, refuse } from "../../core/base/errors.ts"
import { parseHex } from "../../core/base/text.ts"
import { formatTlogProof } from "../../core/note/tlog-proof.ts"
import { asHash } from "../../core/tree/hash.ts"
import type { Log, SignedHead } from "../../log/ports/log.ts"
import { formatSigstoreBundle } from "../../sigstore/bundle.ts"
import { bundleOfEntry } from "../../sigstore/recorded-entry.ts"
import { keptAttestation } from "../door/attestation.ts"
import type { Surroundings } from "../door/handler.ts"
import { logKey, signingConfig, trustedRoot } from "../door/trust.ts"
import { entryView, headView, hexes, inclusionText } from "../door/views.ts"
import { type Answer, jsonAnswer, jsonTextAnswer, textAnswer } from "../serving/answer.ts"
import type { Call, Route } from "../serving/route.ts"

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

async function indexOfLeaf(log: Log, text: string): Promise<number> {
  const leafHash = asHash(parseHex(text, "leafHash"))
  const index = await log.indexOf(leafHash)
  return index ?? refuse("not-found", `expected the leaf hash of an entry, found ${text}`)
}

function trustFile(json: string): Answer {
  return textAnswer(200, json, { "content-type": "application/json" })
}

interface EntryParameters {
  readonly index: number
}

interface ProofParameters extends EntryParameters {
  readonly size?: number
}

interface InclusionParameters extends Partial<ProofParameters> {
  readonly leafHash?: string
}

interface ConsistencyParameters {
  readonly from: number
  readonly to?: number
}

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"

export function readingRoutes(surroundings: Surroundings): readonly Route[] {
  const { log, config } = surroundings
  // Made now, so that a bad configuration shows at the start.
  const root = trustFile(trustedRoot(log, config))
  const signing = trustFile(signingConfig(log, config))

  function answerHead(names: object): Answer {
    const { origin, treeId } = log
    return jsonAnswer(200, { origin, treeId, ...headView(log.head()), ...names })
  }

  return [
    {
      operation: "getEntry",
      method: "GET",
      path: "/v1/entries/{index}",
      async handle({ parameters: { index } }: Call<EntryParameters>) {
        return jsonAnswer(200, entryView(await log.entry(index)))
      },
    },
    {
      operation: "getEntryProof",
      method: "GET",
      path: "/v1/entries/{index}/proof",
      // The validator refuses an index that is empty, as it does any other that is none.
      where: { index: "[^/]*" },
      isHot: true,
      handle: ({ parameters: { index, size } }: Call<ProofParameters>) =>
        answerInclusion(surroundings, index, size),
    },
    {
      operation: "getEntryTlogProof",
      method: "GET",
      path: "/v1/entries/{index}/tlog-proof",
      async handle({ parameters: { index } }: Call<EntryParameters>) {
        const { path, head } = await log.inclusion(index, headOver(index, surroundings))
        return textAnswer(200, formatTlogProof({ index, path, checkpoint: head.checkpoint }))
      },
    },
    {
      operation: "getEntryBundle",
      method: "GET",
      path: "/v1/entries/{index}/bundle",
      async handle({ parameters: { index } }: Call<EntryParameters>) {
        const under = headOver(index, surroundings)
        const { path, head, leafHash } = await log.inclusion(index, under)
        const { body } = await log.entry(index)
        const proof = { index, root: head.root, size: head.size, hashes: path }
        const receipt = { index, leafHash, body, proof, checkpoint: head.checkpoint }
        const kept = await keptAttestation(log, index, body)
        const bundle = formatSigstoreBundle(bundleOfEntry(receipt, logKey(log), kept?.bytes))
        return textAnswer(200, bundle, { "content-type": BUNDLE })
      },
    },
    {
      operation: "getInclusionProof",
      method: "GET",
      path: "/v1/proofs/inclusion",
      isHot: true,
      async handle({ parameters: { leafHash, index, size } }: Call<InclusionParameters>) {
        if ((leafHash === undefined) === (index === undefined)) {
          throw new Refusal("malformed", "expected exactly one of leafHash and index")
        }
        const found = index ?? (await indexOfLeaf(log, leafHash ?? ""))
        return answerInclusion(surroundings, found, size)
      },
    },
    {
      operation: "getConsistencyProof",
      method: "GET",
      path: "/v1/proofs/consistency",
      async handle({ parameters: { from, to } }: Call<ConsistencyParameters>) {
        const size = to ?? log.head().size
        const checkpoint = headOf(size, surroundings)?.checkpoint
        const hashes = hexes(await log.consistency(from, size))
        return jsonAnswer(200, { from, to: size, hashes, checkpoint })
      },
    },
    {
      operation: "getHead",
      method: "GET",
      path: "/v1/head",
      handle: () => answerHead({ vkeys: log.vkeys }),
    },
    {
      // The older name.
      operation: "getTreeHead",
      method: "GET",
      path: "/v1/tree-head",
      handle: () => answerHead({ keys: log.vkeys }),
    },
    {
      operation: "getTrustedRoot",
      method: "GET",
      path: "/v1/trusted-root.json",
      handle: () => root,
    },
    {
      operation: "getSigningConfig",
      method: "GET",
      path: "/v1/signing-config.json",
      handle: () => signing,
    },
  ]
}
