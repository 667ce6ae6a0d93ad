// The subjects of an in-toto statement (0.1 and 1) as our own verifier takes them: what is not of the form, or beyond
// the bounds, is refused. Leaves out the rest of the statement; what other readers take out of it is in reading.ts.
import { equalBytes, parseUtf8 } from "../../core/base/bytes.ts"
import { type HashName, hashNames } from "../../core/base/digest.ts"
import { assertAtMost, refuse, shown } from "../../core/base/errors.ts"
import { asList, asObject, asText, optional, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_PAYLOAD, MOST_SUBJECT_DIGESTS, MOST_SUBJECTS } from "../../core/base/limits.ts"
import { present } from "../../core/base/present.ts"
import { parseHex } from "../../core/base/text.ts"

const types: readonly string[] = [
  "https://in-toto.io/Statement/v0.1",
  "https://in-toto.io/Statement/v1",
]

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
