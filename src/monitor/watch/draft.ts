// A watch file while it is being read: what its blocks add to, and how they get at the files that they name.
import { portableHasher } from "../../core/tree/hash.ts"
import type { AuthorityPool, AuthoritySet } from "../../entry/certificates/authority.ts"
import {
  type Digester,
  type Foretold,
  foretoldOfCommit,
  foretoldOfImage,
  signedNames,
} from "../../entry/statement/foretelling.ts"
import type { WatchFiles } from "./files.ts"
import { emptyLedger, type LedgerDraft, readLedger } from "./ledger.ts"
import { digestOfHex, type Listed } from "./list.ts"
import { type BadLine, MOST_BAD_LINES } from "./model.ts"
import type { Pattern } from "./pattern.ts"
import { expected, type RevokedKey, type ShippedList, type SignerRule } from "./rules.ts"

export interface SubjectDraft extends Listed {
  readonly name: string
  /** Where it begins, for refusals. */
  readonly where: string
  readonly names: Pattern[]
  readonly signers: SignerRule[]
  isUnique: boolean
}

export interface SignerDraft {
  readonly name: string
  readonly where: string
  readonly rules: SignerRule[]
  readonly revoked: RevokedKey[]
  mine?: LedgerDraft
}

export interface AuthorityDraft extends AuthoritySet {
  readonly pools: AuthorityPool[]
  isForCode: boolean
}

export interface ShipmentDraft extends ShippedList {
  readonly where: string
  readonly listed: Listed
}

export interface Draft {
  readonly files: WatchFiles
  readonly subjects: Map<string, SubjectDraft>
  readonly signers: Map<string, SignerDraft>
  readonly authorities: Map<string, AuthorityDraft>
  readonly shipments: ShipmentDraft[]
  /** The values of lines that may be there once, by keyword. */
  readonly settings: Map<string, string>
  readonly badLines: BadLine[]
  badLineCount: number
  /** Files and folders that were read, in order. */
  readonly read: Set<string>
  /** Watch files among them. */
  readonly included: Set<string>
  /** Characters of all watch files. */
  length: number
}

/** Where a line stands: what it adds to, and the watch file that has it. */
export interface Place {
  readonly draft: Draft
  /** The path of the watch file, as its files are looked up from it. */
  readonly base: string
  /** What the watch file is called in refusals, and the number of the line that is being read. */
  readonly what: string
  line: number
  /** Watch files that include one another, from the top one down. */
  readonly chain: readonly string[]
}

/** Reads a line of the block that is open. */
export type BlockReader = (line: string) => void | Promise<void>

/** Begins a block; `text` is what stands behind its keyword. */
export type BlockOpener = (place: Place, text: string) => BlockReader

export function whereOf({ what, line }: Place): string {
  return `${what}, line ${line}`
}

/** The path of what a line names. Refuses `malformed` for no name. */
export function pathOf({ draft, base }: Place, path: string): string {
  if (path === "") expected("the name of a file", path)
  const resolved = draft.files.resolve(path, base)
  draft.read.add(resolved)
  return resolved
}

export async function textOf(place: Place, path: string): Promise<string> {
  return await place.draft.files.text(pathOf(place, path))
}

function noteBadLine(draft: Draft, bad: BadLine): void {
  draft.badLineCount += 1
  if (draft.badLines.length < MOST_BAD_LINES) draft.badLines.push(bad)
}

/** Adds a text to the ledger of a signer, which it begins if there is none. */
export function addToLedger(draft: Draft, signer: SignerDraft, text: string, what: string): void {
  signer.mine ??= emptyLedger()
  readLedger(text, what, {
    ledger: signer.mine,
    leaf: draft.files.leaf ?? portableHasher.leaf,
    tell: (message) => noteBadLine(draft, { signer: signer.name, message }),
  })
}

/** What clients log for the images and commits of a list. */
export function foretoldOf(
  { images, commits }: Pick<Listed, "images" | "commits">,
  digest?: Digester,
): readonly Foretold[] {
  return [
    ...images.flatMap(({ digest: own, repositories }) =>
      foretoldOfImage(own.slice("sha256:".length), repositories.flatMap(signedNames), digest),
    ),
    ...[...commits].flatMap((id) => foretoldOfCommit(id)),
  ]
}

/** The digest under which messages and statements have a commit. */
function digestOfCommit(id: string): string {
  return digestOfHex(id) ?? `gitCommit:${id}`
}

/** Everything that a list names, images and commits by their own digests. */
export function digestsOf({ digests, images, commits }: Listed): Set<string> {
  return new Set([
    ...digests,
    ...images.map(({ digest }) => digest),
    ...[...commits].map(digestOfCommit),
  ])
}
