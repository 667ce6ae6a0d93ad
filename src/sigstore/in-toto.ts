// The subjects of an in-toto Statement (versions 0.1 and 1), which say what artifacts an attestation is
// about. Leaves out the predicate and every digest that is not SHA-2.
import { equalBytes, parseUtf8 } from "../core/base/bytes.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { asList, asObject, asText, optional, parseJson } from "../core/base/json-value.ts"
import { LONGEST_PAYLOAD, MOST_SUBJECT_DIGESTS, MOST_SUBJECTS } from "../core/base/limits.ts"
import { parseHex } from "../core/base/text.ts"
import type { HashName } from "../entry/algorithm.ts"

export { IN_TOTO_PAYLOAD_TYPE } from "../entry/in-toto-terms.ts"

export interface Subject {
  readonly name?: string
  readonly digests: Readonly<Partial<Record<HashName, Uint8Array>>>
}

const hashes: readonly HashName[] = ["sha256", "sha384", "sha512"]
const types: readonly string[] = [
  "https://in-toto.io/Statement/v0.1",
  "https://in-toto.io/Statement/v1",
]

function readSubject(value: unknown, what: string): Subject {
  const { name, digest } = asObject(value, what, ["name", "digest"])
  const known = asObject(digest, `${what}.digest`, hashes)
  const count = Object.keys(digest as object).length
  if (count > MOST_SUBJECT_DIGESTS) {
    refuse(
      "too-large",
      `${what}.digest: expected up to ${MOST_SUBJECT_DIGESTS} digests, found ${count}`,
    )
  }
  const digests: { [Hash in HashName]?: Uint8Array } = {}
  for (const hash of hashes) {
    const bytes = optional(known[hash], (hex) => asText(hex, `${what}.digest.${hash}`))
    if (bytes !== undefined) digests[hash] = parseHex(bytes, `${what}.digest.${hash}`)
  }
  const title = optional(name, (text) => asText(text, `${what}.name`))
  return { ...(title !== undefined && { name: title }), digests }
}

/** The subjects of a statement. Refuses `malformed`, or `too-large` above 1,024 of them. */
export function readSubjects(payload: Uint8Array): readonly Subject[] {
  const text = parseUtf8(payload, "statement")
  const statement = asObject(parseJson(text, "statement", LONGEST_PAYLOAD), "statement", [
    "_type",
    "subject",
  ])
  const type = asText(statement._type, "statement._type")
  if (!types.includes(type)) {
    refuse("unsupported", `statement._type: expected ${types.join(" or ")}, found ${shown(type)}`)
  }
  return asList(statement.subject, "statement.subject", MOST_SUBJECTS).map((subject, i) =>
    readSubject(subject, `statement.subject[${i}]`),
  )
}

/** True if they share a hash and agree in every one that they share. */
export function isSubject(
  subject: Subject,
  digestOf: (hash: HashName) => Uint8Array | undefined,
): boolean {
  let shared = 0
  for (const hash of hashes) {
    const stated = subject.digests[hash]
    const own = stated === undefined ? undefined : digestOf(hash)
    if (stated === undefined || own === undefined) continue
    if (!equalBytes(stated, own)) return false
    shared += 1
  }
  return shared > 0
}
