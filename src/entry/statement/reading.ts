// What an in-toto statement (0.1 and 1) says: its subjects with every name and digest, without a cut, and the
// digests that it mentions elsewhere. Read only if it is *plain*, so that every reader takes the same subjects out of
// it, or none at all. What some reader may take otherwise is *odd*: superset.ts has what any of them may find.
// Verifies nothing; leaves out the rest of the predicate.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { present } from "../../core/base/present.ts"
import { eachDigestRun } from "./digest-runs.ts"
import { elementsIn, membersIn, type Span } from "./json-members.ts"
import { payloadTexts } from "./payload-text.ts"
import { unescaped } from "./superset.ts"

/** A thing that a statement is about. One that states a `uri` beside its name stands here once for each. */
export interface StatedSubject {
  readonly name?: string
  /**
   * `algorithm:value` as stated, hex in lower case; SHA-2 is spelled `sha256`, `sha384`, `sha512`. Names of
   * algorithms are the signer's word: compare what stands behind the colon.
   */
  readonly digests: readonly string[]
}

export type StatementReading =
  | {
      readonly form: "plain"
      /** Empty also for a payload that no reader takes for a statement. */
      readonly subjects: readonly StatedSubject[]
      readonly predicateType?: string
      /** Digests outside of `subject`, as bare lower-case hex: of materials, dependencies, packages. */
      readonly mentions: readonly string[]
    }
  | { readonly form: "odd" }

const ODD: StatementReading = { form: "odd" }

type Json = Readonly<Record<string, unknown>>

/** Thrown and caught here alone: the one way out of a reading that is not plain. */
class Odd extends Error {}

function odd(): never {
  throw new Odd()
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** SHA-2 by the names that its users give it: `sha256`, `SHA-256`, `SHA2_256`. */
const shaNames: ReadonlyMap<string, string> = new Map(
  [256, 384, 512].flatMap((bits) =>
    [`sha${bits}`, `sha2${bits}`].map((name) => [name, `sha${bits}`] as const),
  ),
)

const HEX = /^[0-9a-fA-F]+$/

/** `algorithm:value`; odd for hex with blanks, which a reader may skip, and for one of SHA-2 that is no hex. */
function readDigest(algorithm: string, value: unknown): string {
  if (typeof value !== "string") odd()
  const isHex = HEX.test(value)
  const sha =
    shaNames.get(algorithm) ?? shaNames.get(algorithm.toLowerCase().replaceAll(/[-_]/g, ""))
  if (!isHex && (sha !== undefined || HEX.test(value.replaceAll(/\s/g, "")))) odd()
  return `${sha ?? algorithm}:${isHex ? value.toLowerCase() : value}`
}

function readName(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === "string" ? value : odd()
}

function readSubject(value: unknown): readonly StatedSubject[] {
  if (!isObject(value)) odd()
  const { name, uri, digest = {} } = value
  if (digest !== null && !isObject(digest)) odd()
  const digests = Object.entries(digest ?? {}).map((entry) => readDigest(...entry))
  const [own, other] = [readName(name), readName(uri)]
  if (other === undefined || other === own)
    return [{ ...(own !== undefined && { name: own }), digests }]
  return own === undefined
    ? [{ name: other, digests }]
    : [own, other].map((each) => ({ name: each, digests }))
}

/** Names that matter to readers; one that differs by its case, or by characters that fold, does so to some. */
const statementNames = byFold([
  "_type",
  "subject",
  "predicateType",
  "predicate_type",
  "predicate",
  "payload",
  "payloadType",
])
const subjectNames = byFold(["name", "digest", "uri"])
const freeNames = byFold([])

const PLAIN_NAME = /^[ -!#-[\]-~]*$/

function byFold(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [name.toLowerCase(), name]))
}

/** So few names are compared with each other; of more, a set is made. */
const FEW = 8

function isRepeated(names: readonly string[]): boolean {
  if (names.length > FEW) return new Set(names).size !== names.length
  return names.some((name, i) => names.indexOf(name) !== i)
}

/** Odd if a name comes twice, is escaped or not ASCII, or is nearly one of `known`. */
function assertNames(names: readonly string[], known: ReadonlyMap<string, string>): void {
  if (isRepeated(names)) odd()
  for (const name of names) {
    const near = PLAIN_NAME.test(name) ? known.get(name.toLowerCase()) : odd()
    if (near !== undefined && near !== name) odd()
  }
}

function namesIn(text: string, span: Span): readonly string[] {
  return membersIn(text, span).map(({ name }) => name)
}

function assertSubjectNames(text: string, span: Span): void {
  const members = membersIn(text, span)
  const names = members.map(({ name }) => name)
  assertNames(names, subjectNames)
  const digest = members.find(({ name }) => name === "digest")
  if (digest !== undefined) assertNames(namesIn(text, digest.value), freeNames)
}

/** The members' names of everything that readers look at. */
function assertStatementNames(text: string): void {
  const members = membersIn(text, { start: 0, end: text.length })
  const names = members.map(({ name }) => name)
  assertNames(names, statementNames)
  const list = members.find(({ name }) => name === "subject")
  if (list === undefined) return
  for (const span of elementsIn(text, list.value)) assertSubjectNames(text, span)
}

interface PlainStatement {
  readonly subjects: readonly StatedSubject[]
  readonly predicateType?: string
}

const NO_STATEMENT: PlainStatement = { subjects: [] }

function readPlain(payload: Uint8Array): PlainStatement {
  const text = parseUtf8(payload, "statement")
  const statement: unknown = JSON.parse(text)
  // Every reader wants an object here.
  if (!isObject(statement)) return NO_STATEMENT
  assertStatementNames(text)
  const { subject = [], predicateType = statement["predicate_type"] } = statement
  if (subject !== null && !Array.isArray(subject)) odd()
  const subjects = (subject ?? []).flatMap(readSubject)
  return { subjects, ...present({ predicateType: textOf(predicateType) }) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined
}

/** Without a member `subject`, however it is written, there is no statement to any reader. */
function mayBeStatement(payload: Uint8Array): boolean {
  return payloadTexts(payload).some((text) =>
    unescaped(text).toLowerCase().replaceAll("ſ", "s").includes("subject"),
  )
}

function mentionsIn(payload: Uint8Array, subjects: readonly StatedSubject[]): readonly string[] {
  const stated = subjects.flatMap(({ digests }) => digests.map(digestValue))
  const known = new Set(stated)
  const mentions = new Set<string>()
  eachDigestRun(payload, (hex) => {
    if (!known.has(hex)) mentions.add(hex)
  })
  return [...mentions]
}

/** Subjects that are named to people. */
const MOST_NAMED = 16

/** What a statement says of itself, with the names of its first subjects. Empty for a payload that is none. */
export function glanceAt(payload: Uint8Array) {
  const reading = readStatement(payload)
  if (reading.form === "odd") return { subjects: [] }
  const { subjects, predicateType } = reading
  const names = subjects.flatMap(({ name }) => name ?? [])
  return { ...present({ predicateType }), subjects: names.slice(0, MOST_NAMED) }
}

/** What stands behind the colon of `algorithm:value`. */
export function digestValue(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1)
}

/** Never throws; time and memory are linear in the payload, whatever it is. */
export function readStatement(payload: Uint8Array): StatementReading {
  let statement = NO_STATEMENT
  try {
    statement = readPlain(payload)
  } catch {
    if (mayBeStatement(payload)) return ODD
  }
  return { form: "plain", ...statement, mentions: mentionsIn(payload, statement.subjects) }
}
