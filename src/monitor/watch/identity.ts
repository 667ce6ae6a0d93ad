// The rule of a watch file that goes by what a certificate says:
//
//   oidc ISSUER PATTERN [where FIELD PATTERN …] [from AUTHORITY]
//
// Patterns may have blanks: one ends before the next field's name, `where` or `from`, or at the end of the line.
import { refuse, shown } from "../../core/base/errors.ts"
import {
  type CertificateField,
  certificateFields,
  isCertificateField,
} from "../../entry/certificates/fulcio.ts"
import { type Pattern, parsePattern } from "./pattern.ts"

interface FieldPattern {
  readonly field: CertificateField
  readonly pattern: Pattern
}

/** Whom an issuer vouches for. */
export interface IdentityRule {
  readonly form: "oidc"
  readonly issuer: string
  readonly identity: Pattern
  /** All of them must fit. */
  readonly where: readonly FieldPattern[]
  /** The authority that must have issued the certificate; any that the watch file names if it is not there. */
  readonly authority?: string
}

const FORM = "oidc ISSUER PATTERN [where FIELD PATTERN …] [from AUTHORITY]"

function wrong(expected: string, found: string): never {
  return refuse("malformed", `expected ${expected}, found ${shown(found, 120)}`)
}

function readField(words: readonly string[]): FieldPattern {
  const [name = "", ...pattern] = words
  if (!isCertificateField(name)) return wrong(`one of ${certificateFields.join(", ")}`, name)
  if (pattern.length === 0) wrong(`a pattern behind ${name}`, "nothing")
  return { field: name, pattern: parsePattern(pattern.join(" ")) }
}

/** `FIELD PATTERN …`: every name of a field begins the next one, and so does `where`. */
function readFields(words: readonly string[]): readonly FieldPattern[] {
  const groups: string[][] = []
  let isBegun = true
  for (const word of words) {
    const isNext = isBegun || isCertificateField(word)
    isBegun = word === "where"
    if (isBegun) continue
    if (isNext) groups.push([word])
    else groups.at(-1)?.push(word)
  }
  if (isBegun) wrong("FIELD PATTERN behind where", "nothing")
  return groups.map(readField)
}

/** The words up to the first of this one, and those behind it; undefined if it is not there. */
function cut(words: readonly string[], word: string) {
  const at = words.indexOf(word)
  return at < 0
    ? ([words, undefined] as const)
    : ([words.slice(0, at), words.slice(at + 1)] as const)
}

/** Reads what stands behind `oidc`; refuses `malformed` or `too-large`. */
export function readIdentityRule(text: string): IdentityRule {
  const [issuer = "", ...rest] = text.split(/ +/)
  const [rule, behindFrom] = cut(rest, "from")
  const [identity, fields] = cut(rule, "where")
  if (issuer === "" || identity.length === 0) wrong(FORM, `oidc ${text}`)
  const [authority, ...more] = behindFrom ?? []
  if (behindFrom !== undefined && (authority === undefined || more.length > 0)) {
    wrong("one word behind from, at the end of the line", behindFrom.join(" "))
  }
  return {
    form: "oidc",
    issuer,
    identity: parsePattern(identity.join(" ")),
    where: fields === undefined ? [] : readFields(fields),
    ...(authority !== undefined && { authority }),
  }
}
