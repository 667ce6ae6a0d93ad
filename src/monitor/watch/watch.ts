// The watch file: what its owner expects to find in a log. Lines of text; the first one is the version, a
// block's own lines are indented, `#` begins a comment line. The whole grammar:
//
//   countersign-watch/v1
//   subject NAME
//     digest ALGORITHM:HEX | digests FILE | file FILE | name PATTERN
//     image [REPOSITORY@]sha256:HEX [also REPOSITORY ...] | commit ID
//     signer key sha256:HEX | signer oidc ISSUER PATTERN [where FIELD PATTERN ...] [from AUTHORITY]
//     unique version
//   signer NAME
//     key sha256:HEX | oidc ISSUER PATTERN [where FIELD PATTERN ...] [from AUTHORITY]
//     mine FILE-OR-FOLDER
//     revoked sha256:HEX at INDEX [in ORIGIN]
//   authority NAME
//     roots FILE | trusted-root FILE
//     eku code-signing
//   shipped FILE [within HOURS] [in ORIGIN]
//   duplicates violation|ignore
//   unknown violation|ignore
//   opaque ignore|count|closed
//   explain within HOURS
//   include FILE-OR-FOLDER
//
// Patterns: pattern.ts; blocks: blocks.ts; ledgers: ledger.ts; identities: identity.ts; authorities: authority.ts. Without
// an authority, names in certificates are taken as they stand there: then a rule by identity says who is named, not who
// signed.
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { LONGEST_WATCH } from "../../core/base/limits.ts"
import { parsePlainText } from "../../core/base/text.ts"
import { blocks } from "./blocks.ts"
import {
  addToLedger,
  type BlockReader,
  type Draft,
  type Place,
  pathOf,
  textOf,
  whereOf,
} from "./draft.ts"
import { filesOf, type WatchFileReader, type WatchFiles } from "./files.ts"
import { readDigestList } from "./list.ts"
import type { Watch } from "./model.ts"
import { expected, readHours, readShipment, splitWord } from "./rules.ts"
import { wholeWatch } from "./whole.ts"

export type { WatchFiles } from "./files.ts"
export type {
  BadLine,
  Ledger,
  OpaqueClass,
  Severity,
  Shipment,
  Subject,
  Watch,
  WatchedImage,
  WatchedSigner,
} from "./model.ts"

const VERSION = "countersign-watch/v1"
/** Watch files that include one another, from the top one down. */
const DEEPEST = 8
const MOST_INCLUDED = 1_000
/** Bytes of all watch files together. */
const MOST_TEXT = 4 * LONGEST_WATCH

/** The values that a line may have which may be there once. */
const settings: ReadonlyMap<string, readonly string[]> = new Map([
  ["duplicates", ["violation", "ignore"]],
  ["unknown", ["violation", "ignore"]],
  ["opaque", ["ignore", "count", "closed"]],
])

function set({ draft }: Place, keyword: string, value: string): void {
  if (draft.settings.has(keyword)) expected(`one line ${keyword}`, `${keyword} ${value}`)
  draft.settings.set(keyword, value)
}

function setOneOf(place: Place, keyword: string, value: string, values: readonly string[]): void {
  if (!values.includes(value)) expected(values.join(" or "), value)
  set(place, keyword, value)
}

function setExplain(place: Place, text: string): void {
  const [within, hours] = splitWord(text)
  if (within !== "within") expected("explain within HOURS", text)
  set(place, "explain", String(readHours(hours, "explain within HOURS")))
}

async function addShipment(place: Place, text: string): Promise<void> {
  const list = readShipment(text)
  const listed = readDigestList(await textOf(place, list.file), list.file)
  place.draft.shipments.push({ ...list, listed, where: whereOf(place) })
}

async function includeFile(place: Place, path: string, shownPath: string): Promise<void> {
  const { draft, chain } = place
  if (chain.includes(path)) {
    const circle = [...chain.slice(chain.indexOf(path)), path].join(" includes ")
    refuse("malformed", `expected watch files that do not include themselves, found ${circle}`)
  }
  if (draft.included.has(path)) expected("a watch file that is not included yet", shownPath)
  if (chain.length >= DEEPEST) expected(`watch files at most ${DEEPEST} deep`, shownPath)
  draft.included.add(path)
  if (draft.included.size > MOST_INCLUDED) {
    refuse("too-large", `expected up to ${MOST_INCLUDED} included files, found more`)
  }
  const text = await draft.files.text(path)
  await readWatchText(
    { draft, base: path, what: shownPath, line: 1, chain: [...chain, path] },
    text,
  )
}

/** A watch file, or all files of a folder whose names end in `.watch`, in the order of their names. */
async function include(place: Place, text: string): Promise<void> {
  const { files, read } = place.draft
  const path = pathOf(place, text)
  const names = await files.folder(path)
  if (names === undefined) return await includeFile(place, path, text)
  for (const name of names.filter((each) => each.endsWith(".watch"))) {
    const inside = files.resolve(name, `${path}/`)
    read.add(inside)
    await includeFile(place, inside, `${text}/${name}`)
  }
}

const EXPECTED = `${[...blocks.keys(), "shipped", ...settings.keys(), "explain"].join(", ")} or include`

/** Reads a line that is not indented; gives what reads the lines of its block, if it begins one. */
async function readStatement(place: Place, line: string): Promise<BlockReader | undefined> {
  const [keyword, rest] = splitWord(line)
  const open = blocks.get(keyword)
  if (open !== undefined) return open(place, rest)
  const values = settings.get(keyword)
  if (values !== undefined) setOneOf(place, keyword, rest, values)
  else if (keyword === "shipped") await addShipment(place, rest)
  else if (keyword === "explain") setExplain(place, rest)
  else if (keyword === "include") await include(place, rest)
  else expected(EXPECTED, line)
  return undefined
}

async function readLines(place: Place, lines: readonly string[]): Promise<void> {
  let readMember: BlockReader | undefined
  for (const written of lines) {
    place.line += 1
    const line = written.trim()
    if (line === "" || line.startsWith("#")) continue
    if (!written.startsWith(" ")) readMember = await readStatement(place, line)
    else if (readMember === undefined) {
      expected(`a line of a block behind ${[...blocks.keys()].join(" or ")}`, line)
    } else await readMember(line)
  }
}

/** Reads a text that is known to end in a line feed. */
async function readVersioned(place: Place, text: string): Promise<void> {
  const [version = "", ...lines] = text.split("\n")
  if (version !== VERSION) expected(`a watch file that begins ${VERSION}`, version)
  await readLines(place, lines)
}

async function readWatchText(place: Place, text: string): Promise<void> {
  const { draft, what } = place
  const plain = parsePlainText(text.replaceAll("\t", " "), LONGEST_WATCH, what)
  draft.length += plain.length
  if (draft.length > MOST_TEXT)
    refuse("too-large", `${what}: expected watch files of up to 64 MiB in all`)
  if (!plain.endsWith("\n")) {
    const last = plain.split("\n").length
    refuse(
      "malformed",
      `${what}, line ${last}: expected a line feed at the end of the watch file, found none`,
    )
  }
  try {
    await readVersioned(place, plain)
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Trouble)) throw error
    const message = `${whereOf(place)}: ${error.message}`
    if (error instanceof Trouble) throw new Trouble(error.code, message, { cause: error })
    refuse(error.code, message, { cause: error })
  }
}

async function addPosted(draft: Draft): Promise<void> {
  for (const signer of draft.signers.values()) {
    const posted = await draft.files.posted?.(signer.name)
    if (posted === undefined) continue
    draft.read.add(posted.file)
    addToLedger(draft, signer, posted.text, posted.file)
  }
}

/**
 * Reads a watch file and the files that it names; `what` names it in refusals. Refuses `malformed` or `too-large`,
 * naming file and line; the last line needs its line feed, because without it a cut file could read as another one.
 */
export async function parseWatch(
  text: string,
  files: WatchFiles | WatchFileReader,
  what = "watch file",
): Promise<Watch> {
  const draft: Draft = {
    files: typeof files === "function" ? filesOf(files) : files,
    subjects: new Map(),
    signers: new Map(),
    authorities: new Map(),
    shipments: [],
    settings: new Map(),
    badLines: [],
    badLineCount: 0,
    read: new Set(),
    included: new Set(),
    length: 0,
  }
  const chain = [draft.files.path ?? ""]
  await readWatchText({ draft, base: "", what, line: 1, chain }, text)
  await addPosted(draft)
  return wholeWatch(draft)
}
