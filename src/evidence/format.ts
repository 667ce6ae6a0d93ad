// The text form of evidence: a line a fact, each ended by LF, in one fixed order, so that the same facts have one
// text only. Writes tlog-evidence/v2, which says whether it convicts its key or presents something about it; reads v1
// as well, which had one word for both. What a kind must hold stands in the verdicts.
import { compareBytes, parseUtf8, utf8 } from "../core/base/bytes.ts"
import { refuse, shown } from "../core/base/errors.ts"
import { LONGEST_EVIDENCE, LONGEST_REMARK, MOST_PROOF_HASHES } from "../core/base/limits.ts"
import { present } from "../core/base/present.ts"
import { formatBase64, parseBase64, parseDecimal, parsePlainText } from "../core/base/text.ts"
import { formatVkey, parseVkey, type Vkey } from "../core/note/note.ts"
import { asHash, type Hash } from "../core/tree/hash.ts"
import {
  type Evidence,
  type EvidenceEffect,
  type EvidenceKind,
  entryEvidenceKinds,
  evidenceKinds,
} from "./evidence.ts"

/** What the first line of a file says. */
export type EvidenceFormat = "tlog-evidence/v1" | "tlog-evidence/v2"

const FIRST: EvidenceFormat = "tlog-evidence/v1"
export const NEWEST: EvidenceFormat = "tlog-evidence/v2"
const MOST_WITNESSES = 16
const MOST_PLACES = 2
/** More than any file has; a longer text is not read any further. */
const MOST_LINES = 256

interface ProvenPlace {
  readonly index: number
  /** The inclusion proof that leads to the root of the note given with it. */
  readonly path: readonly Hash[]
}

export interface LoggedEntry extends ProvenPlace {
  readonly body: Uint8Array
  /** What a DSSE or in-toto body has the digest of. */
  readonly payload?: Uint8Array
  readonly leafHash?: undefined
}

/** What stands at an index of the log: the body of an entry, or no more than its leaf hash. */
export type Place =
  | LoggedEntry
  | (ProvenPlace & { readonly leafHash: Hash; readonly body?: undefined })

/** A signed entry timestamp: what was signed, and the signature. */
export interface PromiseLines {
  readonly promised: Uint8Array
  readonly signature: Uint8Array
}

/** The lines of a file in their order. Which of them a kind has is not looked at here. */
export interface EvidenceFile {
  readonly format: EvidenceFormat
  readonly kind: EvidenceKind
  /** The key that is convicted, or about whose log something is presented. */
  readonly key: Vkey
  readonly witnesses: readonly Vkey[]
  readonly note?: string | undefined
  readonly old?: string | undefined
  readonly new?: string | undefined
  readonly implied?: Hash | undefined
  /** A consistency proof. */
  readonly hashes: readonly Hash[]
  readonly promise?: PromiseLines | undefined
  readonly places: readonly Place[]
  /** Whatever the maker wants to say on one line; nothing proves it. */
  readonly remark?: string | undefined
}

const presenting: ReadonlySet<EvidenceKind> = new Set(entryEvidenceKinds)

/**
 * What a file of this shape does to its key. The log is not to blame for the entries that it was given, nor for the
 * dates of their certificates, nor for a witness that cosigned an old head again; but nobody but the log promises a
 * time after a head that has the entry was cosigned.
 */
export function effectOf({
  kind,
  places,
  promise,
  old,
}: Pick<EvidenceFile, "kind" | "places" | "promise" | "old">): EvidenceEffect {
  if (presenting.has(kind)) return "presents"
  if (kind !== "time" || places.length === 0) return "convicts"
  return promise !== undefined && old === undefined ? "convicts" : "presents"
}

/** The lines that are still to be read. */
function createCursor(lines: readonly string[]) {
  let at = 0
  /** The value of the next line if it has this name. */
  function take<T>(name: string, read: (text: string) => T): T | undefined {
    const line = lines[at]
    if (!line?.startsWith(`${name} `)) return undefined
    at += 1
    return read(line.slice(name.length + 1))
  }
  /** As `take`, and refuses `malformed` for another line. */
  function need<T>(name: string, read: (text: string) => T): T {
    const found = shown(lines[at] ?? "")
    return (
      take(name, read) ?? refuse("malformed", `evidence: expected a line "${name}", found ${found}`)
    )
  }
  /** The next line if it has no name, as those of a consistency proof. */
  function takeBare<T>(read: (text: string) => T): T | undefined {
    const line = lines[at]
    if (line === undefined || line.includes(" ")) return undefined
    at += 1
    return read(line)
  }
  return { take, need, takeBare, isAtEnd: () => at === lines.length }
}

type Cursor = ReturnType<typeof createCursor>

function takeAll<T>(next: () => T | undefined, most: number, what: string): readonly T[] {
  const all: T[] = []
  for (let value = next(); value !== undefined; value = next()) {
    if (all.length === most) {
      refuse("too-large", `evidence: expected up to ${most} ${what}, found more`)
    }
    all.push(value)
  }
  return all
}

function readHash(text: string): Hash {
  return asHash(parseBase64(text, "evidence hash"), "evidence hash")
}

function readNote(text: string): string {
  return parseUtf8(parseBase64(text, "evidence note"), "evidence note")
}

function readBytes(text: string): Uint8Array {
  return parseBase64(text, "evidence")
}

function readPromise({ take, need }: Cursor): PromiseLines | undefined {
  const promised = take("promise", readBytes)
  return promised && { promised, signature: need("signature", readBytes) }
}

function readPlace({ take, need }: Cursor): Place | undefined {
  const index = take("index", (text) => parseDecimal(text, "evidence index"))
  if (index === undefined) return undefined
  const leafHash = take("leaf", readHash)
  const body = leafHash === undefined ? need("entry", readBytes) : undefined
  const payload = body && take("payload", readBytes)
  const path = takeAll(() => take("path", readHash), MOST_PROOF_HASHES, "hashes of a path")
  if (leafHash !== undefined) return { index, leafHash, path }
  return { index, body: body as Uint8Array, path, ...present({ payload }) }
}

function readKind(text: string): EvidenceKind {
  const kind = evidenceKinds.find((known) => known === text)
  return kind ?? refuse("unsupported", `evidence: unknown kind ${shown(text)}`)
}

/** The name of the line with the key. */
function keyWord(file: EvidenceFile): EvidenceEffect | "key" {
  return file.format === FIRST ? "key" : effectOf(file)
}

function readKey(format: EvidenceFormat, { take, need }: Cursor): Vkey {
  if (format === FIRST) return need("key", parseVkey)
  return take("presents", parseVkey) ?? need("convicts", parseVkey)
}

function readFile(format: EvidenceFormat, cursor: Cursor): EvidenceFile {
  const { take, need, takeBare } = cursor
  return {
    format,
    kind: need("kind", readKind),
    key: readKey(format, cursor),
    witnesses: takeAll(() => take("witness", parseVkey), MOST_WITNESSES, "witnesses"),
    note: take("note", readNote),
    old: take("old", readNote),
    new: take("new", readNote),
    implied: take("implied", readHash),
    hashes: takeAll(() => takeBare(readHash), MOST_PROOF_HASHES, "hashes of a proof"),
    promise: readPromise(cursor),
    places: takeAll(() => readPlace(cursor), MOST_PLACES, "entries"),
    remark: take("remark", String),
  }
}

function assertRemark(remark: string | undefined): void {
  if (remark === undefined) return
  const isOneLine = !remark.includes("\n") && remark.length >= 1 && remark.length <= LONGEST_REMARK
  if (isOneLine) return
  refuse("malformed", `remark: expected one line of 1 to ${LONGEST_REMARK} characters`)
}

/**
 * Reads a file whose every byte is as {@link formatEvidence} writes it. Refuses `too-large` above 1 MiB,
 * `unsupported` for an unknown kind or type of key, `malformed` for any other text.
 */
export function parseEvidence(text: string): EvidenceFile {
  const whole = parsePlainText(text, LONGEST_EVIDENCE, "evidence")
  const [first, ...lines] = whole.split("\n", MOST_LINES)
  const format = [NEWEST, FIRST].find((known) => known === first)
  if (format === undefined || lines.pop() !== "") {
    return refuse("malformed", `evidence: expected ${NEWEST} or ${FIRST} and lines ended by LF`)
  }
  const cursor = createCursor(lines)
  const file = readFile(format, cursor)
  assertRemark(file.remark)
  if (!cursor.isAtEnd() || formatEvidence(file) !== text) {
    refuse("malformed", `evidence: expected the lines of kind ${file.kind} in order and no others`)
  }
  return file
}

function base64Line(name: string, bytes: Uint8Array | undefined): readonly string[] {
  return bytes === undefined ? [] : [`${name} ${formatBase64(bytes)}`]
}

function noteLine(name: string, note: string | undefined): readonly string[] {
  return note === undefined ? [] : base64Line(name, utf8(note))
}

function placeLines(place: Place): readonly string[] {
  const payload = place.body && place.payload
  return [
    `index ${place.index}`,
    ...base64Line("leaf", place.leafHash),
    ...base64Line("entry", place.body),
    ...base64Line("payload", payload),
    ...place.path.flatMap((hash) => base64Line("path", hash)),
  ]
}

/** In the order of a file: one case has one text, whichever witness was named first. */
export function orderWitnesses(witnesses: readonly Vkey[]): readonly Vkey[] {
  return witnesses.toSorted((a, b) => compareBytes(utf8(formatVkey(a)), utf8(formatVkey(b))))
}

/** The text of a file. It may be one that {@link parseEvidence} refuses. */
export function formatEvidence(file: EvidenceFile): string {
  const lines = [
    file.format,
    `kind ${file.kind}`,
    `${keyWord(file)} ${formatVkey(file.key)}`,
    ...orderWitnesses(file.witnesses).map((witness) => `witness ${formatVkey(witness)}`),
    ...noteLine("note", file.note),
    ...noteLine("old", file.old),
    ...noteLine("new", file.new),
    ...base64Line("implied", file.implied),
    ...file.hashes.map(formatBase64),
    ...base64Line("promise", file.promise?.promised),
    ...base64Line("signature", file.promise?.signature),
    ...file.places.flatMap(placeLines),
    ...(file.remark === undefined ? [] : [`remark ${file.remark}`]),
  ]
  return `${lines.join("\n")}\n`
}

/** The text of the same case in the newest form, so that nobody can bring it again in other words. */
export function newestForm(text: string): string {
  return formatEvidence({ ...parseEvidence(text), format: NEWEST })
}

const STATED = /^tlog-evidence\/v2\nkind [^\n]*\n(convicts|presents) /

const BEGINNING =
  /^[^\n]{1,64}\nkind ([^\n]{1,64})\n(?:key|convicts|presents) ([^\n]{1,8192})\n(witness )?/

/**
 * What a file says at its beginning: its kind, the key in the form in which {@link formatVkey} writes it, and whether it
 * rests on witnesses. Undefined for what {@link parseEvidence} would refuse at once; else it may still be any text.
 */
export function statedBeginning(text: string) {
  const [whole, kind = "", key = "", witness] = BEGINNING.exec(text) ?? []
  return whole === undefined ? undefined : { kind, key, hasWitnesses: witness !== undefined }
}

/** What evidence says that it does to its key, or does if it is of v1; it is not read beyond that. */
export function statedEffect({ kind, text }: Pick<Evidence, "kind" | "text">): EvidenceEffect {
  const [, word] = STATED.exec(text) ?? []
  if (word === "convicts" || word === "presents") return word
  const has = (name: string) => text.includes(`\n${name} `)
  if (presenting.has(kind)) return "presents"
  if (kind !== "time" || !has("index")) return "convicts"
  return has("promise") && !has("old") ? "convicts" : "presents"
}
