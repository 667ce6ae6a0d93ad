// Entries of the Rekor v1 API: submission, lookup by index and entry ID, and the retrieval of several.
// Entries of every kind and version are given out, also those that came by another API.
// What is looked up and not found is undefined; what is found is true, as the log checks it against the tree.

import { createHash } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { withoutTokens } from "../../core/access/token.ts"
import { Refusal, refuse, unlessRefused } from "../../core/base/errors.ts"
import { asHash, type Hash } from "../../core/tree/hash.ts"
import type { Proposal } from "../../entry/entry.ts"
import { proposeRekorV1 } from "../../entry/kinds/request.ts"
import type { ProposalOptions } from "../../entry/signature.ts"
import type { LogEntry, Receipt, ServedLog, SignedInclusion } from "../../log/ports/log.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import { attachmentOf } from "../door/attestation.ts"
import type { Surroundings } from "../door/handler.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import { publicPrefix } from "../serving/public-url.ts"
import { type Call, get, post, type Route, type WriteCall } from "../serving/route.ts"
import { entryIdOf, entryView } from "./entry.ts"
import { errorAnswer, processing, refuseSchema } from "./errors.ts"
import { bodyReader, type EntryId, type ProposedEntry, splitEntryId } from "./request.ts"

const ENTRIES = "/api/v1/log/entries"
/** In one retrieval. */
const MOST_ENTRIES = 10

/** An entry that is not there is answered without a body. */
const notThere: Answer = { status: 404, headers: { "cache-control": "no-store" }, body: "" }

/** What is looked up; a list that is absent is an empty one. */
interface Retrieval {
  readonly entryUUIDs?: readonly string[] | null
  readonly entries?: readonly ProposedEntry[] | null
  readonly logIndexes?: readonly number[] | null
}

/** Bodies that one proposed entry is looked up by; two signatures by two keys each have four. */
const MOST_BODIES = 64

/**
 * Every choice of a check for each claim: without verifying signatures, nobody knows which of the keys
 * made which. Only a choice that was verified once can be in the log, so nothing false is found.
 */
function choices({ claims }: Proposal): readonly (readonly number[])[] {
  const count = claims.reduce((product, checks) => product * checks.length, 1)
  if (count > MOST_BODIES) {
    refuse("too-large", `expected up to ${MOST_BODIES} ways to match signatures, found ${count}`)
  }
  return claims.reduce<readonly (readonly number[])[]>(
    (chosen, checks) => chosen.flatMap((held) => checks.map((_, i) => [...held, i])),
    [[]],
  )
}

/** cosign asks for one attestation in two versions at once; the one we do not take is just not there. */
function proposalOf(value: ProposedEntry, options: ProposalOptions): Proposal | undefined {
  try {
    return proposeRekorV1(value, options)
  } catch (error) {
    if (error instanceof Refusal && error.code === "unsupported") return undefined
    throw error
  }
}

function leafHashOf(body: Uint8Array): Hash {
  return asHash(createHash("sha256").update(Uint8Array.of(0)).update(body).digest())
}

function createLookup(log: ServedLog, options: ProposalOptions) {
  const treeId = BigInt(log.treeId)
  return {
    byIndex: (index: bigint): number | undefined =>
      index < BigInt(log.head().size) ? Number(index) : undefined,
    async byId({ treeId: named, leafHash }: EntryId): Promise<number | undefined> {
      return named === undefined || named === treeId ? await log.indexOf(leafHash) : undefined
    },
    /** Nothing for a kind or version that is not taken here; else refuses as making the proposal does. */
    async byProposal(value: ProposedEntry): Promise<number | undefined> {
      const proposal = proposalOf(value, options)
      if (proposal === undefined) return undefined
      for (const held of choices(proposal)) {
        // A kind need not allow every choice.
        const body = unlessRefused(() => proposal.body(held))
        const index = body && (await log.indexOf(leafHashOf(body)))
        if (index !== undefined) return index
      }
      return undefined
    },
  }
}

export function entryRoutes(surroundings: Surroundings, signer: RekorSigner): readonly Route[] {
  const { log, add, config, contract, meter, proposal: options } = surroundings
  const readEntry = bodyReader<ProposedEntry>(contract, "rekorV1AddEntry")
  const readRetrieval = bodyReader<Retrieval>(contract, "rekorV1Retrieve")
  const lookup = createLookup(log, options)
  const places = publicPrefix(config.publicUrl) + ENTRIES

  async function keyed(entry: LogEntry, inclusion: SignedInclusion): Promise<object> {
    return { [entryIdOf(log, entry.leafHash)]: await entryView(signer, entry, inclusion) }
  }

  /** The object that an entry is answered with; undefined for one that is not there. */
  async function valueAt(index: number | undefined): Promise<object | undefined> {
    if (index === undefined) return undefined
    return await keyed(await log.entry(index), await log.inclusion(index))
  }

  async function answerAt(index: number | undefined): Promise<Answer> {
    const value = await valueAt(index)
    return value === undefined ? notThere : jsonAnswer(200, value)
  }

  async function receiptAnswer(receipt: Receipt, query: string): Promise<Answer> {
    const id = entryIdOf(log, receipt.leafHash)
    const location = `${places}/${id}${query === "" ? "" : `?${withoutTokens(query)}`}`
    if (!receipt.isNew) {
      const message = `an equivalent entry already exists in the transparency log with UUID ${id}`
      const { status, headers, body = "" } = errorAnswer(409, message)
      return { status, headers: { ...headers, location }, body }
    }
    // The moment of the commit is what every later answer says, so it comes from the log as well.
    const value = await keyed(await log.entry(receipt.index), receipt)
    // SPEC: clients index the answer by its ETag, so it is the entry ID without the quotes of RFC 9110.
    return jsonAnswer(201, value, { location, etag: id })
  }

  /** The indexes of what a retrieval asks for, in the order of the answer. */
  async function indexesOf(asked: Retrieval): Promise<readonly (number | undefined)[]> {
    const [ids, entries] = [asked.entryUUIDs ?? [], asked.entries ?? []]
    const indexes = asked.logIndexes ?? []
    if (ids.length + entries.length + indexes.length > MOST_ENTRIES) {
      refuseSchema("other", `more than max allowed ${MOST_ENTRIES} entries in request`)
    }
    const found: (number | undefined)[] = []
    for (const id of ids) found.push(await lookup.byId(splitEntryId(id)))
    for (const entry of entries) found.push(await processing(() => lookup.byProposal(entry)))
    return [...found, ...indexes.map(BigInt).map(lookup.byIndex)]
  }

  async function submit(request: IncomingMessage, bytes: Buffer): Promise<Receipt> {
    const entry = readEntry(bytes)
    const receipt = await processing(async () => {
      const proposal = proposeRekorV1(entry, options)
      return await add(request, proposal, () => attachmentOf(proposal))
    })
    meter.logged(receipt.isNew)
    return receipt
  }

  async function retrieved(bytes: Buffer): Promise<Answer> {
    const values: object[] = []
    for (const index of await indexesOf(readRetrieval(bytes))) {
      const found = await valueAt(index)
      if (found !== undefined) values.push(found)
    }
    return jsonAnswer(200, values)
  }

  const addEntry = ({ request, withBody, query }: WriteCall) =>
    withBody(async (bytes) => receiptAnswer(await submit(request, bytes), query))
  const getByIndex = ({ parameters }: Call<{ readonly logIndex: bigint }>) =>
    answerAt(lookup.byIndex(parameters.logIndex))
  const getEntry = async ({ parameters: { id } }: Call<{ readonly id: string }>) =>
    answerAt(await lookup.byId(splitEntryId(id)))
  const retrieve = ({ withBody }: WriteCall) => withBody(retrieved)
  const json = { limit: config.requestLimit, mediaType: "application/json" }
  return [
    post("rekorV1AddEntry", ENTRIES, json, addEntry, { scope: "submit", weight: "submit" }),
    get("rekorV1GetEntryByIndex", ENTRIES, getByIndex, { weight: "proof" }),
    get("rekorV1GetEntry", `${ENTRIES}/{id}`, getEntry, { weight: "proof" }),
    post("rekorV1Retrieve", `${ENTRIES}/retrieve`, json, retrieve, {
      ...{ isShared: true, scope: "read", weight: "proof" },
    }),
  ]
}
