// Ties the witness's database to its head guard: the database counts its changes and chains them, the guard
// holds the newest count and chain. Every change goes database first, guard second, answer last, so a
// database that is behind its guard, or of another chain, is an older or another copy.
import { hash } from "node:crypto"
import type { Database } from "better-sqlite3"
import { concat, equalBytes, utf8 } from "../../../core/base/bytes.ts"
import { Refusal, refuse, Trouble } from "../../../core/base/errors.ts"
import { settled } from "../../../core/base/settled.ts"
import { formatHex } from "../../../core/base/text.ts"
import { asHash, type Hash, type Head } from "../../../core/tree/hash.ts"
import type { HeadGuard } from "../../../log/ports/guard.ts"
import { plain } from "../../disk/plain-bytes.ts"
import { onSqlite, untilFailure } from "../../disk/trouble.ts"

interface HistoryRow {
  readonly changes: number
  readonly chain: Buffer
  readonly previous: Buffer
}

/** As the head of a tree, which the guard knows: the size is the number of changes, the root the chain. */
interface History extends Head {
  readonly previous: Hash
}

/** What a piece of work did to the tables. */
export interface Change<T> {
  readonly result: T
  /** All that was changed, as JSON; undefined if nothing was. */
  readonly changed: unknown
}

interface ChangeHistory {
  /** Does the work in one transaction and resolves when it is durable and the guard knows of it. */
  change<T>(work: () => Change<T>): Promise<T>
  /** Resolves when no change is under way. */
  settled(): Promise<void>
}

/**
 * Compares the database with its guard, and moves the guard on if a process ended between the two; refuses
 * `conflict` for any other difference. Changes may overlap: they are made in their order. After one that
 * failed with anything but a refusal, all others are rejected.
 */
export async function openHistory(
  path: string,
  connection: Database,
  guard: HeadGuard,
): Promise<ChangeHistory> {
  const select = connection.prepare<[], HistoryRow>("SELECT changes, chain, previous FROM history")
  const update = connection.prepare(
    "UPDATE history SET changes = changes + 1, chain = ?, previous = chain",
  )
  let newest = onSqlite(path, () => historyOf(path, select.get()))
  await settleGuard(path, newest, guard)
  let queue: Promise<void> = Promise.resolve()
  const attempt = untilFailure(path, "change")

  function step<T>(work: () => Change<T>): { readonly result: T; readonly next: History } {
    const { result, changed } = work()
    if (changed === undefined) return { result, next: newest }
    const root = chained(newest.root, changed)
    update.run(root)
    return { result, next: { size: newest.size + 1, root, previous: newest.root } }
  }

  // Takes the write lock first, so that nothing is decided on an outdated snapshot.
  const inTransaction = connection.transaction(step).immediate as typeof step

  async function apply<T>(work: () => Change<T>): Promise<T> {
    const { result, next } = onSqlite(path, () => inTransaction(work))
    // If we stop here, nobody was told anything; opening moves the guard on.
    if (next !== newest) await moveGuard(guard, newest, next)
    newest = next
    return result
  }

  return {
    change(work) {
      const done = queue.then(() => attempt(() => apply(work)))
      queue = settled(done)
      return done
    },
    settled: () => queue,
  }
}

function historyOf(path: string, row: HistoryRow | undefined): History {
  if (row === undefined) throw new Trouble("damaged", `${path}: the history is missing`)
  const { changes, chain, previous } = row
  return { size: changes, root: asHash(plain(chain)), previous: asHash(plain(previous)) }
}

function chained(chain: Hash, changed: unknown): Hash {
  const step = concat(chain, utf8(JSON.stringify(changed)))
  return asHash(new Uint8Array(hash("sha256", step, "buffer")))
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

async function settleGuard(path: string, stored: History, guard: HeadGuard): Promise<void> {
  const guarded = await guard.read()
  if (stored.size === guarded.size && equalBytes(stored.root, guarded.root)) return
  if (stored.size === guarded.size + 1 && equalBytes(stored.previous, guarded.root)) {
    await moveGuard(guard, guarded, stored)
    return
  }
  const found =
    `the database ${path} is at change ${stored.size} (${shortHex(stored.root)}), its head guard at ` +
    `change ${guarded.size} (${shortHex(guarded.root)})`
  const cause =
    stored.size < guarded.size
      ? "an older copy of the database was put in place, perhaps a backup was restored. This witness " +
        "may have cosigned what it no longer knows. Bring back the newer database"
      : "they do not belong together, perhaps one of them is from a backup. Bring back the pair that " +
        "was in use last"
  refuse("conflict", `${found}: ${cause}, or make a new witness with new keys`)
}

function shortHex(root: Hash): string {
  return formatHex(root.subarray(0, 8))
}
