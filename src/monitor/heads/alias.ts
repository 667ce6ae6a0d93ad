// Heads that the log signed under its other names, `ORIGIN - TREEID`, as clients of Rekor v1 know it. They are heads of
// the one tree, by the keys that sign both, and say nothing to witnesses. Two tree IDs under one key convict it, if it
// also signs its bare name, which Rekor v1 never does.
import type { Vkey } from "../../core/note/note.ts"
import { originWord } from "../../core/note/origin.ts"
import { makeTwoTreeIds } from "../../evidence/head-evidence.ts"
import { isOwnOrigin } from "../../evidence/opened-head.ts"
import type { Case } from "../findings/case.ts"
import { ungraded } from "../findings/finding.ts"
import { textCollection } from "../state/collection.ts"
import type { DocumentReads, Documents } from "../state/documents.ts"
import { ownStatementBy } from "./fork.ts"
import { forgetPending, keepPending, pendingHeads } from "./pending.ts"
import { convicted, type JudgeScope } from "./scope.ts"
import {
  type KnownKeys,
  keptStatement,
  keyLabel,
  type OpenedStatement,
  openStatement,
  type ReadNote,
  type Statement,
} from "./statement.ts"

/** Heads of other names that wait for the tree; the oldest and the newest of them. */
const MOST_WAITING = 8

type LogKeys = Pick<KnownKeys, "origin" | "logKeys">

/** The first note of each key under another name of the log, by origin and key. */
const aliases = textCollection("alias")

/** None where the log is one tree of several: those of another tree ID are of another tree. */
function signersOf({ origin, logKeys }: LogKeys, name: string): readonly Vkey[] {
  return logKeys.filter(
    (vkey) => vkey.name === origin && vkey.name !== name && isOwnOrigin(vkey, name),
  )
}

/** Whether it is another name of this log, under a key that may sign it. */
export function isAlias(keys: LogKeys, name: string): boolean {
  return signersOf(keys, name).length > 0
}

/** Who stands for a head under another name: keys of the log, and no witness. */
export function openAlias(read: ReadNote, keys: KnownKeys): OpenedStatement {
  return openStatement(read, {
    ...keys,
    logKeys: signersOf(keys, read.head.origin),
    witnesses: [],
  })
}

/** Whether the log has ever shown a head under another name. */
export function hasAlias(documents: DocumentReads, origin: string): boolean {
  return documents.keys(aliases, `${originWord(origin)} `).length > 0
}

/**
 * Remembers a head under another name until the tree reaches it. The log signs one for each of its entries, and they
 * must leave room for what others have posted.
 */
export function keepAlias(
  documents: Documents,
  keys: KnownKeys,
  statement: Statement,
  at: number,
): void {
  const waiting = pendingHeads(documents, keys)
    .filter((pending) => pending.statement.head.origin !== keys.origin)
    .toSorted((a, b) => a.at - b.at)
  const newest = waiting.at(-1)
  if (waiting.length >= MOST_WAITING && newest !== undefined) forgetPending(documents, newest)
  keepPending(documents, keys, statement, at)
}

/** `key-misuse` if the same key has signed under another tree ID before. */
async function judgeId(scope: JudgeScope, vkey: Vkey, { note, head }: Statement) {
  const { origin, documents, holds } = scope
  const place = `${originWord(origin)} ${keyLabel(vkey)}`
  const known = documents.get(aliases, place)
  if (known === undefined) {
    documents.put(aliases, place, note)
    return []
  }
  const before = keptStatement(known, scope).head
  const bare = ownStatementBy(scope, vkey)
  if (before.origin === head.origin || bare === undefined) return []
  const summary = `The key of the log has signed as ${before.origin} and as ${head.origin}, and its log has one tree.`
  const finding = ungraded("key-misuse", origin, summary, "tree")
  const prove = async () => makeTwoTreeIds(vkey, bare.note, [known, note], holds)
  return [await convicted(finding, prove)]
}

/** Whether the tree ID of a head is the one that its keys have used before. */
export async function judgeTreeId(
  scope: JudgeScope,
  statement: Statement,
): Promise<readonly Case[]> {
  const cases: Case[] = []
  for (const { vkey } of statement.log) cases.push(...(await judgeId(scope, vkey, statement)))
  return cases
}
