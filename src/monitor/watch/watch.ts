// The watch file: what its owner expects to find in a log. Lines of text; the first one is the version, a
// block's own lines are indented, `#` begins a comment line. The whole grammar:
//
//   countersign-watch/v1
//   subject NAME
//     digest ALGORITHM:HEX | digests FILE | name PATTERN
//     signer key sha256:HEX | signer oidc ISSUER PATTERN [where FIELD PATTERN …] [from AUTHORITY]
//     unique version
//   signer NAME
//     key sha256:HEX | oidc ISSUER PATTERN [where FIELD PATTERN …] [from AUTHORITY]
//     mine FILE
//     revoked sha256:HEX at INDEX [in ORIGIN]
//   authority NAME
//     roots FILE | trusted-root FILE
//     eku code-signing
//   shipped FILE [within HOURS] [in ORIGIN]
//   duplicates violation|ignore
//   unknown violation|ignore
//
// Patterns: pattern.ts; identity rules: identity.ts; authorities: authority.ts. Without an authority, names and issuers
// in certificates are taken as they stand there: a rule by identity then says who is named, not who signed.
import { Refusal, refuse } from "../../core/base/errors.ts"
import { LONGEST_WATCH } from "../../core/base/limits.ts"
import { parsePlainText } from "../../core/base/text.ts"
import type { AuthoritySet } from "../../entry/certificates/authority.ts"
import { parseDigest } from "../../entry/signature.ts"
import {
  type AuthorityDraft,
  assertAuthorities,
  MOST_AUTHORITY_SETS,
  newAuthority,
  readAuthorityLine,
} from "./authority.ts"
import { type Pattern, parsePattern } from "./pattern.ts"
import {
  expected,
  oneWord,
  type RevokedKey,
  readDigestList,
  readLedger,
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
  /** Who must have issued the certificates that identity rules go by; if there is none, anyone may. */
  readonly authorities: readonly AuthoritySet[]
  /** What an entry is that is in the log already. */
  readonly duplicates: Severity
  /** What an entry is whose kind, key or algorithm is not known here. */
  readonly unknown: Severity
  /** The files that were read for it, in order. */
  readonly files: readonly string[]
}

/** Reads a file that a watch file names; rejects if it cannot. */
type WatchFileReader = (path: string) => Promise<string>

const VERSION = "countersign-watch/v1"
/** Each of them becomes a document of the monitor. */
const MOST_SHIPPED = 100_000

interface SubjectDraft extends Subject {
  readonly digests: Set<string>
  readonly names: Pattern[]
  readonly signers: SignerRule[]
  isUnique: boolean
}

interface SignerDraft extends WatchedSigner {
  readonly rules: SignerRule[]
  readonly revoked: RevokedKey[]
  mine?: Set<string>
}

interface Draft {
  readonly subjects: Map<string, SubjectDraft>
  readonly signers: Map<string, SignerDraft>
  readonly shipments: Shipment[]
  readonly authorities: Map<string, AuthorityDraft>
  readonly severities: Map<string, Severity>
  readonly files: Set<string>
  readonly readFile: WatchFileReader
}

/** Reads a line of the block that is open. */
type BlockReader = (line: string) => Promise<void>

async function readList(draft: Draft, path: string): Promise<string> {
  if (path === "") expected("the name of a file", path)
  draft.files.add(path)
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
    const ledger = readLedger(await readList(draft, rest), rest)
    signer.mine = new Set([...(signer.mine ?? []), ...ledger])
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

function openSubject(draft: Draft, name: string): BlockReader {
  if (draft.subjects.has(name)) expected("a subject that is not there yet", name)
  const subject = { name, digests: new Set<string>(), names: [], signers: [], isUnique: false }
  draft.subjects.set(name, subject)
  return (line) => readSubjectLine(draft, subject, line)
}

function openSigner(draft: Draft, name: string): BlockReader {
  if (draft.signers.has(name)) expected("a signer that is not there yet", name)
  const signer = { name, rules: [], revoked: [] }
  draft.signers.set(name, signer)
  return (line) => readSignerLine(draft, signer, line)
}

function openAuthority(draft: Draft, name: string): BlockReader {
  if (draft.authorities.has(name)) expected("an authority that is not there yet", name)
  if (draft.authorities.size >= MOST_AUTHORITY_SETS) {
    expected(`up to ${MOST_AUTHORITY_SETS} authorities`, name)
  }
  const authority = newAuthority(name)
  draft.authorities.set(name, authority)
  return (line) => readAuthorityLine(authority, line, (path) => readList(draft, path))
}

function setSeverity(draft: Draft, keyword: string, value: string): void {
  if (value !== "violation" && value !== "ignore") expected("violation or ignore", value)
  if (draft.severities.has(keyword)) expected(`one line ${keyword}`, value)
  draft.severities.set(keyword, value as Severity)
}

/** Reads a line that is not indented; gives what reads the lines of its block, if it begins one. */
async function readStatement(draft: Draft, line: string): Promise<BlockReader | undefined> {
  const [keyword, rest] = splitWord(line)
  if (keyword === "subject") return openSubject(draft, oneWord(rest, "subject and one word"))
  if (keyword === "signer") return openSigner(draft, oneWord(rest, "signer and one word"))
  if (keyword === "authority") return openAuthority(draft, oneWord(rest, "authority and one word"))
  if (keyword === "shipped") draft.shipments.push(await readShippedList(draft, rest))
  else if (keyword === "duplicates" || keyword === "unknown") setSeverity(draft, keyword, rest)
  else expected("subject, signer, authority, shipped, duplicates or unknown", line)
  return undefined
}

async function readLines(draft: Draft, lines: readonly string[]): Promise<void> {
  let readMember: BlockReader | undefined
  for (const [i, written] of lines.entries()) {
    const line = written.trim()
    if (line === "" || line.startsWith("#")) continue
    try {
      if (!written.startsWith(" ")) readMember = await readStatement(draft, line)
      else if (readMember === undefined)
        expected("a line of a block behind subject, signer or authority", line)
      else await readMember(line)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refuse(error.code, `watch file, line ${i + 2}: ${error.message}`, { cause: error })
    }
  }
}

function assertWhole({ subjects, signers }: Draft): void {
  for (const { name, digests, names } of subjects.values()) {
    if (digests.size + names.length === 0) {
      expected(`a digest or a name in the subject ${name}`, "none")
    }
  }
  for (const { name, rules, revoked, mine } of signers.values()) {
    if (rules.length > 0) continue
    if (revoked.length === 0) expected(`a key or an identity in the signer ${name}`, "none")
    if (mine !== undefined) expected(`a key or an identity beside the ledger of ${name}`, "none")
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
    subjects: new Map(),
    signers: new Map(),
    shipments: [],
    authorities: new Map(),
    severities: new Map(),
    files: new Set(),
    readFile,
  }
  await readLines(draft, lines)
  assertWhole(draft)
  const watched = {
    subjects: [...draft.subjects.values()],
    signers: [...draft.signers.values()],
    authorities: [...draft.authorities.values()],
  }
  assertAuthorities(watched)
  return {
    ...watched,
    shipments: draft.shipments,
    duplicates: draft.severities.get("duplicates") ?? "ignore",
    unknown: draft.severities.get("unknown") ?? "violation",
    files: [...draft.files],
  }
}
