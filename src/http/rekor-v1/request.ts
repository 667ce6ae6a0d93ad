// What Rekor v1 requests bring along, by the contract but read as loosely as go-openapi does: parameters that are
// empty are absent, of several the last counts, those that nobody knows do not matter; `null` is absent. What does
// not fit is refused with go-openapi's numbers.
import { bug, shown } from "../../core/base/errors.ts"
import { HASH_SIZE, type Hash } from "../../core/tree/hash.ts"
import type { Contract } from "../door/contract.ts"
import type { Mismatch } from "../door/mismatch.ts"
import type { Parameter, ParameterReader } from "../door/parameters.ts"
import type { PathValues } from "../serving/route.ts"
import { refuseRequest, refuseSchema, type SchemaFault } from "./errors.ts"

/** A proposed entry, of which its kind reads the rest. */
export interface ProposedEntry {
  readonly apiVersion: string
  readonly kind: string
  readonly spec: object
}

const faults: Readonly<Record<string, SchemaFault>> = {
  type: "type",
  // go-openapi has one number for another type and another format.
  format: "type",
  required: "required",
  maxLength: "tooLong",
  minLength: "tooShort",
  pattern: "pattern",
  enum: "enumeration",
  minimum: "minimum",
}

/** `a.b in body` for `/a/b`. */
function placeIn(whole: string, place: string): string {
  return place === "" ? whole : `${place.slice(1).replaceAll("/", ".")} in ${whole}`
}

function refuseBody({ keyword, place, reason, found, member = "" }: Mismatch): never {
  // SPEC: a member that is null is absent (go-openapi), so one that must be there is missing.
  const isMissing = keyword === "type" && found === null && !/(?:^|\/)\d*$/.test(place)
  if (isMissing) return refuseSchema("required", `${placeIn("body", place)} is required`)
  if (keyword === "required") {
    return refuseSchema("required", `${placeIn("body", `${place}/${member}`)} is required`)
  }
  const text = keyword === "additionalProperties" ? `unknown member ${shown(member)}` : reason
  return refuseSchema(faults[keyword] ?? "other", `${placeIn("body", place)}: ${text}`)
}

/** A reader of the JSON that an operation takes: 400 for what is no JSON, 422 for what does not fit. */
export function bodyReader<Body>(contract: Contract, operation: string): (bytes: Buffer) => Body {
  const read = contract.bodyReader<Body>(operation, refuseBody)
  return (bytes) =>
    bytes.length === 0 ? refuseSchema("required", "body in body is required") : read(bytes)
}

const INTEGER = /^-?[0-9]{1,19}$/
const LARGEST = 2n ** 63n - 1n

/** An integer of 64 bits, which a number of this language cannot hold. */
function readInteger(text: string, { name, schema: { minimum = 0 } }: Parameter): bigint {
  const value = INTEGER.test(text) ? BigInt(text) : LARGEST + 1n
  if (value > LARGEST) {
    refuseSchema("type", `${name} in query: expected a 64-bit integer, found ${shown(text)}`)
  }
  if (value < BigInt(minimum)) {
    refuseSchema("minimum", `${name} in query: expected at least ${minimum}, found ${shown(text)}`)
  }
  return value
}

function assertPattern(text: string, parameter: Parameter, pattern: RegExp): void {
  if (pattern.test(text)) return
  const expected = parameter.schema["x-expected"] ?? String(pattern)
  const found = shown(text, 100)
  refuseSchema(
    "pattern",
    `${parameter.name} in ${parameter.in}: expected ${expected}, found ${found}`,
  )
}

/** How one parameter is read from its text. */
function valueReader(parameter: Parameter): (text: string) => string | bigint {
  const { type, pattern } = parameter.schema
  if (type === "integer") return (text) => readInteger(text, parameter)
  if (type !== "string" || pattern === undefined) {
    return bug(`${parameter.name} is described in a way that is not read`)
  }
  const compiled = new RegExp(pattern)
  return (text) => {
    assertPattern(text, parameter, compiled)
    return text
  }
}

/** Reads what an operation describes, integers as bigint; passes over every other parameter. */
export function parameterReader(parameters: readonly Parameter[]): ParameterReader {
  const readers = parameters.map((parameter) => ({ ...parameter, read: valueReader(parameter) }))
  return (path: PathValues, query: string) => {
    const given = new URLSearchParams(query)
    const values: Record<string, string | bigint> = {}
    for (const { name, in: place, required, read } of readers) {
      const text = place === "path" ? path[name] : given.getAll(name).at(-1)
      if (text !== undefined && text !== "") values[name] = read(text)
      else if (required) refuseSchema("required", `${name} in ${place} is required`)
    }
    return values
  }
}

/** The `treeID` of the query must be this log's, where it is given. */
export function assertTreeId(found: string | undefined, treeId: string): void {
  if (found === undefined || found === treeId) return
  refuseRequest(`invalid tree ID specified: expected ${treeId}, found ${shown(found)}`)
}

/** The name of an entry: its leaf hash, behind the ID of its tree if it has 80 digits. */
export interface EntryId {
  readonly treeId?: bigint
  readonly leafHash: Hash
}

/** The parts of an entry ID of 64 or 80 hex digits. */
export function splitEntryId(text: string): EntryId {
  const bytes = Buffer.from(text, "hex")
  const leafHash = new Uint8Array(bytes.subarray(-HASH_SIZE)) as Hash
  return bytes.length === HASH_SIZE ? { leafHash } : { treeId: bytes.readBigUInt64BE(), leafHash }
}
