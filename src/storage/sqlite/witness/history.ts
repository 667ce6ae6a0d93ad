// Ties the witness's database to its head guard: the database counts its changes and keeps a chain over the digests of
// all its rows, the guard holds the newest count and chain. Every change goes database first, guard
// second, answer last, so a database that is behind its guard, or of another chain, is an older or another copy.
import type { Database } from "better-sqlite3"
import { equalBytes } from "../../../core/base/bytes.ts"
import { Refusal, refuse, Trouble } from "../../../core/base/errors.ts"
import { settled } from "../../../core/base/settled.ts"
import { formatHex } from "../../../core/base/text.ts"
import { asHash, type Hash, type Head } from "../../../core/tree/hash.ts"
import type { HeadGuard } from "../../../log/ports/guard.ts"
import { plain } from "../../disk/plain-bytes.ts"
import { onSqlite, untilFailure } from "../../disk/trouble.ts"
import type { ReadBack } from "../database/read-back.ts"
import type { WitnessContents } from "./contents.ts"
import { chainOf, type Digests, digestBytes, parseDigests, TABLES } from "./digests.ts"

/** As the head of a tree, which the guard knows: the size is the number of changes, the root the chain. */
export interface History extends Head {
  readonly previous: Hash
}

/** The history without its digests, as every version has it. */
export function readHistory(path: string, connection: Database): History {
  // By place: a definition that has rotted may name its columns otherwise.
  const row = connection
    .prepare<[], [number, Buffer, Buffer]>(
      "SELECT changes, chain, previous FROM history NOT INDEXED",
    )
    .raw()
    .get()
  if (row === undefined) throw new Trouble("damaged", `${path}: the history is missing`)
  const [changes, chain, previous] = row
  return { size: changes, root: asHash(plain(chain)), previous: asHash(plain(previous)) }
}

export const NO_GOOD_COPY =
  "Nothing was signed and nothing was changed. Bring back a copy of the database as it was after its " +
  "newest change, or make a new witness with new keys"

/** Gives the history if the chain covers rows with these digests; else throws Trouble `damaged` that names tables. */
export function verifiedHistory(path: string, connection: Database, digests: Digests): History {
  const history = readHistory(path, connection)
  const { size, root, previous } = history
  const stored = connection.prepare<[], Buffer | null>("SELECT digests FROM history").pluck().get()
  const isCovered = equalBytes(root, chainOf(size, previous, digests))
  const isKept = stored instanceof Buffer && equalBytes(digestBytes(digests), plain(stored))
  if (isCovered && isKept) return history
  const kept = stored instanceof Buffer ? parseDigests(plain(stored)) : undefined
  const others = TABLES.filter((table) => kept !== undefined && kept[table] !== digests[table])
  // Where the chain covers what was read, the digests beside it are wrong.
  const places =
    isCovered || others.length === 0
      ? "its history is not the one of its rows"
      : `what it holds in ${others.join(" and ")} is not what was written there`
  throw new Trouble(
    "damaged",
    `${path}: ${places}: it has rotted or another program has changed it. ${NO_GOOD_COPY}`,
  )
}

interface ChangeHistory {
  /** Does the work in one transaction and resolves when it is durable and the guard knows of it. */
  change<T>(work: () => T): Promise<T>
  /** Rejects every later change. */
  fail(reason: unknown): Promise<void>
  /** Resolves when no change is under way. */
  settled(): Promise<void>
}

interface HistoryOptions {
  readonly path: string
  readonly connection: Database
  readonly readBack: ReadBack
  readonly contents: WitnessContents
  readonly guard: HeadGuard
}

/**
 * Goes on from a history that was verified and whose guard was settled. Changes may overlap: they are made in
 * their order. After one that failed with anything but a refusal, all others are rejected.
 */
export function continueHistory(
  from: History,
  { path, connection, readBack, contents, guard }: HistoryOptions,
): ChangeHistory {
  let newest = from
  const update = connection.prepare(
    `UPDATE history SET changes = @size, chain = @root, previous = @previous, digests = @digests
     WHERE changes = @size - 1 AND chain = @previous`,
  )
  let queue: Promise<void> = Promise.resolve()
  const attempt = untilFailure(path, "change")

  function step<T>(work: () => T): { readonly result: T; readonly next: History } {
    const before = contents.digests()
    const result = work()
    const digests = contents.digests()
    if (TABLES.every((table) => before[table] === digests[table])) return { result, next: newest }
    const next = nextOf(newest, digests)
    if (update.run({ ...next, digests: digestBytes(digests) }).changes !== 1) {
      throw new Trouble(
        "damaged",
        `${path}: the history is not what this process read or wrote there before: the disk or another ` +
          `program has changed it`,
      )
    }
    return { result, next }
  }

  // Takes the write lock first, so that nothing is decided on an outdated snapshot.
  const inTransaction = connection.transaction(step).immediate as typeof step

  function inOneStep<T>(work: () => T): ReturnType<typeof step<T>> {
    let isDone = false
    try {
      const done = onSqlite(path, () => inTransaction(work))
      isDone = true
      return done
    } finally {
      contents.settle(isDone)
    }
  }

  async function apply<T>(work: () => T): Promise<T> {
    const { result, next } = inOneStep(work)
    if (next !== newest) onSqlite(path, readBack.committed)
    // If we stop here, nobody was told anything; opening moves the guard on.
    if (next !== newest) await moveGuard(guard, newest, next)
    newest = next
    return result
  }

  function change<T>(work: () => T): Promise<T> {
    const done = queue.then(() => attempt(() => apply(work)))
    queue = settled(done)
    return done
  }

  return {
    change,
    fail: (reason) =>
      settled(
        change(() => {
          throw reason
        }),
      ),
    settled: () => queue,
  }
}

/** The history after a change that leaves rows with these digests. */
export function nextOf({ size, root }: Head, digests: Digests): History {
  return { size: size + 1, root: chainOf(size + 1, root, digests), previous: root }
}

/** Refusals of the guard are no refusals of a change: another process has moved it. */
async function moveGuard(guard: HeadGuard, from: Head, { size, root }: History): Promise<void> {
  const { time } = await guard.read()
  try {
    await guard.advance(from, { size, root, time })
  } catch (reason) {
    if (!(reason instanceof Refusal)) throw reason
    throw new Trouble("damaged", `the head guard was moved: ${reason.message}`, { cause: reason })
  }
}

/**
 * Compares a history with its guard, and moves the guard on if a process ended between the two; refuses
 * `conflict` for any other difference.
 */
export async function settleGuard(path: string, stored: History, guard: HeadGuard): Promise<void> {
  const guarded = await guard.read()
  if (stored.size === guarded.size && equalBytes(stored.root, guarded.root)) return
  if (stored.size === guarded.size + 1 && equalBytes(stored.previous, guarded.root)) {
    await moveGuard(guard, guarded, stored)
    return
  }
  refuseGuard(path, stored, guarded)
}

function refuseGuard(path: string, stored: Head, guarded: Head): never {
  const found =
    `the database ${path} is at change ${stored.size} (${shortHex(stored.root)}), its head guard at ` +
    `change ${guarded.size} (${shortHex(guarded.root)})`
  const cause =
    stored.size < guarded.size
      ? "an older copy of the database was put in place, perhaps a backup was restored. This witness " +
        "may have cosigned what it no longer knows. Bring back the newer database"
      : "they do not belong together, perhaps one of them is from a backup. Bring back the pair that " +
        "was in use last"
  return refuse("conflict", `${found}: ${cause}, or make a new witness with new keys`)
}

/**
 * Refuses `conflict` unless a history that was read while another process may go on is as new as the guard was
 * `before`, and is what the guard knew then, or `now` if the history is ahead of it.
 */
export function assertNotBehind(path: string, stored: History, before: Head, now: Head): void {
  const isKnown = (guarded: Head) =>
    (stored.size === guarded.size && equalBytes(stored.root, guarded.root)) ||
    (stored.size === guarded.size + 1 && equalBytes(stored.previous, guarded.root))
  const isBetween = stored.size > before.size && stored.size < now.size
  if (!isKnown(before) && !isKnown(now) && !isBetween) refuseGuard(path, stored, before)
}

function shortHex(root: Hash): string {
  return formatHex(root.subarray(0, 8))
}
