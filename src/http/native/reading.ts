// The query side of the native API: entries, heads, proofs, and what a verifier needs to know about the
// log. A proof leads to the published head, with its checkpoint and the cosignatures on it; to the newest
// head where that is not published yet.

import { Refusal, refuse } from "../../core/base/errors.ts"
import { parseHex } from "../../core/base/text.ts"
import { formatTlogProof } from "../../core/note/tlog-proof.ts"
import { asHash } from "../../core/tree/hash.ts"
import type { Log, SignedHead } from "../../log/ports/log.ts"
import { formatSigstoreBundle } from "../../sigstore/bundle.ts"
import { bundleOfEntry } from "../../sigstore/submission-bundle.ts"
import { keptAttestation } from "../door/attestation.ts"
import type { Handlers, Surroundings } from "../door/handler.ts"
import { logKey, signingConfig, trustedRoot } from "../door/trust.ts"
import { entryView, headView, hexes, inclusionText } from "../door/views.ts"
import { type Answer, jsonAnswer, jsonTextAnswer, textAnswer } from "../serving/answer.ts"

type ReadingOperation =
  | "getEntry"
  | "getEntryProof"
  | "getEntryBundle"
  | "getEntryTlogProof"
  | "getTreeHead"
  | "getInclusionProof"
  | "getConsistencyProof"
  | "getTrustedRoot"
  | "getSigningConfig"

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
  return {
    status: 200,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: json,
  }
}

export function readingHandlers(surroundings: Surroundings): Pick<Handlers, ReadingOperation> {
  const { log, config } = surroundings
  // Made now, so that a bad configuration shows at the start.
  const root = trustFile(trustedRoot(log, config))
  const signing = trustFile(signingConfig(log, config))
  return {
    async getEntry({ parameters }) {
      return jsonAnswer(200, entryView(await log.entry(parameters.index)))
    },
    getEntryProof: ({ parameters: { index, size } }) => answerInclusion(surroundings, index, size),
    async getInclusionProof({ parameters: { leafHash, index, size } }) {
      if ((leafHash === undefined) === (index === undefined)) {
        throw new Refusal("malformed", "expected exactly one of leafHash and index")
      }
      const found = index ?? (await indexOfLeaf(log, leafHash ?? ""))
      return answerInclusion(surroundings, found, size)
    },
    async getConsistencyProof({ parameters: { from, to } }) {
      const size = to ?? log.head().size
      const head = headOf(size, surroundings)
      const hashes = hexes(await log.consistency(from, size))
      const checkpoint = head && { checkpoint: head.checkpoint }
      return jsonAnswer(200, { from, to: size, hashes, ...checkpoint })
    },
    getTreeHead() {
      const { origin, treeId, vkeys } = log
      return jsonAnswer(200, { origin, treeId, ...headView(log.head()), keys: vkeys })
    },
    async getEntryTlogProof({ parameters: { index } }) {
      const { path, head } = await log.inclusion(index, headOver(index, surroundings))
      return textAnswer(200, formatTlogProof({ index, path, checkpoint: head.checkpoint }))
    },
    async getEntryBundle({ parameters: { index } }) {
      const under = headOver(index, surroundings)
      const { path, head, leafHash } = await log.inclusion(index, under)
      const { body } = await log.entry(index)
      const proof = { index, root: head.root, size: head.size, hashes: path }
      const receipt = { index, leafHash, body, proof, checkpoint: head.checkpoint }
      const kept = await keptAttestation(log, index, body)
      return {
        status: 200,
        headers: {
          "content-type": "application/vnd.dev.sigstore.bundle.v0.3+json",
          "cache-control": "no-store",
        },
        body: formatSigstoreBundle(bundleOfEntry(receipt, logKey(log), kept?.bytes)),
      }
    },
    getTrustedRoot: () => root,
    getSigningConfig: () => signing,
  }
}
