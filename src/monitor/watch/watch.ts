// The watch file: what its owner expects to find in a log. Lines of text; the first one is the version, a
// block's own lines are indented, `#` begins a comment line. The whole grammar:
//
//   countersign-watch/v1
//   subject NAME
//     digest ALGORITHM:HEX | digests FILE | name PATTERN
//     signer key sha256:HEX | signer oidc ISSUER PATTERN
//     unique version
//   signer NAME
//     key sha256:HEX | oidc ISSUER PATTERN
//     mine FILE
//     revoked sha256:HEX at INDEX [in ORIGIN]
//   shipped FILE [within HOURS] [in ORIGIN]
//   duplicates violation|ignore
//   unknown violation|ignore
//
// Patterns: pattern.ts. Names and issuers in certificates are taken as they stand there: no chain is
// verified, so a rule by identity says who is named, not who signed.
import { Refusal, refuse } from "../../core/base/errors.ts"
import { parsePlainText } from "../../core/base/text.ts"
import { parseDigest } from "../../entry/signature.ts"
import { readDigestList, readLedger } from "./files.ts"
import { type Pattern, parsePattern } from "./pattern.ts"
import {
  expected,
  oneWord,
  type RevokedKey,
  readRevoked,
  readRule,
  readShipment,
  type Shipment,
  type SignerRule,
  splitWord,
} from "./rules.ts"

export interface Subject {
  readonly name: string
  /** `algorithm:hex` of artifacts, payloads or subjects of in-toto statements. */
  readonly digests: ReadonlySet<string>
  /** Names of in-toto subjects. */
  readonly names: readonly Pattern[]
  /** Nobody else is expected to sign; if it is empty, anybody is. */
  readonly signers: readonly SignerRule[]
  /** Whether a name may stand for one digest only. */
  readonly isUnique: boolean
}

export interface WatchedSigner {
  readonly name: string
  readonly rules: readonly SignerRule[]
  /** The hex of every leaf hash or digest that is expected; undefined if everything is. */
  readonly mine?: ReadonlySet<string>
  readonly revoked: readonly RevokedKey[]
}

export type Severity = "violation" | "ignore"

export interface Watch {
  readonly subjects: readonly Subject[]
  readonly signers: readonly WatchedSigner[]
  readonly shipments: readonly Shipment[]
  /** What an entry is that is in the log already. */
  readonly duplicates: Severity
  /** What an entry is whose kind, key or algorithm is not known here. */
  readonly unknown: Severity
  /** The files that were read for it, in order. */
  readonly files: readonly string[]
}

/** Reads a file that a watch file names; rejects if it cannot. */
export type WatchFileReader = (path: string) => Promise<string>

const VERSION = "countersign-watch/v1"
const LONGEST_WATCH = 1_048_576
/** Each of them becomes a document of the monitor. */
const MOST_SHIPPED = 100_000

interface SubjectDraft {
  readonly form: "subject"
  readonly name: string
  readonly digests: Set<string>
  readonly names: Pattern[]
  readonly signers: SignerRule[]
  isUnique: boolean
}

interface SignerDraft {
  readonly form: "signer"
  readonly name: string
  readonly rules: SignerRule[]
  readonly revoked: RevokedKey[]
  readonly mine: Set<string>
  hasLedger: boolean
}

type Block = SubjectDraft | SignerDraft

interface Draft {
  readonly blocks: Block[]
  readonly shipments: Shipment[]
  readonly severities: Map<string, Severity>
  readonly files: string[]
  readonly readFile: WatchFileReader
}

async function readList(draft: Draft, path: string): Promise<string> {
  if (path === "") expected("the name of a file", path)
  if (!draft.files.includes(path)) draft.files.push(path)
  return await draft.readFile(path)
}

async function readSubjectLine(draft: Draft, subject: SubjectDraft, line: string): Promise<void> {
  const [keyword, rest] = splitWord(line)
  if (keyword === "digest") {
    parseDigest(rest)
    subject.digests.add(rest)
  } else if (keyword === "digests") {
    for (const digest of readDigestList(await readList(draft, rest), rest)) {
      subject.digests.add(digest)
    }
  } else if (keyword === "name" && rest !== "") subject.names.push(parsePattern(rest))
  else if (keyword === "signer") subject.signers.push(readRule(rest))
  else if (line === "unique version") subject.isUnique = true
  else expected("digest, digests, name PATTERN, signer or unique version", line)
}

async function readSignerLine(draft: Draft, signer: SignerDraft, line: string): Promise<void> {
  const [keyword, rest] = splitWord(line)
  if (keyword === "key" || keyword === "oidc") signer.rules.push(readRule(line))
  else if (keyword === "revoked") signer.revoked.push(readRevoked(rest))
  else if (keyword === "mine") {
    for (const known of readLedger(await readList(draft, rest), rest)) signer.mine.add(known)
    signer.hasLedger = true
  } else expected("key, oidc, mine FILE or revoked", line)
}

async function readShippedList(draft: Draft, text: string): Promise<Shipment> {
  const shipment = readShipment(text)
  const digests = readDigestList(await readList(draft, shipment.file), shipment.file)
  const count = draft.shipments.reduce((sum, other) => sum + other.digests.size, digests.size)
  if (count > MOST_SHIPPED) {
    refuse("too-large", `expected up to ${MOST_SHIPPED} shipped digests in all, found ${count}`)
  }
  return { ...shipment, digests }
}

function openBlock(draft: Draft, form: Block["form"], text: string): void {
  const name = oneWord(text, `${form} and one word`)
  if (draft.blocks.some((block) => block.form === form && block.name === name)) {
    expected(`a ${form} that is not there yet`, name)
  }
  draft.blocks.push(
    form === "subject"
      ? { form, name, digests: new Set(), names: [], signers: [], isUnique: false }
      : { form, name, rules: [], revoked: [], mine: new Set(), hasLedger: false },
  )
}

function setSeverity(draft: Draft, keyword: string, value: string): void {
  if (value !== "violation" && value !== "ignore") expected("violation or ignore", value)
  if (draft.severities.has(keyword)) expected(`one line ${keyword}`, value)
  draft.severities.set(keyword, value as Severity)
}

/** Reads a line that is not indented; true if lines of a block may follow it. */
async function readStatement(draft: Draft, line: string): Promise<boolean> {
  const [keyword, rest] = splitWord(line)
  if (keyword === "subject" || keyword === "signer") openBlock(draft, keyword, rest)
  else if (keyword === "shipped") draft.shipments.push(await readShippedList(draft, rest))
  else if (keyword === "duplicates" || keyword === "unknown") setSeverity(draft, keyword, rest)
  else expected("subject, signer, shipped, duplicates or unknown", line)
  return keyword === "subject" || keyword === "signer"
}

async function readMember(draft: Draft, line: string): Promise<void> {
  const block = draft.blocks.at(-1)
  if (block?.form === "subject") await readSubjectLine(draft, block, line)
  else if (block?.form === "signer") await readSignerLine(draft, block, line)
}

async function readLines(draft: Draft, lines: readonly string[]): Promise<void> {
  let isInBlock = false
  for (const [i, written] of lines.entries()) {
    const line = written.trim()
    if (line === "" || line.startsWith("#")) continue
    const isIndented = written.startsWith(" ")
    try {
      if (isIndented && !isInBlock) expected("a line of a block behind subject or signer", line)
      if (isIndented) await readMember(draft, line)
      else isInBlock = await readStatement(draft, line)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refuse(error.code, `watch file, line ${i + 2}: ${error.message}`, { cause: error })
    }
  }
}

function finished(block: Block): void {
  const { name } = block
  if (block.form === "subject" && block.digests.size === 0 && block.names.length === 0) {
    expected(`a digest or a name in the subject ${name}`, "none")
  }
  if (block.form === "signer" && block.rules.length === 0 && block.revoked.length === 0) {
    expected(`a key or an identity in the signer ${name}`, "none")
  }
  if (block.form === "signer" && block.hasLedger && block.rules.length === 0) {
    expected(`a key or an identity beside the ledger of ${name}`, "none")
  }
}

/**
 * Reads a watch file and the files that it names. Refuses `malformed` or `too-large`, naming the line; the
 * last line needs its line feed, because without it a cut file could read as another one.
 */
export async function parseWatch(text: string, readFile: WatchFileReader): Promise<Watch> {
  const plain = parsePlainText(text.replaceAll("\t", " "), LONGEST_WATCH, "watch file")
  const [version = "", ...lines] = plain.split("\n")
  if (version !== VERSION) expected(`a watch file that begins ${VERSION}`, version)
  if (lines.at(-1) !== "") expected("a line feed at the end of the watch file", lines.at(-1) ?? "")
  const draft: Draft = {
    blocks: [],
    shipments: [],
    severities: new Map(),
    files: [],
    readFile,
  }
  await readLines(draft, lines)
  for (const block of draft.blocks) finished(block)
  return {
    subjects: draft.blocks.flatMap((block) => (block.form === "subject" ? [block] : [])),
    signers: draft.blocks.flatMap((block) => (block.form === "signer" ? [signerOf(block)] : [])),
    shipments: draft.shipments,
    duplicates: draft.severities.get("duplicates") ?? "ignore",
    unknown: draft.severities.get("unknown") ?? "violation",
    files: draft.files,
  }
}

function signerOf({ name, rules, revoked, mine, hasLedger }: SignerDraft): WatchedSigner {
  return { name, rules, revoked, ...(hasLedger && { mine }) }
}
