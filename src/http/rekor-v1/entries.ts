// Entries of the Rekor v1 API: submission, lookup by index and entry ID, and the retrieval of several.
// Entries of every kind and version are given out, also those that came by another API.
// What is looked up and not found is undefined; what is found is true, as the log checks it against the tree.
import { withoutTokens } from "../../core/access/token.ts"
import type { Hash } from "../../core/tree/hash.ts"
import type { Proposal } from "../../entry/entry.ts"
import { proposeRekorV1 } from "../../entry/kinds/request.ts"
import { effortOf } from "../../entry/signature-cost.ts"
import type { LogEntry, Receipt, ServedLog, SignedInclusion } from "../../log/ports/log.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Surroundings } from "../door/handler.ts"
import type { RetrievalPlan } from "../door/large.ts"
import { createSubmitter, type Sender, senderOf } from "../door/submitting.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import { publicPrefix } from "../serving/public-url.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { type Call, get, post, type Route, type WriteCall } from "../serving/route.ts"
import { entryIdOf, entryView } from "./entry.ts"
import { errorAnswer, processing, refusing } from "./errors.ts"
import { bodyReader, type EntryId, type ProposedEntry, splitEntryId } from "./request.ts"
import { retrievalPlanner } from "./retrieval.ts"

const ENTRIES = "/api/v1/log/entries"
/** An entry that is not there is answered without a body. */
const notThere: Answer = { status: 404, headers: { "cache-control": "no-store" }, body: "" }

function createLookup(log: ServedLog) {
  const treeId = BigInt(log.treeId)
  return {
    byIndex: (index: bigint): number | undefined =>
      index < BigInt(log.head().size) ? Number(index) : undefined,
    async byId({ treeId: named, leafHash }: EntryId): Promise<number | undefined> {
      return named === undefined || named === treeId ? await log.indexOf(leafHash) : undefined
    },
    /** The first that is there. */
    async byLeafHashes(leafHashes: readonly Hash[]): Promise<number | undefined> {
      for (const leafHash of leafHashes) {
        const index = await log.indexOf(leafHash)
        if (index !== undefined) return index
      }
      return undefined
    },
  }
}

/** Reads a submission; refuses its entry as the API does. */
export function rekorV1Proposer({
  contract,
  proposal,
}: Pick<Surroundings, "contract" | "proposal">): (bytes: Buffer) => Proposal {
  const read = bodyReader<ProposedEntry>(contract, "rekorV1AddEntry")
  return (bytes) => {
    const entry = read(bytes)
    return refusing(() => proposeRekorV1(entry, proposal))
  }
}

export function entryRoutes(surroundings: Surroundings, signer: RekorSigner): readonly Route[] {
  const { log, config, large, addressOf } = surroundings
  const submit = createSubmitter(
    surroundings,
    "rekor-v1",
    rekorV1Proposer(surroundings),
    processing,
  )
  const planHere = retrievalPlanner(surroundings)
  const lookup = createLookup(log)
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
  async function indexesOf(plan: RetrievalPlan): Promise<readonly (number | undefined)[]> {
    const found: (number | undefined)[] = []
    for (const id of plan.ids) found.push(await lookup.byId(id))
    for (const leafHashes of plan.entries) found.push(await lookup.byLeafHashes(leafHashes))
    return [...found, ...plan.indexes.map(BigInt).map(lookup.byIndex)]
  }

  async function planOf(bytes: Buffer, { request, charge }: Sender): Promise<RetrievalPlan> {
    charge(effortOf(bytes.length, []))
    if (large === undefined || bytes.length < large.from) return planHere(bytes)
    return await large.planRetrieval(bytes, addressOf(request))
  }

  async function retrieved(bytes: Buffer, sender: Sender): Promise<Answer> {
    const values: object[] = []
    for (const index of await indexesOf(await planOf(bytes, sender))) {
      const found = await valueAt(index)
      if (found !== undefined) values.push(found)
    }
    return jsonAnswer(200, values)
  }

  async function addEntry(call: WriteCall): Promise<Answer> {
    const sender = senderOf(call)
    signer.assertPromising?.()
    return await call.withBody(async (bytes) =>
      receiptAnswer((await submit(bytes, sender)).receipt, call.query),
    )
  }

  function retrieve(call: WriteCall): Promise<Answer> {
    const sender = senderOf(call)
    return call.withBody((bytes) => retrieved(bytes, sender))
  }

  const getByIndex = ({ parameters }: Call<{ readonly logIndex: bigint }>) =>
    answerAt(lookup.byIndex(parameters.logIndex))
  const getEntry = async ({ parameters: { id } }: Call<{ readonly id: string }>) =>
    answerAt(await lookup.byId(splitEntryId(id)))
  const json = { limit: config.requestLimit, mediaType: "application/json" }
  const submission: BodyRule = { ...json, group: "submission" }
  const question: BodyRule = { ...json, group: "question" }
  return [
    post("rekorV1AddEntry", ENTRIES, submission, addEntry, { scope: "submit", weight: "submit" }),
    get("rekorV1GetEntryByIndex", ENTRIES, getByIndex, { weight: "proof" }),
    get("rekorV1GetEntry", `${ENTRIES}/{id}`, getEntry, { weight: "proof" }),
    post("rekorV1Retrieve", `${ENTRIES}/retrieve`, question, retrieve, {
      ...{ isShared: true, scope: "read", weight: "proof" },
    }),
  ]
}
