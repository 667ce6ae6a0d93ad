// Reads what Rekor v1 requests bring along: parameters and JSON values, as loosely as go-openapi does
// (`null` is absent, strange parameters do not matter) and with its answers to what does not fit.
import { shown } from "../../core/base/errors.ts"
import { isAbsent } from "../../core/base/json-value.ts"
import { HASH_SIZE, type Hash } from "../../core/tree/hash.ts"
import { parseJsonBody } from "../serving/json-body.ts"
import { refuseRequest, refuseSchema } from "./errors.ts"

export type JsonObject = Readonly<Record<string, unknown>>

/** The object in a request's body; refuses with 400 what is no JSON and with 422 what is no object. */
export function readJsonObject(bytes: Buffer): JsonObject {
  if (bytes.length === 0) refuseSchema("required", "body in body is required")
  return asJsonObject(parseJsonBody(bytes), "body")
}

export function asJsonObject(value: unknown, what: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value }
  return refuseSchema("type", `${what}: expected an object, found another value`)
}

/** An absent list is an empty one. */
export function asJsonList(value: unknown, what: string): readonly unknown[] {
  if (isAbsent(value)) return []
  return Array.isArray(value) ? value : refuseSchema("type", `${what}: expected a list`)
}

/** The text of a member; undefined if it is absent. */
export function optionalText(object: JsonObject, name: string): string | undefined {
  const value = object[name]
  if (isAbsent(value)) return undefined
  return typeof value === "string"
    ? value
    : refuseSchema("type", `${name} in body: expected a string, found another value`)
}

const PROPOSED_MEMBERS: readonly string[] = ["apiVersion", "kind", "spec"]

/** A proposed entry, of which its kind reads the rest. */
export function readProposedEntry(value: unknown): JsonObject {
  const entry = asJsonObject(value, "entry")
  for (const name of PROPOSED_MEMBERS) {
    if (isAbsent(entry[name])) refuseSchema("required", `${name} in body is required`)
  }
  const stranger = Object.keys(entry).find((name) => !PROPOSED_MEMBERS.includes(name))
  if (stranger !== undefined) refuseSchema("other", `body: unknown member ${shown(stranger)}`)
  return entry
}

/** The last value of a query parameter; undefined if it is absent or empty. */
function queryText(query: string, name: string): string | undefined {
  const value = new URLSearchParams(query).getAll(name).at(-1)
  return value === "" ? undefined : value
}

const INTEGER = /^-?[0-9]{1,19}$/
const LARGEST = 2n ** 63n - 1n

/** A query parameter that is an integer from `least` to 2^63-1; undefined if it is absent. */
export function queryInteger(query: string, name: string, least: bigint): bigint | undefined {
  const text = queryText(query, name)
  if (text === undefined) return undefined
  const value = INTEGER.test(text) ? BigInt(text) : LARGEST + 1n
  if (value > LARGEST) {
    refuseSchema("type", `${name} in query: expected a 64-bit integer, found ${shown(text)}`)
  }
  if (value < least) {
    refuseSchema("minimum", `${name} in query: expected at least ${least}, found ${shown(text)}`)
  }
  return value
}

/** As {@link queryInteger}, but refuses also what is absent. */
export function requiredInteger(query: string, name: string, least: bigint): bigint {
  return (
    queryInteger(query, name, least) ?? refuseSchema("required", `${name} in query is required`)
  )
}

/** The `treeID` of the query must be this log's, where it is given. */
export function assertTreeId(query: string, treeId: string): void {
  const found = queryText(query, "treeID")
  if (found === undefined || found === treeId) return
  if (!/^[0-9]+$/.test(found)) {
    refuseSchema("pattern", `treeID in query: expected a decimal, found ${shown(found)}`)
  }
  refuseRequest(`invalid tree ID specified: expected ${treeId}, found ${shown(found)}`)
}

const ENTRY_ID = /^(?:[0-9a-fA-F]{16})?[0-9a-fA-F]{64}$/

/** The name of an entry: its leaf hash, behind the ID of its tree if it has 80 digits. */
export interface EntryId {
  readonly treeId?: bigint
  readonly leafHash: Hash
}

/** Refuses with 422 what is neither 64 nor 80 hex digits. */
export function readEntryId(text: string): EntryId {
  if (!ENTRY_ID.test(text)) {
    refuseSchema("pattern", `entryUUID: expected 64 or 80 hex digits, found ${shown(text, 100)}`)
  }
  const bytes = Buffer.from(text, "hex")
  const leafHash = new Uint8Array(bytes.subarray(-HASH_SIZE)) as Hash
  return bytes.length === HASH_SIZE ? { leafHash } : { treeId: bytes.readBigUInt64BE(), leafHash }
}
