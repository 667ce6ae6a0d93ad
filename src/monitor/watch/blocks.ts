// The blocks of a watch file: each keyword that begins one, and the lines that it takes. Another kind of block is another
// line of the table.
import { readDigest } from "../../core/base/written-digest.ts"
import { parseDigest } from "../../entry/signature.ts"
import { openAuthority } from "./authority.ts"
import {
  addToLedger,
  type BlockOpener,
  type Place,
  pathOf,
  type SignerDraft,
  type SubjectDraft,
  textOf,
  whereOf,
} from "./draft.ts"
import { emptyList, type Listed, readDigestList } from "./list.ts"
import { parsePattern } from "./pattern.ts"
import {
  expected,
  oneWord,
  readCommit,
  readImage,
  readRevoked,
  readRule,
  splitWord,
} from "./rules.ts"

/** Files of a folder that a ledger is in. */
const MOST_LEDGER_FILES = 100_000

function addAll(into: Listed, { digests, images, commits }: Listed): void {
  for (const digest of digests) into.digests.add(digest)
  for (const image of images) into.images.push(image)
  for (const commit of commits) into.commits.add(commit)
}

async function readSubjectLine(place: Place, subject: SubjectDraft, line: string): Promise<void> {
  const { files } = place.draft
  const [keyword, rest] = splitWord(line)
  if (keyword === "digest") {
    const digest = readDigest(rest)
    parseDigest(digest)
    subject.digests.add(digest)
  } else if (keyword === "digests") {
    addAll(subject, readDigestList(await textOf(place, rest), rest))
  } else if (keyword === "file") {
    for (const digest of await files.digests(pathOf(place, rest))) subject.digests.add(digest)
  } else if (keyword === "image") subject.images.push(readImage(rest))
  else if (keyword === "commit") subject.commits.add(readCommit(rest))
  else if (keyword === "name" && rest !== "") subject.names.push(parsePattern(rest))
  else if (keyword === "signer") subject.signers.push(readRule(rest))
  else if (line === "unique version") subject.isUnique = true
  else {
    const what = "digest, digests, file, image, commit, name PATTERN, signer or unique version"
    expected(what, line)
  }
}

function openSubject(place: Place, text: string) {
  const name = oneWord(text, "subject and one word")
  const { subjects } = place.draft
  if (subjects.has(name)) expected("a subject that is not there yet", name)
  const where = whereOf(place)
  const subject = { name, where, ...emptyList(), names: [], signers: [], isUnique: false }
  subjects.set(name, subject)
  return (line: string) => readSubjectLine(place, subject, line)
}

/** Files that are being written, and those that editors and systems keep. */
function isLedgerFile(name: string): boolean {
  return !name.startsWith(".") && !name.endsWith(".tmp") && !name.endsWith("~")
}

/** A file, or every file of a folder. */
async function readMine(place: Place, signer: SignerDraft, path: string): Promise<void> {
  const { draft } = place
  const resolved = pathOf(place, path)
  const names = (await draft.files.folder(resolved))?.filter(isLedgerFile)
  if (names === undefined) {
    addToLedger(draft, signer, await draft.files.text(resolved), path)
    return
  }
  if (names.length > MOST_LEDGER_FILES) {
    expected(`a folder of up to ${MOST_LEDGER_FILES} files`, `${names.length} files in ${path}`)
  }
  addToLedger(draft, signer, "", path)
  for (const name of names) {
    const inside = draft.files.resolve(name, `${resolved}/`)
    if ((await draft.files.folder(inside)) !== undefined) continue
    addToLedger(draft, signer, await draft.files.text(inside), `${path}/${name}`)
  }
}

async function readSignerLine(place: Place, signer: SignerDraft, line: string): Promise<void> {
  const [keyword, rest] = splitWord(line)
  if (keyword === "key" || keyword === "oidc") signer.rules.push(readRule(line))
  else if (keyword === "revoked") signer.revoked.push(readRevoked(rest))
  else if (keyword === "mine") await readMine(place, signer, rest)
  else expected("key, oidc, mine FILE or revoked", line)
}

function openSigner(place: Place, text: string) {
  const name = oneWord(text, "signer and one word")
  const { signers } = place.draft
  if (signers.has(name)) expected("a signer that is not there yet", name)
  const signer = { name, where: whereOf(place), rules: [], revoked: [] }
  signers.set(name, signer)
  return (line: string) => readSignerLine(place, signer, line)
}

export const blocks: ReadonlyMap<string, BlockOpener> = new Map([
  ["subject", openSubject],
  ["signer", openSigner],
  ["authority", openAuthority],
])
