// A disk that lies under the log's store and its guard: what a commit leaves there, what a failed one may leave all the
// same, bits that flip on the way and at rest. Both keep to the rules of the program's own stores.
import type { Hash } from "../../src/core/tree/hash.ts"
import type { HeadGuard } from "../../src/log/ports/guard.ts"
import type { Attached, NewMessage } from "../../src/log/ports/message.ts"
import type { Commit, LogIdentity, LogStore, TimedHead } from "../../src/log/ports/store.ts"
import type { Faults } from "./faults.ts"
import { copyTree, emptyTree, grow, leafOf, type OwnTree, rootOf } from "./own-tree.ts"
import type { SimulatedProgram } from "./program.ts"
import type { Life, World } from "./world.ts"

/** A database: what was meant to be in it, as the observer sees it, and what lies there. */
export interface Database {
  readonly meant: OwnTree
  readonly intended: Uint8Array[]
  head: TimedHead
  readonly bodies: Uint8Array[]
  readonly tiles: Map<string, Uint8Array>
  readonly bundles: Uint8Array[]
  readonly commits: { readonly size: number; readonly time: number }[]
  /** Of a program that chains its commits. */
  readonly blocks: Block[]
  readonly created: number
  readonly messages: NewMessage[]
  /** The first entry that was written otherwise than it was meant. */
  wrongFrom: number
  /** What a failed write may yet turn out to have done. */
  undead: (() => void)[]
}

interface Block {
  readonly size: number
  readonly digest: Hash
}

export interface GuardCell {
  head: TimedHead
  undead: TimedHead | undefined
  /** The process that holds its lock. */
  holder: Life | undefined
}

export function emptyDatabase(root: Hash, time: number): Database {
  return {
    meant: emptyTree(),
    head: { size: 0, root, time },
    ...{
      intended: [],
      bodies: [],
      tiles: new Map(),
      bundles: [],
      commits: [],
      messages: [],
      blocks: [],
      created: time,
    },
    ...{ wrongFrom: Number.POSITIVE_INFINITY, undead: [] },
  }
}

export function copyDatabase(database: Database): Database {
  const { meant, intended, bodies, tiles, bundles, commits, messages } = database
  return {
    ...database,
    meant: copyTree(meant),
    intended: intended.slice(),
    bodies: bodies.slice(),
    tiles: new Map(tiles),
    bundles: bundles.slice(),
    commits: commits.slice(),
    messages: messages.slice(),
    blocks: database.blocks.slice(),
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

export interface DiskPorts {
  readonly world: World
  readonly program: SimulatedProgram
  readonly life: Life
  readonly faults: Faults
  readonly identity: LogIdentity
  /** Told of each commit that a process asks for, before anything of it is written. */
  readonly onCommit: (commit: Commit, database: Database) => void
}

const tileName = ({ level, index }: { level: number; index: number }) => `${level}/${index}`

function write(database: Database, commit: Commit): void {
  const { to, bodies, tiles, bundles } = commit
  const { block } = commit as { readonly block?: Block }
  if (block !== undefined) database.blocks.push(block)
  for (const body of bodies) {
    grow(database.meant, leafOf(body))
    const copy = body.slice()
    database.intended.push(copy)
    database.bodies.push(copy)
  }
  for (const { id, hashes } of tiles) database.tiles.set(tileName(id), hashes.slice())
  for (const { bytes } of bundles) database.bundles.push(bytes.slice())
  database.commits.push({ size: to.size, time: to.time })
  database.head = { ...to, root: to.root.slice() as Hash }
}

/** One bit of a new entry, tile or bundle, or of the root, is written wrong. */
function spoil(database: Database, { bodies, tiles, bundles, from }: Commit, world: World): void {
  const at = world.dice(bodies.length)
  const bundle = bundles[0]
  const tile = tiles[0]
  const choice = world.dice(4)
  if (choice === 1 && tile) {
    database.tiles.set(tileName(tile.id), flipped(tile.hashes, world))
  } else if (choice === 2 && bundle) {
    database.bundles[database.bundles.length - 1] = flipped(bundle.bytes, world)
  } else {
    database.bodies[from.size + at] = flipped(bodies[at] as Uint8Array, world)
    database.wrongFrom = Math.min(database.wrongFrom, from.size + at)
  }
}

function attachOne({ messages }: Database, message: NewMessage): Attached {
  const known = messages.findIndex(
    ({ digest, checksum }) =>
      digest === message.digest && Buffer.compare(checksum, message.checksum) === 0,
  )
  if (known >= 0) return { sequence: known + 1, isNew: false }
  messages.push(message)
  return { sequence: messages.length, isNew: true }
}

export function createStore(ports: DiskPorts, database: Database): LogStore {
  const { world, program, life, faults, identity } = ports

  /** The writes of a failed one may be there after the next start; the process cannot know. */
  function fail(why: string, redo: () => void): never {
    database.undead.push(redo)
    life.doubt ??= why
    throw new program.Trouble("disk", `${why}: input/output error`)
  }

  function assertMayWrite(what: string): void {
    if (life.doubt !== undefined) world.broken(`${what} after ${life.doubt}`)
  }

  const read = <B extends Uint8Array>(bytes: B): B =>
    faults.strikes("read-flip") ? flipped(bytes, world) : (bytes.slice() as B)

  return {
    identity,
    async head() {
      await world.pause(life)
      return { ...database.head, root: read(database.head.root) }
    },
    async tiles(ids) {
      await world.pause(life)
      return ids.map((id) => {
        const found = database.tiles.get(tileName(id))
        return found && read(found)
      })
    },
    async bundle(index) {
      await world.pause(life)
      const found = database.bundles[index]
      return found && read(found)
    },
    async bodies(from, to) {
      await world.pause(life)
      program.assertBodiesRange(from, to)
      return database.bodies.slice(from, to).map(read)
    },
    attachment: async () => undefined,
    attached: async () => [],
    sideTerms: async () => [],
    messages: {
      newest: async () => database.messages.length,
      list: async () => [],
      async at(sequence) {
        const found = database.messages[sequence - 1]
        return found && { ...found, sequence }
      },
      async numbersOf(digest) {
        return database.messages.flatMap((one, i) => (one.digest === digest ? [i + 1] : []))
      },
      redacted: async () => undefined,
      redactions: async () => ({ entries: [], digests: [] }),
    },
    async attach(added) {
      await world.pause(life)
      assertMayWrite("messages were written")
      const redo = () => added.map((one) => attachOne(database, one))
      if (faults.strikes("attach-fails")) fail("a failed write of messages", redo)
      const attached = redo()
      await world.pause(life)
      return attached
    },
    // Some are asked by programs that chain their commits, and one by those that do not.
    ...{
      made: { ...identity, created: database.created },
      timeOf: async (index: number) => database.commits.find(({ size }) => size > index)?.time,
      commits: async (after: number, to: number) =>
        database.commits.filter(({ size }) => size > after && size <= to).slice(0, 257),
      commitBlocks: async () => database.blocks.slice(),
    },
    async commit(commit) {
      assertMayWrite("a batch was written")
      ports.onCommit(commit, database)
      await world.pause(life)
      program.assertCommit(commit)
      program.assertSuccessor(database.head, commit.from, commit.to)
      const redo = () => {
        if (database.meant.leaves.length === commit.from.size) write(database, commit)
      }
      if (faults.strikes("commit-fails")) fail("a failed commit", () => {})
      if (faults.strikes("commit-undead")) fail("a failed commit", redo)
      write(database, commit)
      if (faults.strikes("write-flip")) spoil(database, commit, world)
      await world.pause(life)
    },
    async close() {},
  }
}

export function createGuard(ports: DiskPorts, cell: GuardCell): HeadGuard {
  const { world, program, life, faults, identity } = ports
  return {
    identity,
    async read() {
      await world.pause(life)
      return cell.head
    },
    async advance(from, to) {
      if (life.doubt !== undefined) world.broken(`the guard was moved after ${life.doubt}`)
      await world.pause(life)
      program.assertSuccessor(cell.head, from, to)
      const isUndead = faults.strikes("guard-undead")
      if (isUndead || faults.strikes("guard-fails")) {
        life.doubt ??= "a failed write of the guard"
        if (isUndead) cell.undead = to
        throw new program.Trouble("disk", "the guard: input/output error")
      }
      cell.head = { ...to, root: to.root.slice() as Hash }
      await world.pause(life)
    },
    async close() {},
  }
}

/** A bit flips in what lies there for long. */
export function rot(database: Database, world: World): void {
  const { bodies, tiles, bundles } = database
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
  }
}

const TILE = 256

/** Puts everything in its place as it was meant, as somebody does who has a copy. */
export function heal(program: SimulatedProgram, database: Database): void {
  const { meant, intended, bodies, tiles, bundles, head } = database
  intended.forEach((body, at) => {
    bodies[at] = body
  })
  for (let index = 0; (index + 1) * TILE <= meant.leaves.length; index++) {
    const [from, to] = [index * TILE, (index + 1) * TILE]
    const hashes = Buffer.from(meant.leaves.slice(from, to).join(""), "latin1")
    tiles.set(`0/${index}`, new Uint8Array(hashes))
    bundles[index] = program.encodeBundle(intended.slice(from, to))
  }
  const root = Buffer.from(rootOf(meant, head.size) ?? "", "latin1")
  database.head = { ...head, root: new Uint8Array(root) as Hash }
  database.wrongFrom = Number.POSITIVE_INFINITY
}

/** The power is back: of every failed write it turns out now whether it reached the disk. */
export function settleDisk(world: World, database: Database, cell: GuardCell): void {
  for (const redo of database.undead.splice(0)) if (world.chance(2)) redo()
  if (cell.undead !== undefined && cell.undead.size > cell.head.size && world.chance(2)) {
    cell.head = cell.undead
  }
  cell.undead = undefined
}
