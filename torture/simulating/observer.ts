// The observer: it stands outside, keeps every head that was signed and every entry that was acknowledged, and holds
// each against a tree of its own.
import type { Hash } from "../../src/core/tree/hash.ts"
import type { Receipt } from "../../src/log/ports/log.ts"
import type { Commit } from "../../src/log/ports/store.ts"
import type { Database } from "./database.ts"
import type { GuardCell } from "./disk.ts"
import {
  copyTree,
  emptyTree,
  grow,
  leafOf,
  type OwnTree,
  rootFromProof,
  rootOf,
  rootWith,
  textOf,
} from "./own-tree.ts"
import type { Life, World } from "./world.ts"

export interface SignedText {
  readonly size: number
  readonly root: Hash
}

export interface Observer {
  /** The tree that was signed so far. */
  readonly tree: OwnTree
  readonly acknowledged: ReadonlyMap<number, string>
  /** A head that a key of the log signed: from now on the world may have it. */
  signed(life: Life, head: SignedText, database: Database, guard: GuardCell): void
  receipt(body: Uint8Array, receipt: Receipt, isMemorySound: boolean): void
  committing(commit: Commit, database: Database, isMemorySound: boolean): void
  /** An entry that was read, with the time that it is said to be of. */
  gave(index: number, body: Uint8Array, time: number): void
  /** A checkpoint that everybody was shown. */
  published(size: number): void
  /** A head that an honest witness cosigned. */
  cosigned(head: SignedText): void
  readonly heads: number
}

export function createObserver(world: World, { meant: base }: Database): Observer {
  const tree = base.tree.leaves.length === 0 ? emptyTree() : copyTree(base.tree)
  const rows = base.commits.slice()
  const acknowledged = new Map<number, string>()
  let heads = 0
  let lastPublished = 0

  /** Whether the signed tree has this head. */
  function isOurs({ size, root }: SignedText): boolean {
    return rootOf(tree, size) === textOf(root)
  }

  function extend({ size }: SignedText, { tree: other, commits }: Database["meant"]): void {
    for (const leaf of other.leaves.slice(tree.leaves.length, size)) grow(tree, leaf)
    for (const row of commits.slice(rows.length)) if (row.size <= size) rows.push(row)
  }

  /** Whether commits that were signed over have the times that they had then. */
  function keepsTimes({ commits }: Database["meant"]): boolean {
    const at = Math.min(rows.length, commits.length) - 1
    return rows[at]?.time === commits[at]?.time && rows[at]?.size === commits[at]?.size
  }

  return {
    tree,
    acknowledged,
    get heads() {
      return heads
    },
    signed(life, head, database, guard) {
      heads += 1
      const { meant, wrongFrom } = database
      const what = `size ${head.size} was signed`
      if (life.doubt !== undefined) world.broken(`${what} after ${life.doubt}`)
      if (guard.head.size < head.size) world.broken(`${what}, the guard is at ${guard.head.size}`)
      if (head.size > wrongFrom) world.broken(`${what} over entry ${wrongFrom}, written wrong`)
      const own = rootOf(meant.tree, head.size)
      if (own === undefined) {
        world.broken(`${what}, the disk has ${meant.bodies.length} entries`)
      } else if (own !== textOf(head.root)) world.broken(`${what} with a root that is not its own`)
      const known = Math.min(head.size, tree.leaves.length)
      if (rootOf(meant.tree, known) !== rootOf(tree, known)) {
        world.broken(`${what}, which forks the tree of ${tree.leaves.length} that was signed`)
      } else if (!keepsTimes(meant)) world.broken(`${what}, with other times than before`)
      else extend(head, meant)
    },
    receipt(body, { index, leafHash, hashes, head }, isMemorySound) {
      const leaf = leafOf(body)
      const what = `entry ${index} was acknowledged`
      acknowledged.set(index, leaf)
      if (tree.leaves[index] !== leaf) world.broken(`${what}, but is not in the signed tree`)
      if (!isMemorySound) return
      if (textOf(leafHash) !== leaf) world.broken(`${what} under another leaf hash`)
      if (!isOurs(head)) world.broken(`${what} under a head that was not signed`)
      const root = rootFromProof(leaf, index, head.size, hashes.map(textOf))
      if (root !== textOf(head.root)) world.broken(`${what} with a proof that does not hold`)
    },
    committing({ from, to, bodies }, { meant, head }, isMemorySound) {
      if (to.time < head.time) world.broken(`time goes back from ${head.time} to ${to.time}`)
      if (to.time > Math.max(head.time, world.latest())) {
        world.broken(`time runs away from ${head.time} to ${to.time}, it is ${world.now()}`)
      }
      // Another process may be ahead; the store says so.
      if (!isMemorySound || meant.bodies.length !== from.size) return
      if (rootWith(meant.tree, bodies.map(leafOf)) === textOf(to.root)) return
      world.broken(`size ${to.size} was sequenced on what is not the tree`)
    },
    gave(index, body, time) {
      const what = `entry ${index} was given away`
      if (leafOf(body) !== tree.leaves[index]) world.broken(`${what} as another one`)
      const row = rows.find(({ size }) => size > index)
      if (row?.time !== time) world.broken(`${what} with the time ${time}, it is of ${row?.time}`)
    },
    published(size) {
      if (size < lastPublished) world.broken(`published ${size} after ${lastPublished}`)
      lastPublished = Math.max(size, lastPublished)
    },
    cosigned(head) {
      if (!isOurs(head)) world.broken(`size ${head.size}, which is not the log's, was cosigned`)
    },
  }
}
