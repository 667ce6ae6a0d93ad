// Makes evidence of entries. Each maker verifies its own output and refuses what proves nothing.
import type { SignatureRule, Vkey } from "../core/note/note.ts"
import type { Hash } from "../core/tree/hash.ts"
import type { EntryEvidenceKind, Evidence } from "./evidence.ts"
import { type LoggedEntry, orderWitnesses, type Place, type PromiseLines } from "./format.ts"
import { keepLines, onlySpelling } from "./opened-head.ts"
import { promiseLines, type SignedPromise } from "./promise.ts"
import { finish } from "./verification.ts"

/**
 * One entry (`bad-entry`, `unexpected-entry`) or two in the order of their indices, under one head that
 * the log signed. `remark` is one line of up to 500 characters for people. Refuses `bad-proof` for
 * entries that do not prove the case, `bad-signature`, `untrusted`, `malformed`, and `too-large` above
 * 1 MiB of text.
 */
export function makeEntryEvidence(
  kind: EntryEvidenceKind,
  vkey: Vkey,
  note: string,
  entries: readonly LoggedEntry[],
  remark?: string,
  holds?: SignatureRule,
): Evidence {
  return finish(kind, vkey, { note: keepLines(note, [vkey]), places: entries, remark }, holds)
}

function promiseBy(vkey: Vkey, promise: SignedPromise): PromiseLines {
  const { promised, signature } = promiseLines(promise)
  return { promised, signature: onlySpelling(vkey, signature) }
}

/**
 * A signed entry timestamp by the log's key of type 2, and the leaf hash of another entry at the promised
 * index under a head that the same key signed. Refuses as {@link makeEntryEvidence} does.
 */
export function makeBrokenPromise(
  vkey: Vkey,
  promise: SignedPromise,
  note: string,
  leafHash: Hash,
  path: readonly Hash[],
  holds?: SignatureRule,
): Evidence {
  const place: Place = { index: promise.logIndex, leafHash, path }
  const kept = keepLines(note, [vkey])
  const lines = { note: kept, promise: promiseBy(vkey, promise), places: [place] }
  return finish("broken-promise", vkey, lines, holds)
}

export interface EntryTimeCase {
  /** Whose cosignature times contradict the log, each one by itself; types 4 and 6. */
  readonly witnesses: readonly Vkey[]
  /** A head without the entry that these witnesses cosigned too late; else `note` was cosigned too early. */
  readonly older?: string
  /** A head with the entry. */
  readonly note: string
  readonly entry: LoggedEntry
  /** Holds its time against the witnesses; else the entry's certificate is held against them. */
  readonly promise?: SignedPromise
}

/**
 * An entry that was logged outside of its certificate's validity, or more than 300 seconds from the time
 * that the log has signed for it, by the clocks of witnesses. Convicts, for those who know most of these witnesses,
 * only a log whose promise is later than a head with the entry; else it presents. Refuses as
 * {@link makeEntryEvidence} does.
 */
export function makeEntryTime(
  vkey: Vkey,
  { witnesses: unordered, older, note, entry, promise }: EntryTimeCase,
  holds?: SignatureRule,
): Evidence {
  const witnesses = orderWitnesses(unordered)
  const timed = keepLines(older ?? note, [vkey, ...witnesses])
  const notes = older === undefined ? { note: timed } : { old: timed, new: keepLines(note, [vkey]) }
  const promised = promise && { promise: promiseBy(vkey, promise) }
  return finish("time", vkey, { witnesses, places: [entry], ...notes, ...promised }, holds)
}
