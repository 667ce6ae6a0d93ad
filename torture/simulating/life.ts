// One life of a log, all of it drawn from one seed: it is started, used and broken many times, and in the end, when
// everything is in order again, it must be what the observer knows of it.
import { createClients } from "./clients.ts"
import { assertTaken, clockRound } from "./clock-rounds.ts"
import { copyDatabase, type Database, hasWrongTimes, heal, rot } from "./database.ts"
import { type GuardCell, settleDisk } from "./disk.ts"
import { holdAll } from "./ending.ts"
import { drawFaults, type Faults } from "./faults.ts"
import { createObserver } from "./observer.ts"
import { coverOf } from "./own-commits.ts"
import { rootOf, textOf } from "./own-tree.ts"
import { type Ground, isBug, type Running, send, startProcess } from "./process.ts"
import type { SimulatedProgram } from "./program.ts"
import { newLife } from "./world.ts"

/** Where a process runs. */
interface Place {
  readonly ground: Ground
  readonly cell: GuardCell
}

export interface Lived {
  /** What was broken; empty for a life in which all held. */
  readonly found: readonly string[]
  readonly starts: number
  readonly heads: number
  readonly acknowledged: number
  readonly faults: number
}

const SPOILING = ["memory-flip", "leaf-flip", "write-flip"] as const
/** What a start says of a database in which a bit flipped. */
const ROTTEN = ["damaged", "conflict", "bad-proof"]

const code = (reason: unknown): string => {
  const { code: found } = reason as { code?: unknown }
  return typeof found === "string" ? found : ""
}

/** Lives on this ground to the end. */
export async function liveOn(
  ground: Ground,
  program: SimulatedProgram,
  first: Database,
  cell: GuardCell,
): Promise<Lived> {
  const { world, observer, witnesses } = ground
  const { dice, chance } = world
  const clients = createClients(ground)
  const { run, opened, settled, messages } = clients
  let database = first
  let older: Database | undefined
  let isHarmed = false
  let starts = 0
  let faultCount = 0
  world.onKill.push((life) => {
    if (cell.holder === life) cell.holder = undefined
  })

  function start(
    on: Database,
    faults: Faults,
    crashIn: number,
    at: Place = { ground, cell },
  ): Running {
    starts += 1
    faultCount += faults.names.length + (crashIn >= 0 ? 1 : 0)
    const life = { ...newLife(starts), crashIn }
    return startProcess(at.ground, { life, faults, database: on, cell: at.cell })
  }

  function end(running: Running): void {
    const { life } = running
    world.kill(life)
    settleDisk(world, database, cell)
  }

  /** A start that nothing stands in the way of must come to be, and everything sent to it be taken. */
  async function soundRound(): Promise<Running> {
    const running = start(database, drawFaults(world, false), -1)
    await opened(running)
    if (running.state === "refused") world.broken(`does not start again: ${running.reason}`)
    await run([running], 8 + dice(16))
    await settled(running)
    if (!running.life.alive) world.broken("ended without a reason")
    assertTaken(ground, running)
    return running
  }

  async function faultyRound(): Promise<void> {
    const faults = drawFaults(world, !chance(4))
    const running = start(database, faults, chance(2) ? dice(60) : -1)
    await opened(running)
    await run([running], 10 + dice(40))
    if (running.life.doubt !== undefined && running.life.alive && !running.life.ending) {
      for (let i = 0; i < 60 && running.life.alive; i++) await world.step()
      if (running.life.alive && !running.life.ending) {
        world.broken(`goes on after ${running.life.doubt}`)
      }
    }
    // What was sequenced with a flipped bit is refused until somebody has put it right.
    if (faults.has(...SPOILING)) isHarmed = true
    if (running.state === "refused" && isBug(running.reason) && !faults.has(...SPOILING)) {
      world.broken(`refused, but not by name: ${running.reason}`)
    }
    end(running)
  }

  /** Must not open: the database is older than what was signed, or of another tree. */
  async function refusedRound(on: Database, codes: readonly string[]): Promise<void> {
    const running = start(on, drawFaults(world, false), -1)
    await opened(running)
    if (running.state === "open") world.broken("opened on a database that others are ahead of")
    if (running.state === "refused" && !codes.includes(code(running.reason))) {
      world.broken(`refused, but not by name: ${running.reason}`)
    }
    end(running)
  }

  async function restoredRound(): Promise<void> {
    if (older === undefined || older.head.size >= cell.head.size) return
    await refusedRound(copyDatabase(older), ["conflict"])
  }

  /** Database and guard are put back together: only others know. */
  async function bothRestoredRound(): Promise<void> {
    const isHeld = witnesses.some(
      (witness) => (witness.head()?.size ?? 0) > (older?.head.size ?? 0),
    )
    if (older === undefined || !isHeld) return
    const newest = cell.head
    cell.head = older.head
    await refusedRound(copyDatabase(older), ["conflict"])
    cell.head = newest
  }

  /** A second process, whose locks are honoured by nobody. */
  async function doubleRound(isClone: boolean): Promise<void> {
    const other = isClone ? copyDatabase(database) : database
    const none = () => drawFaults(world, false)
    const crash = () => (chance(4) ? dice(80) : -1)
    // What was published has a lock of its own.
    const second = { ground: { ...ground, policy: undefined }, cell }
    const pair = [start(database, none(), crash()), start(other, none(), crash(), second)]
    clients.isCloned = isClone
    await run(pair, 40 + dice(60))
    clients.isCloned = false
    for (const { life } of pair) world.kill(life)
    if (!isClone) return
    const [right, wrong] = isGuarded(database) ? [database, other] : [other, database]
    database = right
    if (isGuarded(wrong)) return
    const { size, root } = cell.head
    const isOtherTree = rootOf(wrong.meant.tree, size) !== textOf(root)
    const isLonger = wrong.meant.tree.leaves.length > size
    // Entries of one tree that were committed at other times.
    if (!isOtherTree) await refusedRound(wrong, ["damaged"])
    else await refusedRound(wrong, isLonger ? ["bad-proof", "conflict"] : ["conflict"])
  }

  /** Whether tree and times of a database go on from what the guard has. */
  function isGuarded({ made, meant }: Database): boolean {
    const { size, root, commits } = cell.head
    const rows = meant.commits.filter((row) => row.size <= size)
    const cover = commits === undefined ? undefined : textOf(commits)
    return (
      rootOf(meant.tree, size) === textOf(root) && textOf(coverOf(made, rows).commits) === cover
    )
  }

  /** So many new entries; nothing may be in their way. */
  async function growBy(count: number, on: Database, at: Place): Promise<void> {
    const running = start(on, drawFaults(world, false), -1, at)
    await opened(running)
    if (running.state === "refused") world.broken(`does not start again: ${running.reason}`)
    for (let i = 0; i < count; i++) send(at.ground, running, clients.freshBody())
    await settled(running)
    world.kill(running.life)
  }

  /** Copies of one log grow apart, each beside a guard of its own; then one meets the guard of the other. */
  async function apartRound(): Promise<void> {
    const before = world.offset
    // Where the clock was put back, all times are the same, and nothing but the tree tells one from the other.
    if (chance(2)) world.setWall(before - 3_600_000)
    const other = copyDatabase(database)
    const apart: Place = {
      ground: {
        ...ground,
        observer: createObserver(world, other),
        witnesses: [],
        policy: undefined,
      },
      cell: { ...cell, holder: undefined },
    }
    const count = 1 + dice(3)
    await growBy(count, database, { ground, cell })
    await growBy(chance(2) ? count : 1 + dice(6), other, apart)
    world.setWall(before)
    if (world.found.length > 0) return
    const isLonger = other.meant.tree.leaves.length > cell.head.size
    await refusedRound(other, isLonger ? ["bad-proof", "conflict"] : ["conflict"])
  }

  async function rottenRound(): Promise<void> {
    const before = copyDatabase(database)
    const spoiled = rot(database, world)
    const isWrong = hasWrongTimes(database)
    const running = start(database, drawFaults(world, false), -1)
    await opened(running)
    if (running.state === "open" && isWrong) world.broken("signed over a flipped time")
    if (spoiled !== undefined && spoiled >= 0) clients.read(running, spoiled)
    if (running.state === "refused" && !ROTTEN.includes(code(running.reason))) {
      world.broken(`refused, but not by name: ${running.reason}`)
    }
    await run([running], 10 + dice(20))
    end(running)
    const size = ({ meant, messages: kept }: Database) => meant.bodies.length + kept.length
    if (size(database) === size(before) && chance(2)) database = before
    else heal(program, database)
  }

  const clocks = {
    ...{ ground, clients, database: () => database },
    start: () => start(database, drawFaults(world, false), -1),
  }

  async function round(): Promise<void> {
    if (isHarmed) {
      heal(program, database)
      isHarmed = false
    }
    const choice = dice(25)
    if (choice < 3) end(await soundRound())
    else if (choice < 15) await faultyRound()
    else if (choice === 15 || choice === 24) await rottenRound()
    else if (choice === 16) await restoredRound()
    else if (choice === 17) await bothRestoredRound()
    else if (choice === 18) await doubleRound(true)
    else if (choice === 19) await doubleRound(false)
    else if (choice === 20) end(await clockRound(clocks))
    else if (choice === 21) await apartRound()
    else older = copyDatabase(database)
  }

  const rounds = chance(20) ? 30 : 4 + dice(6)
  for (let i = 0; i < rounds && world.found.length === 0; i++) await round()
  if (world.found.length === 0) await lastRound()

  async function lastRound(): Promise<void> {
    heal(program, database)
    const running = await soundRound()
    if (world.found.length > 0 || running.log === undefined) return
    await holdAll(ground, running, database, messages)
    end(running)
  }

  const { found } = world
  return {
    ...{ found, starts, heads: observer.heads, faults: faultCount },
    acknowledged: observer.acknowledged.size,
  }
}
