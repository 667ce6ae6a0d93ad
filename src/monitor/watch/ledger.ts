// The ledger of a signer: what its owner knows that it signed. Files hold one document, or one a line, among digests,
// images and commits. A line that cannot be read is named by its number, and the others are used all the same: a
// pipeline that once wrote half a line must not blind the monitor, nor go unnoticed.
import { Refusal, refuse, unlessRefused } from "../../core/base/errors.ts"
import { parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BUNDLE } from "../../core/base/limits.ts"
import {
  formatRecord,
  type LeafHasher,
  type LedgerRecord,
  readLedgerDocument,
} from "./ledger-document.ts"
import { emptyList, type Listed, linesOf, readAt, readListLine } from "./list.ts"

export interface LedgerDraft extends Listed {
  readonly leafHashes: Set<string>
  readonly signatures: Set<string>
}

export function emptyLedger(): LedgerDraft {
  return { ...emptyList(), leafHashes: new Set(), signatures: new Set() }
}

function add(ledger: LedgerDraft, { leafHashes, signatures, digests }: LedgerRecord): void {
  for (const each of leafHashes) ledger.leafHashes.add(each)
  for (const each of signatures) ledger.signatures.add(each)
  for (const each of digests) ledger.digests.add(each)
}

const isJson = (line: string): boolean => line.startsWith("{")

/** The value of a text that is one document of several lines; undefined for any other text. */
function wholeDocument(text: string): unknown {
  const start = text.trimStart()
  if (!isJson(start) || text.length > LONGEST_BUNDLE) return undefined
  const [first = ""] = start.split("\n", 1)
  const parse = (json: string) => unlessRefused(() => parseJson(json, "document", LONGEST_BUNDLE))
  return parse(first) === undefined ? parse(text) : undefined
}

/** A line of a list, or a document. */
type Part = { readonly place: string } & (
  | { readonly line: string }
  | { readonly document: () => unknown }
)

function partsOf(text: string, what: string): readonly Part[] {
  const whole = wholeDocument(text)
  if (whole !== undefined) return [{ place: what, document: () => whole }]
  return linesOf(text, what).map(([line, number]) => {
    const place = `${what}, line ${number}`
    if (!isJson(line)) return { place, line }
    return { place, document: () => parseJson(line, "document", LONGEST_BUNDLE) }
  })
}

/** Adds a file's text to a ledger; `tell` gets a message for each part that could not be read. */
export function readLedger(
  text: string,
  what: string,
  { ledger, leaf, tell }: { ledger: LedgerDraft; leaf: LeafHasher; tell: (bad: string) => void },
): void {
  for (const part of partsOf(text, what)) {
    try {
      if ("line" in part) readListLine(part.line, ledger)
      else add(ledger, readLedgerDocument(part.document(), leaf))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      tell(`${part.place}: ${error.message}`)
    }
  }
}

function keptLines(part: Part, leaf: LeafHasher): readonly string[] {
  if (!("line" in part)) return formatRecord(readLedgerDocument(part.document(), leaf))
  readListLine(part.line, emptyList())
  return [part.line]
}

/**
 * The lines in which what a pipeline posts is kept, each once, without anything that a ledger does not need. Refuses
 * `malformed` or `too-large` for the first part that cannot be read, naming its line.
 */
export function postedLines(text: string, leaf: LeafHasher): readonly string[] {
  const parts = partsOf(text, "body")
  if (parts.length === 0) refuse("malformed", "body: expected a line of a ledger, found none")
  const kept = parts.flatMap((part) => readAt(part.place, () => keptLines(part, leaf)))
  return [...new Set(kept)]
}
