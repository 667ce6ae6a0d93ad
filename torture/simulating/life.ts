// One life of a log, all of it drawn from one seed: it is started, used and broken many times, and in the end, when
// everything is in order again, it must be what the observer knows of it.
import { copyDatabase, type Database, type GuardCell, heal, rot, settleDisk } from "./disk.ts"
import { holdAll } from "./ending.ts"
import { drawFaults, type Faults } from "./faults.ts"
import { bodyOf, rootOf } from "./own-tree.ts"
import { attach, type Ground, isBug, type Running, send, startProcess } from "./process.ts"
import type { SimulatedProgram } from "./program.ts"
import { newLife } from "./world.ts"

export interface Lived {
  /** What was broken; empty for a life in which all held. */
  readonly found: readonly string[]
  readonly starts: number
  readonly heads: number
  readonly acknowledged: number
  readonly faults: number
}

const PATIENCE = 3_000
/** What the pool says where two leaf hashes begin alike, and what messages hear of a body with a flipped bit. */
const REASONS = /try again in a second|body: expected JSON/

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
  let database = first
  let older: Database | undefined
  let isHarmed = false
  /** Messages are not guarded: what a clone takes is lost with it. */
  let isCloned = false
  let starts = 0
  let faultCount = 0
  let serial = 0
  const sent: Uint8Array[] = []
  const messages = new Map<number, string>()
  world.onKill.push((life) => {
    if (cell.holder === life) cell.holder = undefined
  })

  function start(on: Database, faults: Faults, crashIn: number, isSecond = false): Running {
    starts += 1
    faultCount += faults.names.length + (crashIn >= 0 ? 1 : 0)
    const life = { ...newLife(starts), crashIn }
    // What was published has a lock of its own.
    const at = isSecond ? { ...ground, policy: undefined } : ground
    return startProcess(at, { life, faults, database: on, cell })
  }

  function newBody(): Uint8Array {
    const old = sent[dice(sent.length || 1)]
    if (old !== undefined && chance(5)) return old
    serial += 1
    const body = bodyOf(serial, chance(8))
    sent.push(body)
    return body
  }

  function act(running: Running): void {
    const { log } = running
    if (log === undefined || !running.life.alive) return
    const choice = dice(20)
    if (choice === 0 && log.head().size > 0 && !isCloned) {
      attach(
        running,
        dice(log.head().size),
        new Uint8Array(Buffer.from(`message ${dice(40)}`)),
        messages,
      )
    } else if (choice === 1) void ask(running)
    else if (choice === 2) lie()
    else for (let i = dice(5); i >= 0; i--) send(ground, running, newBody())
    const published = running.publisher?.published()
    if (published !== undefined) observer.published(published.size)
  }

  /** The newest head goes to a witness, as an honest log sends it. */
  async function ask({ log, faults }: Running): Promise<void> {
    const witness = witnesses[dice(witnesses.length)]
    if (log === undefined || witness === undefined || faults.has("memory-flip")) return
    const { size, checkpoint } = log.head()
    const oldSize = witness.head()?.size ?? 0
    if (oldSize > size) return
    try {
      const proof = oldSize === 0 ? [] : await log.consistency(oldSize, size)
      witness.judge({ oldSize, proof, note: checkpoint })
    } catch (reason) {
      if (isBug(reason)) world.broken(String(reason))
    }
  }

  /** Somebody who has the log's key asks a witness for another tree. */
  function lie(): void {
    const witness = witnesses[dice(witnesses.length)]
    const head = witness?.head()
    if (witness === undefined || head === undefined || head.size === 0) return
    const size = Math.max(1, head.size + dice(4) - 1)
    const root = Buffer.alloc(32, dice(256))
    const text = `log.example\n${size}\n${root.toString("base64")}\n`
    const lines = ground.secrets.vkeys.map(({ name, keyId }) => ({
      ...{ name, keyId },
      signature: Buffer.alloc(64, 1),
    }))
    const note = program.formatNote(text, lines)
    const oldSize = [head.size, 0, size][dice(3)] as number
    const proof = chance(2) ? [] : [program.asHash(Buffer.alloc(32, dice(256)))]
    try {
      witness.judge({ oldSize, proof, note })
    } catch (reason) {
      if (isBug(reason)) world.broken(String(reason))
    }
  }

  /** Lets processes run and clients come, until all are dead or the time is over. */
  async function run(all: readonly Running[], steps: number): Promise<void> {
    for (let i = 0; i < steps && all.some(({ life }) => life.alive); i++) {
      const one = all[dice(all.length)] as Running
      if (chance(4)) act(one)
      if (!(await world.step())) act(one)
      if (world.found.length > 0) return
    }
  }

  /** Waits until it is open, refused or dead. */
  async function opened(running: Running): Promise<void> {
    for (let i = 0; i < PATIENCE && running.state === "opening" && running.life.alive; i++) {
      if (!(await world.step())) break
    }
    if (running.state === "opening" && running.life.alive) world.broken("a start hangs")
  }

  async function settled(running: Running): Promise<void> {
    for (let i = 0; i < PATIENCE && running.waiting > 0 && running.life.alive; i++) {
      if (!(await world.step())) break
    }
    if (running.waiting > 0 && running.life.alive) world.broken("an answer never comes")
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
    const why = running.refused.find((reason) => !REASONS.test(String(reason)))
    if (why !== undefined) world.broken(`refused without a reason: ${why}`)
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
    if (faults.has("memory-flip", "leaf-flip", "write-flip")) isHarmed = true
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
    const pair = [start(database, none(), crash()), start(other, none(), crash(), true)]
    isCloned = isClone
    await run(pair, 40 + dice(60))
    isCloned = false
    for (const { life } of pair) world.kill(life)
    if (!isClone) return
    const isOurs = ({ meant }: Database) =>
      rootOf(meant, cell.head.size) === Buffer.from(cell.head.root).toString("latin1")
    const [right, wrong] = isOurs(database) ? [database, other] : [other, database]
    database = right
    if (!isOurs(wrong)) {
      const isLonger = wrong.meant.leaves.length > cell.head.size
      await refusedRound(wrong, isLonger ? ["bad-proof"] : ["conflict"])
    }
  }

  async function rottenRound(): Promise<void> {
    const before = copyDatabase(database)
    rot(database, world)
    const running = start(database, drawFaults(world, false), -1)
    await opened(running)
    await run([running], 10 + dice(20))
    end(running)
    const size = ({ meant, messages: kept }: Database) => meant.leaves.length + kept.length
    if (size(database) === size(before) && chance(2)) database = before
    else heal(program, database)
  }

  /** The clock stands, is put back, or jumps; it is put right afterwards, as the log waits for that. */
  async function clockRound(): Promise<void> {
    const before = world.offset
    world.setWall(before - [1_000, 59_000, 120_000, 3_600_000, -30_000][dice(5)]!)
    const running = start(database, drawFaults(world, false), -1)
    await opened(running)
    await run([running], 10 + dice(30))
    end(running)
    world.setWall(Math.max(before, world.offset))
  }

  async function round(): Promise<void> {
    if (isHarmed) {
      heal(program, database)
      isHarmed = false
    }
    const choice = dice(24)
    if (choice < 3) end(await soundRound())
    else if (choice < 15) await faultyRound()
    else if (choice === 15) await rottenRound()
    else if (choice === 16) await restoredRound()
    else if (choice === 17) await bothRestoredRound()
    else if (choice === 18) await doubleRound(true)
    else if (choice === 19) await doubleRound(false)
    else if (choice === 20) await clockRound()
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
