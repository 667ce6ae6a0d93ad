// How far the entries of a log are judged by the present watch file. When that changes, all of them are judged again
// from the first one on; whatever is read meanwhile once more behind them, because rules that remember what came first
// need the entries in their order. While a pass is under way another change does not begin it anew: it goes on by the
// newest watch file, and one more pass follows, so that a file that changes often starves nobody.
import { openFindings } from "../findings/stored.ts"
import { listedEntries, markAgain } from "../pending/standing.ts"
import { collection, type ValueOf } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { integer, message, optional, text } from "../state/schema.ts"
import { forgetOrder } from "./forgetting.ts"

/** By origin. */
const rescans = collection(
  "rescan",
  message({
    /** The digest of the watch file, with all that it names. */
    watch: text,
    /** That of the ledgers that only grow. */
    ledger: optional(text),
    /** The next entry that is to be judged. */
    at: integer,
    /** Where the entries end that are to be judged; from there on all were read under this watch file. */
    to: integer,
    /** Where this pass was when the watch file changed once more. */
    mixedAt: optional(integer),
    /** When it began, and when something of it was last done; Unix milliseconds. */
    startedAt: integer,
    movedAt: integer,
  }),
)

type Rescan = ValueOf<typeof rescans>

export function rescanOf(documents: DocumentReads, origin: string): Rescan | undefined {
  return documents.get(rescans, origin)
}

export function isUnfinished(rescan: Rescan | undefined): rescan is Rescan {
  return rescan !== undefined && (rescan.at < rescan.to || rescan.mixedAt !== undefined)
}

/** What entries are judged by: the digests of the watch file, and of the ledgers that only grow. */
interface JudgedBy {
  readonly watch: string
  readonly ledger: string
}

function begun({ watch, ledger }: JudgedBy, from: number, size: number, now: number): Rescan {
  return { watch, ledger, at: Math.min(from, size), to: size, startedAt: now, movedAt: now }
}

/** What a longer ledger may explain: entries that are reported, and those by watched signers that are not understood. */
function markUnexplained(documents: Documents, origin: string): void {
  const reported = openFindings(documents)
    .filter((finding) => finding.origin === origin)
    .flatMap(({ index }) => index ?? [])
  markAgain(documents, origin, [...new Set([...reported, ...listedEntries(documents, origin)])])
}

/**
 * Has the entries of a log judged by this watch file: again, if they were judged by another one. `size` is that of the
 * monitor's own tree; of a log that nothing was read of yet, nothing is to be judged again.
 */
export function judgeBy(
  documents: Documents,
  origin: string,
  by: JudgedBy,
  size: number,
  now: number,
): void {
  const known = rescanOf(documents, origin)
  if (known?.watch === by.watch) {
    if (known.ledger === by.ledger) return
    documents.put(rescans, origin, { ...known, ledger: by.ledger })
    markUnexplained(documents, origin)
    return
  }
  const isMixed = isUnfinished(known) && known.at > 0
  if (!isMixed && size > 0) forgetOrder(documents, origin)
  const next = isMixed ? { ...known, ...by, mixedAt: known.at } : begun(by, 0, size, now)
  documents.put(rescans, origin, next)
}

/** Has the entries from `from` on judged again by the same watch file; what is under way already stays so. */
export function rescanFrom(
  documents: Documents,
  origin: string,
  from: number,
  size: number,
  now: number,
): void {
  const known = rescanOf(documents, origin)
  // A monitor that has never made a round judges all of it in its first one.
  if (known === undefined) return
  const { watch, ledger = "" } = known
  if (isUnfinished(known)) {
    if (from < known.at) documents.put(rescans, origin, { ...known, mixedAt: known.at })
    return
  }
  if (from === 0) forgetOrder(documents, origin)
  documents.put(rescans, origin, begun({ watch, ledger }, from, size, now))
}

/** Notes that all up to `at` were judged; `size` is up to where entries can be read again. */
export function advance(
  documents: Documents,
  origin: string,
  at: number,
  size: number,
  now: number,
): void {
  const known = rescanOf(documents, origin)
  if (known === undefined) return
  if (at < known.to) {
    documents.put(rescans, origin, { ...known, at, movedAt: now })
    return
  }
  const { mixedAt: _, ...pure } = known
  const isAgain = known.mixedAt !== undefined
  if (isAgain) forgetOrder(documents, origin)
  // What came while the pass was under way was read out of its order.
  const to = Math.max(size, known.to)
  documents.put(rescans, origin, { ...pure, at: isAgain ? 0 : at, to, movedAt: now })
}

/** How many of the first `size` entries are judged by the present watch file. */
export interface RescanStatus {
  readonly judged: number
  readonly of: number
  readonly isComplete: boolean
  readonly startedAt?: number
}

export function rescanStatus(documents: DocumentReads, origin: string, size: number): RescanStatus {
  const rescan = rescanOf(documents, origin)
  if (!isUnfinished(rescan)) return { judged: size, of: size, isComplete: true }
  const { at, to, mixedAt, startedAt } = rescan
  const done = (mixedAt === undefined ? at : at - mixedAt) + Math.max(0, size - to)
  return { judged: Math.min(size, Math.max(0, done)), of: size, isComplete: false, startedAt }
}
