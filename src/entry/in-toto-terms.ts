// What an in-toto attestation (Statement 0.1 and 1, SLSA provenance 0.2 and 1) can be found by: its
// subjects, what they were made from, and the type of its predicate. Never refuses: a payload of another
// form has no terms, and what is beyond the bounds is left out.
import { parseUtf8 } from "../core/base/bytes.ts"
import { MOST_SUBJECT_DIGESTS, MOST_SUBJECTS } from "../core/base/limits.ts"
import type { Term } from "./term.ts"

export const IN_TOTO_PAYLOAD_TYPE = "application/vnd.in-toto+json"

const HEX = /^[0-9a-fA-F]+$/

type Json = Readonly<Record<string, unknown>>

function asRecord(value: unknown): Json {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value)
  return isRecord ? (value as Json) : {}
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.slice(0, MOST_SUBJECTS).map(asRecord) : []
}

function digestTerms({ digest }: Json): Term[] {
  const terms: Term[] = []
  for (const [algorithm, value] of Object.entries(asRecord(digest)).slice(
    0,
    MOST_SUBJECT_DIGESTS,
  )) {
    if (typeof value !== "string" || value === "") continue
    const text = HEX.test(value) ? value.toLowerCase() : value
    terms.push({ name: "subject-digest", value: `${algorithm}:${text}` })
  }
  return terms
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
  const { predicateType } = statement
  if (typeof predicateType === "string") {
    terms.push({ name: "predicate-type", value: predicateType })
  }
  return terms
}
