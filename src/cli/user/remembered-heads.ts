// The file in which a verifier remembers the heads that it saw: a list of checkpoint notes, bounded, without
// a word about what was verified. Two of them that contradict each other by themselves convict the log.
import { stat } from "node:fs/promises"
import { type Trust, treeHost } from "../../client/trust.ts"
import { equalBytes } from "../../core/base/bytes.ts"
import { Refusal, unlessRefused } from "../../core/base/errors.ts"
import { LONGEST_HEAD_LIST } from "../../core/base/limits.ts"
import { checkpointRule } from "../../core/note/cosignature.ts"
import { formatHeadList, type ListedHead, parseHeadList } from "../../core/note/head-list.ts"
import { makeVkey, openNote, parseVkey, type Vkey } from "../../core/note/note.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import { areOneLog, isOwnOrigin } from "../../evidence/opened-head.ts"
import type { PinnedLog } from "../../sigstore/trusted-root.ts"
import { Falsehood } from "../command/exit-code.ts"
import { readBytes, writeWhole } from "../command/file.ts"
import { forkUnder } from "../command/fork-evidence.ts"

/** Heads that a file keeps; the smallest ones of the log that has most of them go first. */
export const MOST_REMEMBERED = 256
/** Kept free for what the bytes of the notes may grow by. */
const MOST_BYTES = LONGEST_HEAD_LIST

/** A log's key, and the origins of its heads where they are not its name. */
interface HeadKey {
  readonly vkey: Vkey
  readonly origins?: readonly string[]
}

/** A log of Rekor v1 signs its trees under a name that a trusted root does not state. */
function underTreeNames({ vkey }: PinnedLog, heads: readonly ListedHead[]): readonly HeadKey[] {
  const hosts = heads.map(({ head }) => treeHost(head.origin))
  const others = new Set(hosts.filter((host) => host !== undefined && host !== vkey.name))
  const { type, publicKey } = vkey
  const named = [...others].map((host) => makeVkey(host as string, type, publicKey))
  return [vkey, ...named].map((own) => ({ vkey: own }))
}

/** The keys of the logs that are trusted, whatever witnesses are demanded, under the names that these heads have. */
export function logKeysOf(trust: Trust, heads: readonly ListedHead[]): readonly HeadKey[] {
  if ("trustedRoot" in trust) return trust.trustedRoot.flatMap((log) => underTreeNames(log, heads))
  if ("policy" in trust) return trust.policy.logs
  return trust.vkeys.map((vkey) => ({ vkey: parseVkey(vkey), origins: [trust.origin] }))
}

function isOf({ vkey, origins }: HeadKey, origin: string): boolean {
  return origins?.includes(origin) ?? isOwnOrigin(vkey, origin)
}

/** Whether one of these keys signed the head under a name of its own, be it that of its tree in Rekor v1. */
export function isSigned({ note, head }: ListedHead, keys: readonly HeadKey[]): boolean {
  const own = keys.filter((key) => isOf(key, head.origin)).map(({ vkey }) => vkey)
  return unlessRefused(() => openNote(note, own, checkpointRule(head))) !== undefined
}

/** The heads in a file, none if there is no file. Refuses `malformed` for what is no list of heads. */
export async function readHeads(path: string): Promise<readonly ListedHead[]> {
  try {
    await stat(path)
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return []
  }
  const bytes = await readBytes(path, "heads", LONGEST_HEAD_LIST)
  return parseHeadList(bytes, Number.MAX_SAFE_INTEGER)
}

function isSameHead(a: ListedHead, b: ListedHead): boolean {
  const isSameSize = a.head.origin === b.head.origin && a.head.size === b.head.size
  return isSameSize && equalBytes(a.head.root, b.head.root)
}

/** With the new heads, each once; of two notes over one head the one with more signatures. */
function joined(known: readonly ListedHead[], added: readonly ListedHead[]): readonly ListedHead[] {
  const heads = [...known]
  for (const head of added) {
    const at = heads.findIndex((other) => isSameHead(other, head))
    const before = heads[at]
    if (before === undefined) heads.push(head)
    else if (head.note.signatures.length > before.note.signatures.length) heads[at] = head
  }
  return heads
}

/** The one to forget: the smallest of the log with the most heads. */
function leastOf(heads: readonly ListedHead[]): ListedHead | undefined {
  const counts = new Map<string, number>()
  for (const { head } of heads) counts.set(head.origin, (counts.get(head.origin) ?? 0) + 1)
  const most = Math.max(...counts.values())
  const [least] = heads
    .filter(({ head }) => counts.get(head.origin) === most)
    .toSorted((a, b) => a.head.size - b.head.size)
  return least
}

function bounded(heads: readonly ListedHead[]): readonly ListedHead[] {
  let kept = heads
  let bytes = kept.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
  while (kept.length > MOST_REMEMBERED || bytes > MOST_BYTES) {
    const least = leastOf(kept)
    if (least === undefined) return kept
    kept = kept.filter((head) => head !== least)
    bytes -= Buffer.byteLength(least.text)
  }
  return kept
}

/** Whether two heads cannot both be true of one log, whatever lies between them. */
function contradicts(a: ListedHead, b: ListedHead): boolean {
  const isSameRoot = equalBytes(a.head.root, b.head.root)
  return (a.head.size === b.head.size) !== isSameRoot
}

/** Evidence from the first two heads that contradict each other and that one of the keys signed both. */
function contradiction(
  heads: readonly ListedHead[],
  keys: readonly HeadKey[],
): Evidence | undefined {
  for (const [i, a] of heads.entries()) {
    for (const b of heads.slice(0, i)) {
      const own = keys.filter(
        (key) =>
          [a, b].every(({ head }) => isOf(key, head.origin)) &&
          areOneLog(key.vkey, a.head.origin, b.head.origin),
      )
      const vkeys = own.map(({ vkey }) => vkey)
      const evidence = contradicts(a, b) ? forkUnder(vkeys, a.text, b.text) : undefined
      if (evidence !== undefined) return evidence
    }
  }
  return undefined
}

/**
 * Adds heads, which the caller has verified, to a file. Throws a falsehood if two heads in it contradict
 * each other, once the evidence is written beside the file.
 */
export async function rememberHeads(
  path: string,
  added: readonly ListedHead[],
  keys: readonly HeadKey[],
): Promise<readonly ListedHead[]> {
  const known = await readHeads(path)
  // Looked for before anything is forgotten.
  const all = joined(known, added)
  const evidence = contradiction(all, keys)
  const heads = bounded(all)
  const list = formatHeadList(heads)
  if (list !== formatHeadList(known)) await writeWhole(path, list, "heads")
  if (evidence === undefined) return heads
  const file = `${path}.${evidence.id.slice(0, 16)}.evidence`
  await writeWhole(file, evidence.text, "evidence")
  throw new Falsehood(
    new Refusal(
      "bad-proof",
      `the log has signed two heads that contradict each other: see ${file}`,
    ),
  )
}

/** As {@link rememberHeads}, for verified checkpoints of logs that are trusted. */
export async function rememberCheckpoints(
  path: string,
  checkpoints: readonly string[],
  trust: Trust,
): Promise<void> {
  const heads = checkpoints.flatMap((checkpoint) => parseHeadList(checkpoint, 1))
  const known = await readHeads(path)
  await rememberHeads(path, heads, logKeysOf(trust, [...known, ...heads]))
}
