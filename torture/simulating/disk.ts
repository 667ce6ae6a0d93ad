// A disk that lies under the log's store and its guard: what a commit leaves there, what a failed one may leave all the
// same, bits that flip on the way and at rest. Both keep to the rules of the program's own stores.
import type { Hash } from "../../src/core/tree/hash.ts"
import type { HeadGuard } from "../../src/log/ports/guard.ts"
import type { Attached, NewMessage } from "../../src/log/ports/message.ts"
import type { Commit, LogIdentity, LogStore, TimedHead } from "../../src/log/ports/store.ts"
import { type Database, flipped, flipRow, spoil, tileName, write } from "./database.ts"
import type { Faults } from "./faults.ts"
import type { SimulatedProgram } from "./program.ts"
import type { Life, World } from "./world.ts"

export interface GuardCell {
  head: TimedHead
  undead: TimedHead | undefined
  /** The process that holds its lock. */
  holder: Life | undefined
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
    made: database.made,
    async commits(after, to) {
      await world.pause(life)
      const found = database.commits.filter(({ size }) => size > after && size <= to)
      const rows = found.sort((a, b) => a.size - b.size).slice(0, 257)
      if (rows.length > 0 && faults.strikes("read-flip"))
        flipRow(rows, world.dice(rows.length), world)
      return rows
    },
    async commitBlocks() {
      await world.pause(life)
      return database.blocks.slice()
    },
    async commit(commit) {
      assertMayWrite("a batch was written")
      await world.pause(life)
      program.assertCommit(commit)
      program.assertSuccessor(database.head, commit.from, commit.to)
      ports.onCommit(commit, database)
      const redo = () => {
        if (database.meant.tree.leaves.length === commit.from.size) write(database, commit)
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

/** The power is back: of every failed write it turns out now whether it reached the disk. */
export function settleDisk(world: World, database: Database, cell: GuardCell): void {
  for (const redo of database.undead.splice(0)) if (world.chance(2)) redo()
  if (cell.undead !== undefined && cell.undead.size > cell.head.size && world.chance(2)) {
    cell.head = cell.undead
  }
  cell.undead = undefined
}
