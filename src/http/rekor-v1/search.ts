// POST /api/v1/index/retrieve: the search of Rekor v1 over the log's own index, if it has one. Finds also
// what Rekor misses: a key in attestations and in certificates, and SHA-384.

import { parseUtf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { isAbsent } from "../../core/base/json-value.ts"
import { LONGEST_TERM, MOST_CERTIFICATES } from "../../core/base/limits.ts"
import { parsePemChain, refuseLabel } from "../../core/base/pem.ts"
import { asHash, HASH_SIZE } from "../../core/tree/hash.ts"
import { TILE_WIDTH } from "../../core/tree/tile.ts"
import { readBase64 } from "../../entry/base64-fields.ts"
import { sha256Text } from "../../entry/search-terms.ts"
import type { TermName } from "../../entry/term.ts"
import { readVerifierKey, type VerifierKey } from "../../entry/verifier-key.ts"
import type { Log } from "../../log/ports/log.ts"
import type { Criterion, SearchOperator } from "../door/entry-search.ts"
import type { Surroundings } from "../door/handler.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import type { WriteCall } from "../serving/route.ts"
import { entryIdOf } from "./entry.ts"
import { errorAnswer, refuseRequest, refuseSchema } from "./errors.ts"
import { asJsonObject, type JsonObject, optionalText, readJsonObject } from "./request.ts"

const EMAIL = /^[^\s@]+@[^\s@]+$/
const HASH = /^(?:(sha1|sha256|sha384|sha512):)?((?:[0-9a-f]{2}){20,64})$/
const FORMATS: readonly string[] = ["pgp", "x509", "minisign", "ssh", "tuf"]

const hashOfLength: ReadonlyMap<number, string> = new Map([
  [40, "sha1"],
  [64, "sha256"],
  [96, "sha384"],
  [128, "sha512"],
])
const hashTerms: readonly TermName[] = ["digest", "payload", "envelope", "subject-digest"]

function identityCriterion(text: string, name: string): Criterion {
  if (text === "") refuseSchema("tooShort", `${name} in body: expected a text, found none`)
  if (text.length > LONGEST_TERM) {
    refuseSchema("tooLong", `${name} in body: expected up to ${LONGEST_TERM} characters`)
  }
  return [{ name: "identity", value: text.toLowerCase() }]
}

function emailCriterion(email: string): Criterion {
  if (!EMAIL.test(email)) refuseSchema("type", "email in body: expected an email address")
  return identityCriterion(email, "email")
}

function subjectCriterion(subject: string): Criterion {
  return identityCriterion(subject, "subject")
}

function hashCriterion(text: string): Criterion {
  const [, name, hex = ""] = HASH.exec(text.toLowerCase()) ?? []
  const hash = hashOfLength.get(hex.length)
  if (hash === undefined || (name !== undefined && name !== hash)) {
    return refuseSchema("pattern", "hash in body: expected the hex of a SHA-1 or SHA-2 digest")
  }
  return hashTerms.map((term) => ({ name: term, value: `${hash}:${hex}` }))
}

/** The key in base64 of a PEM public key or certificate chain. */
function readKey(content: string): VerifierKey {
  const pem = parseUtf8(readBase64("rekor-v1 publicKey content", content, "publicKey"), "publicKey")
  const [first] = parsePemChain(pem, "publicKey", MOST_CERTIFICATES)
  if (first?.label === "PUBLIC KEY") return readVerifierKey({ publicKey: first.der })
  if (first?.label === "CERTIFICATE") return readVerifierKey({ certificate: first.der })
  return refuseLabel(first?.label ?? "", "publicKey")
}

function keyCriterion(value: unknown): Criterion {
  const key = asJsonObject(value, "publicKey in body")
  const format = optionalText(key, "format") ?? ""
  if (!FORMATS.includes(format)) {
    refuseSchema("enumeration", `publicKey.format in body: expected one of ${FORMATS.join(", ")}`)
  }
  if (format !== "x509") refuseRequest("the PKI format requested is not supported by this server")
  try {
    const { spki } = readKey(optionalText(key, "content") ?? "")
    return [{ name: "key", value: sha256Text(digestOf("sha256", spki)) }]
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return refuseRequest("public key provided could not be parsed")
  }
}

function readOperator(query: JsonObject): SearchOperator {
  const operator = optionalText(query, "operator") ?? "or"
  if (operator === "and" || operator === "or") return operator
  return refuseSchema("enumeration", "operator in body: expected and or or")
}

function readCriteria(query: JsonObject): readonly Criterion[] {
  const criteria: Criterion[] = []
  const texts = { email: emailCriterion, subject: subjectCriterion, hash: hashCriterion }
  for (const [name, criterionOf] of Object.entries(texts)) {
    const text = optionalText(query, name)
    if (text !== undefined) criteria.push(criterionOf(text))
  }
  if (!isAbsent(query["publicKey"])) criteria.push(keyCriterion(query["publicKey"]))
  return criteria
}

/** From the tile, which is in memory more often than not, instead of from the entry. */
async function entryIdAt(log: Log, index: number): Promise<string> {
  const id = { level: 0, index: Math.floor(index / TILE_WIDTH) }
  const hashes = await log.tile(id, (index % TILE_WIDTH) + 1)
  return hashes === undefined
    ? refuse("not-found", `expected an index that was searched, found ${index}`)
    : entryIdOf(log, asHash(hashes.subarray(-HASH_SIZE)))
}

export function searchHandler({
  log,
  search,
}: Pick<Surroundings, "log" | "search">): (call: WriteCall) => Promise<Answer> {
  return async ({ withBody }) => {
    if (search === undefined) {
      return errorAnswer(501, "Search Index API not enabled in this Rekor instance")
    }
    return await withBody(async (bytes) => {
      const query = readJsonObject(bytes)
      const operator = readOperator(query)
      const criteria = readCriteria(query)
      const indexes = criteria.length === 0 ? [] : await search(criteria, operator)
      return jsonAnswer(200, await Promise.all(indexes.map((index) => entryIdAt(log, index))))
    })
  }
}
