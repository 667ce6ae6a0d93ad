// Entries of the Rekor v1 API: submission, lookup by index and entry ID, and the retrieval of several.
// Entries of every kind and version are given out, also those that came by another API.
import { unlessRefused } from "../../core/base/errors.ts"
import { ENVELOPE_MEDIA_TYPE, readEnvelope } from "../../entry/dsse.ts"
import { envelopeOfRekorV1, proposeRekorV1 } from "../../entry/kinds/request.ts"
import type { LogEntry, Receipt, SignedInclusion } from "../../log/ports/log.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import type { Attachment } from "../../log/ports/store.ts"
import type { Surroundings } from "../door/handler.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import { type Call, get, post, type Route, type WriteCall } from "../serving/route.ts"
import { entryIdOf, entryView } from "./entry.ts"
import { errorAnswer, processing, refuseSchema } from "./errors.ts"
import { createLookup } from "./lookup.ts"
import {
  asJsonList,
  type JsonObject,
  readEntryId,
  readJsonObject,
  readProposedEntry,
  requiredInteger,
} from "./request.ts"

const ENTRIES = "/api/v1/log/entries"
/** In one retrieval. */
const MOST_ENTRIES = 10

/** An entry that is not there is answered without a body. */
const notThere: Answer = { status: 404, headers: { "cache-control": "no-store" }, body: "" }

function readIndex(value: unknown): bigint {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    return refuseSchema("type", "logIndexes in body: expected integers, found another value")
  }
  if (value < 0) refuseSchema("minimum", `logIndexes in body: expected at least 0, found ${value}`)
  return BigInt(value)
}

function readId(value: unknown): ReturnType<typeof readEntryId> {
  return typeof value === "string"
    ? readEntryId(value)
    : refuseSchema("type", "entryUUIDs in body: expected strings, found another value")
}

/**
 * What may be kept of an accepted submission; undefined where the body has everything. An envelope in one
 * of the other spellings that Rekor takes is not kept.
 */
function attachmentOfRekorV1(entry: JsonObject): Attachment | undefined {
  return unlessRefused(() => {
    const bytes = envelopeOfRekorV1(entry)
    if (bytes === undefined) return undefined
    readEnvelope(bytes)
    return { mediaType: ENVELOPE_MEDIA_TYPE, bytes }
  })
}

export function entryRoutes(surroundings: Surroundings, signer: RekorSigner): readonly Route[] {
  const { log, config, meter, proposal: options } = surroundings
  const lookup = createLookup(log, options)

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
    const location = `${ENTRIES}/${id}${query === "" ? "" : `?${query}`}`
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
  async function indexesOf(query: JsonObject): Promise<readonly (number | undefined)[]> {
    const ids = asJsonList(query["entryUUIDs"], "entryUUIDs in body")
    const entries = asJsonList(query["entries"], "entries in body")
    const indexes = asJsonList(query["logIndexes"], "logIndexes in body")
    if (ids.length + entries.length + indexes.length > MOST_ENTRIES) {
      refuseSchema("other", `more than max allowed ${MOST_ENTRIES} entries in request`)
    }
    const found: (number | undefined)[] = []
    for (const id of ids.map(readId)) found.push(await lookup.byId(id))
    for (const entry of entries.map(readProposedEntry)) {
      found.push(await processing(() => lookup.byProposal(entry)))
    }
    return [...found, ...indexes.map(readIndex).map(lookup.byIndex)]
  }

  async function submit(bytes: Buffer): Promise<Receipt> {
    const entry = readProposedEntry(readJsonObject(bytes))
    const receipt = await processing(() =>
      log.add(proposeRekorV1(entry, options), () => attachmentOfRekorV1(entry)),
    )
    meter.logged(receipt.isNew)
    return receipt
  }

  async function retrieved(bytes: Buffer): Promise<Answer> {
    const values: object[] = []
    for (const index of await indexesOf(readJsonObject(bytes))) {
      const found = await valueAt(index)
      if (found !== undefined) values.push(found)
    }
    return jsonAnswer(200, values)
  }

  const addEntry = ({ withBody, query }: WriteCall) =>
    withBody(async (bytes) => receiptAnswer(await submit(bytes), query))
  const getByIndex = ({ query }: Call) =>
    answerAt(lookup.byIndex(requiredInteger(query, "logIndex", 0n)))
  const getById = async (id: string) => answerAt(await lookup.byId(readEntryId(id)))
  const getEntry = ({ parameters }: Call<{ readonly id: string }>) => getById(parameters.id)
  const retrieve = ({ withBody }: WriteCall) => withBody(retrieved)
  const json = { limit: config.requestLimit, mediaType: "application/json" }
  return [
    post("rekorV1AddEntry", ENTRIES, json, addEntry),
    get("rekorV1GetEntryByIndex", ENTRIES, getByIndex),
    get("rekorV1GetEntry", `${ENTRIES}/{id}`, getEntry),
    post("rekorV1Retrieve", `${ENTRIES}/retrieve`, json, retrieve, { isShared: true }),
    // To read it is to ask for an entry of this name, which is no entry ID.
    get("rekorV1GetEntry", `${ENTRIES}/retrieve`, () => getById("retrieve")),
  ]
}
