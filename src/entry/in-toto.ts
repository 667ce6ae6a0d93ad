// In-toto attestations (Statement 0.1 and 1, SLSA provenance 0.2 and 1), read twice on purpose: for finding
// them, where nothing is refused and what is beyond the bounds is left out; and for judging by them, where
// what is not of the form, or beyond the bounds, is refused. Leaves out the rest of the predicate.
import { equalBytes, parseUtf8 } from "../core/base/bytes.ts"
import { type HashName, hashNames } from "../core/base/digest.ts"
import { assertAtMost, refuse, shown } from "../core/base/errors.ts"
import { asList, asObject, asText, optional, parseJson } from "../core/base/json-value.ts"
import { LONGEST_PAYLOAD, MOST_SUBJECT_DIGESTS, MOST_SUBJECTS } from "../core/base/limits.ts"
import { present } from "../core/base/present.ts"
import { parseHex } from "../core/base/text.ts"
import type { KeptPayload } from "./dsse.ts"
import type { Term } from "./term.ts"

export const IN_TOTO_PAYLOAD_TYPE = "application/vnd.in-toto+json"

/** Subjects that are named to people. */
const MOST_NAMED = 16
const HEX = /^[0-9a-fA-F]+$/
const types: readonly string[] = [
  "https://in-toto.io/Statement/v0.1",
  "https://in-toto.io/Statement/v1",
]

type Json = Readonly<Record<string, unknown>>

function asRecord(value: unknown): Json {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value)
  return isRecord ? (value as Json) : {}
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.slice(0, MOST_SUBJECTS).map(asRecord) : []
}

function digestTerms({ digest }: Json): Term[] {
  const digests = Object.entries(asRecord(digest)).slice(0, MOST_SUBJECT_DIGESTS)
  return digests.flatMap(([algorithm, value]) => {
    if (typeof value !== "string" || value === "") return []
    const text = HEX.test(value) ? value.toLowerCase() : value
    return [{ name: "subject-digest", value: `${algorithm}:${text}` }]
  })
}

function parseStatement(payload: Uint8Array): Json {
  try {
    return asRecord(JSON.parse(parseUtf8(payload, "statement")))
  } catch {
    return {}
  }
}

/** The terms of a DSSE payload; none unless its type is in-toto's. */
export function inTotoTerms(payloadType: string, payload: Uint8Array): readonly Term[] {
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE) return []
  const statement = parseStatement(payload)
  const { materials, buildDefinition } = asRecord(statement["predicate"])
  const { resolvedDependencies } = asRecord(buildDefinition)
  const subjects = listOf(statement["subject"])
  const terms = [subjects, listOf(materials), listOf(resolvedDependencies)].flatMap((things) =>
    things.flatMap(digestTerms),
  )
  for (const { name } of subjects) {
    if (typeof name === "string") terms.push({ name: "subject", value: name })
  }
  const { predicateType: value } = statement
  if (typeof value === "string") terms.push({ name: "predicate-type", value })
  return terms
}

/** What a statement says of itself, with the names of its first subjects. Empty for a payload that is none. */
export function readStatement({ payloadType, payload }: KeptPayload) {
  const terms = inTotoTerms(payloadType, payload)
  const valuesOf = (wanted: string) =>
    terms.flatMap(({ name, value }) => (name === wanted ? [value] : []))
  const [predicateType] = valuesOf("predicate-type")
  const subjects = valuesOf("subject").slice(0, MOST_NAMED)
  return { ...present({ predicateType }), subjects }
}

export interface Subject {
  readonly name?: string
  readonly digests: Readonly<Partial<Record<HashName, Uint8Array>>>
}

function readSubject(value: unknown, what: string): Subject {
  const { name, digest } = asObject(value, what)
  const known = asObject(digest, `${what}.digest`, hashNames)
  const count = Object.keys(digest as object).length
  assertAtMost(MOST_SUBJECT_DIGESTS, count, `${what}.digest`, "digests")
  const digests: { [Hash in HashName]?: Uint8Array } = {}
  for (const hash of hashNames) {
    const bytes = optional(known[hash], (hex) => asText(hex, `${what}.digest.${hash}`))
    if (bytes !== undefined) digests[hash] = parseHex(bytes, `${what}.digest.${hash}`)
  }
  const title = optional(name, (text) => asText(text, `${what}.name`))
  return { ...present({ name: title }), digests }
}

/** The subjects of a statement. Refuses `malformed`, or `too-large` above 1,024 of them. */
export function readSubjects(payload: Uint8Array): readonly Subject[] {
  const text = parseUtf8(payload, "statement")
  const statement = asObject(parseJson(text, "statement", LONGEST_PAYLOAD), "statement")
  const type = asText(statement["_type"], "statement._type")
  if (!types.includes(type)) {
    refuse("unsupported", `statement._type: expected ${types.join(" or ")}, found ${shown(type)}`)
  }
  return asList(statement["subject"], "statement.subject", MOST_SUBJECTS).map((subject, i) =>
    readSubject(subject, `statement.subject[${i}]`),
  )
}

/** True if they share a hash and agree in every one that they share. */
export function isSubject(
  subject: Subject,
  digestOf: (hash: HashName) => Uint8Array | undefined,
): boolean {
  let shared = 0
  for (const hash of hashNames) {
    const stated = subject.digests[hash]
    const own = stated === undefined ? undefined : digestOf(hash)
    if (stated === undefined || own === undefined) continue
    if (!equalBytes(stated, own)) return false
    shared += 1
  }
  return shared > 0
}
