// A database in the simulation: what a commit leaves in it, what a bit that flips does to it, and how somebody who has a
// copy puts it right again.
import type { Hash } from "../../src/core/tree/hash.ts"
import type { NewMessage } from "../../src/log/ports/message.ts"
import type {
  Commit,
  CommitBlock,
  CommitRow,
  MadeLog,
  TimedHead,
} from "../../src/log/ports/store.ts"
import { coverOf } from "./own-commits.ts"
import { copyTree, emptyTree, grow, leafOf, type OwnTree, rootOf, textOf } from "./own-tree.ts"
import type { SimulatedProgram } from "./program.ts"
import type { World } from "./world.ts"

/** What was meant to be in a database, as the observer sees it. */
interface Meant {
  readonly tree: OwnTree
  readonly bodies: Uint8Array[]
  readonly commits: CommitRow[]
  readonly created: number
}

/** What was meant to be in it, and what lies there. */
export interface Database {
  readonly meant: Meant
  made: MadeLog
  head: TimedHead
  readonly bodies: Uint8Array[]
  readonly tiles: Map<string, Uint8Array>
  readonly bundles: Uint8Array[]
  readonly commits: CommitRow[]
  readonly blocks: CommitBlock[]
  readonly messages: NewMessage[]
  /** The first entry that was written otherwise than it was meant. */
  wrongFrom: number
  /** What a failed write may yet turn out to have done. */
  undead: (() => void)[]
}

export function emptyDatabase(made: MadeLog, program: SimulatedProgram): Database {
  const { created } = made
  const commits = program.firstCommits(made, program.nativeHasher)
  return {
    meant: { tree: emptyTree(), bodies: [], commits: [], created },
    made,
    head: { size: 0, root: program.EMPTY_ROOT, time: created, commits },
    ...{ bodies: [], tiles: new Map(), bundles: [], commits: [], blocks: [], messages: [] },
    ...{ wrongFrom: Number.POSITIVE_INFINITY, undead: [] },
  }
}

export function copyDatabase(database: Database): Database {
  const { meant, bodies, tiles, bundles, commits, blocks, messages } = database
  const { tree, bodies: meantBodies, commits: meantCommits, created } = meant
  return {
    ...database,
    meant: {
      tree: copyTree(tree),
      bodies: meantBodies.slice(),
      commits: meantCommits.slice(),
      created,
    },
    bodies: bodies.slice(),
    tiles: new Map(tiles),
    bundles: bundles.slice(),
    commits: commits.slice(),
    blocks: blocks.slice(),
    messages: messages.slice(),
    undead: [],
  }
}

export function flipped<B extends Uint8Array>(bytes: B, { dice }: World): B {
  const copy = new Uint8Array(bytes) as B
  if (copy.length === 0) return copy
  const at = dice(copy.length)
  copy[at] = (copy[at] as number) ^ (1 << dice(8))
  return copy
}

/** One of the 44 bits in which times and sizes are told apart. */
function flippedNumber(value: number, { dice }: World): number {
  const bit = 2 ** dice(44)
  return Math.floor(value / bit) % 2 === 1 ? value - bit : value + bit
}

export const tileName = ({ level, index }: { level: number; index: number }) => `${level}/${index}`

export function write(database: Database, commit: Commit): void {
  const { meant } = database
  const { to, bodies, tiles, bundles, block } = commit
  if (block !== undefined) database.blocks.push(block)
  for (const body of bodies) {
    grow(meant.tree, leafOf(body))
    const copy = body.slice()
    meant.bodies.push(copy)
    database.bodies.push(copy)
  }
  for (const { id, hashes } of tiles) database.tiles.set(tileName(id), hashes.slice())
  for (const { bytes } of bundles) database.bundles.push(bytes.slice())
  const row = { size: to.size, time: to.time }
  meant.commits.push(row)
  database.commits.push(row)
  database.head = { ...to, root: to.root.slice() as Hash }
}

export function flipRow(rows: CommitRow[], at: number, world: World): void {
  const row = rows[at]
  if (row === undefined) return
  const { size, time } = row
  // More often the time: a size that is wrong leaves a hole, which is easier to see.
  rows[at] = world.chance(4)
    ? { size: flippedNumber(size, world), time }
    : { size, time: flippedNumber(time, world) }
}

/** One bit of a new entry, tile or bundle, or of what says when it was committed, is written wrong. */
export function spoil(
  database: Database,
  { bodies, tiles, bundles, from }: Commit,
  world: World,
): void {
  const at = world.dice(bodies.length)
  const bundle = bundles[0]
  const tile = tiles[0]
  const choice = world.dice(5)
  if (choice === 1 && tile) {
    database.tiles.set(tileName(tile.id), flipped(tile.hashes, world))
  } else if (choice === 2 && bundle) {
    database.bundles[database.bundles.length - 1] = flipped(bundle.bytes, world)
  } else if (choice === 3) {
    flipRow(database.commits, database.commits.length - 1, world)
  } else {
    database.bodies[from.size + at] = flipped(bodies[at] as Uint8Array, world)
    database.wrongFrom = Math.min(database.wrongFrom, from.size + at)
  }
}

/** A bit flips in what covers the times, or in a time; gives an entry of that time. */
function rotTimes(database: Database, world: World): number | undefined {
  const { commits, blocks, head, made } = database
  const choice = world.dice(6)
  const block = blocks[0]
  if (choice === 0) database.made = { ...made, created: flippedNumber(made.created, world) }
  else if (choice === 1) database.head = { ...head, time: flippedNumber(head.time, world) }
  else if (choice === 2 && head.commits !== undefined) {
    database.head = { ...head, commits: flipped(head.commits, world) }
  } else if (choice === 3 && block !== undefined) {
    blocks[0] = world.chance(2)
      ? { ...block, size: flippedNumber(block.size, world) }
      : { ...block, digest: flipped(block.digest, world) }
  } else {
    const at = world.dice(commits.length || 1)
    flipRow(commits, at, world)
    return (database.meant.commits[at]?.size ?? 1) - 1
  }
  return undefined
}

/** A bit flips in what lies there for long; gives the entry that it is of, if it is one. */
export function rot(database: Database, world: World): number | undefined {
  const { bodies, tiles, bundles } = database
  if (world.chance(3)) return rotTimes(database, world)
  const choice = world.dice(4)
  const name = [...tiles.keys()][world.dice(tiles.size || 1)]
  if (choice === 0 || (choice === 1 && name === undefined) || bodies.length === 0) {
    database.head = { ...database.head, root: flipped(database.head.root, world) }
  } else if (choice === 1 && name !== undefined) {
    tiles.set(name, flipped(tiles.get(name) as Uint8Array, world))
  } else if (choice === 2 && bundles.length > 0) {
    const at = world.dice(bundles.length)
    bundles[at] = flipped(bundles[at] as Uint8Array, world)
  } else {
    const at = world.chance(2) ? bodies.length - 1 : world.dice(bodies.length)
    bodies[at] = flipped(bodies[at] as Uint8Array, world)
    return at
  }
  return undefined
}

/** Whether a start must see that a time, or what covers it, is not what it was meant to be. */
export function hasWrongTimes({ meant, made, head, commits, blocks }: Database): boolean {
  if (made.created !== meant.created) return true
  const newest = meant.commits.at(-1)?.time ?? meant.created
  const cover = coverOf({ ...made, created: meant.created }, meant.commits)
  if (head.time !== newest || textOf(head.commits ?? new Uint8Array(0)) !== textOf(cover.commits)) {
    return true
  }
  const isSame = ({ size, digest }: CommitBlock, i: number) =>
    blocks[i]?.size === size && textOf(blocks[i].digest) === textOf(digest)
  if (blocks.length !== cover.blocks.length || !cover.blocks.every(isSame)) return true
  // Rows of full blocks are looked at when one of their times is wanted.
  const inTail = meant.commits.slice(cover.blocks.length * 256)
  return inTail.some((row, i) => {
    const found = commits[cover.blocks.length * 256 + i]
    return found?.size !== row.size || found.time !== row.time
  })
}

const TILE = 256

/** Puts everything in its place as it was meant, as somebody does who has a copy. */
export function heal(program: SimulatedProgram, database: Database): void {
  const { meant, bodies, tiles, bundles, head } = database
  const { tree, bodies: meantBodies } = meant
  meantBodies.forEach((body, at) => {
    bodies[at] = body
  })
  for (let index = 0; (index + 1) * TILE <= tree.leaves.length; index++) {
    const [from, to] = [index * TILE, (index + 1) * TILE]
    const hashes = Buffer.from(tree.leaves.slice(from, to).join(""), "latin1")
    tiles.set(`0/${index}`, new Uint8Array(hashes))
    bundles[index] = program.encodeBundle(meantBodies.slice(from, to))
  }
  database.made = { ...database.made, created: meant.created }
  const { commits, blocks } = coverOf(database.made, meant.commits)
  database.commits.splice(0, database.commits.length, ...meant.commits)
  database.blocks.splice(0, database.blocks.length, ...blocks)
  const root = Buffer.from(rootOf(tree, head.size) ?? "", "latin1")
  const time = meant.commits.at(-1)?.time ?? meant.created
  database.head = { size: head.size, root: new Uint8Array(root) as Hash, time, commits }
  database.wrongFrom = Number.POSITIVE_INFINITY
}
