// POST /api/v1/index/retrieve: the search of Rekor v1 over the log's own index, if it has one. Finds also
// what Rekor misses: a key in attestations and in certificates, and SHA-384.
import { setImmediate } from "node:timers/promises"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { bug, Refusal, refuse } from "../../core/base/errors.ts"
import { MOST_CERTIFICATES } from "../../core/base/limits.ts"
import { parsePemChain, refuseLabel } from "../../core/base/pem.ts"
import { asHash, HASH_SIZE } from "../../core/tree/hash.ts"
import { TILE_WIDTH } from "../../core/tree/tile.ts"
import { readBase64 } from "../../entry/base64-fields.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import type { TermName } from "../../entry/term.ts"
import { readVerifierKey, type VerifierKey } from "../../entry/verifier-key.ts"
import type { ServedLog } from "../../log/ports/log.ts"
import type { Criterion, SearchOperator } from "../door/entry-search.ts"
import type { Surroundings } from "../door/handler.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import type { WriteCall } from "../serving/route.ts"
import { entryIdOf } from "./entry.ts"
import { errorAnswer, refuseRequest } from "./errors.ts"
import { bodyReader } from "./request.ts"

/** What is asked for, as the contract describes it. */
interface Query {
  readonly email?: string | null
  readonly subject?: string | null
  readonly hash?: string | null
  readonly publicKey?: QueryKey | null
  readonly operator?: SearchOperator | null
}

interface QueryKey {
  readonly format: string
  readonly content?: string | null
}

const hashOfLength: ReadonlyMap<number, string> = new Map([
  [40, "sha1"],
  [64, "sha256"],
  [96, "sha384"],
  [128, "sha512"],
])
const hashTerms: readonly TermName[] = ["digest", "payload", "envelope", "subject-digest"]

/** Entries that are looked up before other requests get a turn. */
const IDS_A_TURN = 512

function identityCriterion(text: string): Criterion {
  return [{ name: "identity", value: text.toLowerCase() }]
}

/** Of a digest in hex, perhaps behind the name of its hash, which its length tells as well. */
function hashCriterion(text: string): Criterion {
  const hex = text.slice(text.indexOf(":") + 1).toLowerCase()
  const value = `${hashOfLength.get(hex.length) ?? bug("a digest of no hash")}:${hex}`
  return hashTerms.map((name) => ({ name, value }))
}

/** The key in base64 of a PEM public key or certificate chain. */
function readKey(content: string): VerifierKey {
  const pem = parseUtf8(readBase64("rekor-v1 publicKey content", content, "publicKey"), "publicKey")
  const [first] = parsePemChain(pem, "publicKey", MOST_CERTIFICATES)
  if (first?.label === "PUBLIC KEY") return readVerifierKey({ publicKey: first.der })
  if (first?.label === "CERTIFICATE") return readVerifierKey({ certificate: first.der })
  return refuseLabel(first?.label ?? "", "publicKey")
}

function keyCriterion({ format, content }: QueryKey): Criterion {
  if (format !== "x509") refuseRequest("the PKI format requested is not supported by this server")
  try {
    const { spki } = readKey(content ?? "")
    return [{ name: "key", value: sha256Text(digestOf("sha256", spki)) }]
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return refuseRequest("public key provided could not be parsed")
  }
}

/** A criterion of a member that is there. */
function criteriaOf<T>(
  member: T | null | undefined,
  criterionOf: (value: T) => Criterion,
): readonly Criterion[] {
  return member === undefined || member === null ? [] : [criterionOf(member)]
}

function readCriteria({ email, subject, hash, publicKey }: Query): readonly Criterion[] {
  return [
    ...criteriaOf(email, identityCriterion),
    ...criteriaOf(subject, identityCriterion),
    ...criteriaOf(hash, hashCriterion),
    ...criteriaOf(publicKey, keyCriterion),
  ]
}

/** From the tile, which is in memory more often than not, instead of from the entry. */
async function entryIdAt(log: ServedLog, index: number): Promise<string> {
  const id = { level: 0, index: Math.floor(index / TILE_WIDTH) }
  const hashes = await log.tile(id, (index % TILE_WIDTH) + 1)
  return hashes === undefined
    ? refuse("not-found", `expected an index that was searched, found ${index}`)
    : entryIdOf(log, asHash(hashes.subarray(-HASH_SIZE)))
}

/** The others get a turn in between. */
async function entryIdsAt(log: ServedLog, indexes: readonly number[]): Promise<readonly string[]> {
  const ids: string[] = []
  for (const [i, index] of indexes.entries()) {
    if (i > 0 && i % IDS_A_TURN === 0) await setImmediate()
    ids.push(await entryIdAt(log, index))
  }
  return ids
}

export function searchHandler({
  log,
  search,
  contract,
}: Pick<Surroundings, "log" | "search" | "contract">): (call: WriteCall) => Promise<Answer> {
  const readQuery = bodyReader<Query>(contract, "rekorV1Search")
  return async ({ withBody }) => {
    if (search === undefined) {
      return errorAnswer(501, "Search Index API not enabled in this Rekor instance")
    }
    return await withBody(async (bytes) => {
      const query = readQuery(bytes)
      const criteria = readCriteria(query)
      const indexes = criteria.length === 0 ? [] : await search(criteria, query.operator ?? "or")
      return jsonAnswer(200, await entryIdsAt(log, indexes))
    })
  }
}
