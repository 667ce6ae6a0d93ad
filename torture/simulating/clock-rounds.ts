// What clocks do to a log in the simulation: they are set to what may be true, and the log goes on; or they run away, and
// nothing is written until they are right again.
import type { Clients } from "./clients.ts"
import type { Database } from "./database.ts"
import { type Ground, type Running, send } from "./process.ts"

const DAY_MS = 24 * 3_600_000
const SETTINGS = [-1_000, -59_000, -120_000, -3_600_000, 30_000, 3_600_000, 20 * DAY_MS]
const STEPS = [120_000, 3_600_000, 3_650 * DAY_MS]
const LONG_STEP = 3_650 * DAY_MS
/** What the pool says where two leaf hashes begin alike, and what messages hear of a body with a flipped bit. */
const REASONS = /try again in a second|Refusal: [a-zA-Z0-9.]+: expected .*, found/

export interface ClockPorts {
  readonly ground: Ground
  readonly clients: Clients
  /** Starts the log with nothing in its way but its clock. */
  readonly start: () => Running
  readonly database: () => Database
}

/** Whether everything that was sent was taken, but for reasons that any log may have. */
export function assertTaken({ world }: Ground, { refused }: Running, isClockWrong = false): void {
  const isMeant = (reason: unknown) =>
    REASONS.test(String(reason)) || (isClockWrong && /the clock/.test(String(reason)))
  const why = refused.find((reason) => !isMeant(reason))
  if (why !== undefined) world.broken(`refused without a reason: ${why}`)
}

/** Leaves the clock as it was, and a process that runs. */
export async function clockRound({ ground, clients, start, database }: ClockPorts) {
  const { world } = ground
  const { dice, chance } = world
  const before = world.offset

  async function open(): Promise<Running> {
    const running = start()
    await clients.opened(running)
    if (running.state === "refused") world.broken(`does not start for its clock: ${running.reason}`)
    return running
  }

  async function use(running: Running, isClockWrong: boolean): Promise<void> {
    await clients.run([running], 10 + dice(30))
    await clients.settled(running)
    assertTaken(ground, running, isClockWrong)
  }

  async function setClock(): Promise<Running> {
    world.setWall(before + (SETTINGS[dice(SETTINGS.length)] as number))
    const running = await open()
    await use(running, false)
    return running
  }

  async function runAway(): Promise<Running> {
    const isAtStart = chance(3)
    // A clock that is behind at the start is not believed yet, so that a short step may be what puts it right.
    const isBehind = isAtStart || database().head.time > world.wall()
    const by = isBehind ? LONG_STEP : (STEPS[dice(STEPS.length)] as number)
    if (isAtStart) world.runAway(by)
    const running = await open()
    // A clock is believed once it was read.
    if (!isAtStart) send(ground, running, clients.freshBody())
    await clients.settled(running)
    world.runAway(by)
    await use(running, true)
    if (!running.life.alive || running.life.ending) world.broken("ended because of its clock")
    world.setWall(before)
    running.refused.length = 0
    send(ground, running, clients.freshBody())
    await clients.settled(running)
    assertTaken(ground, running)
    return running
  }

  const running = await (chance(2) ? setClock() : runAway())
  world.setWall(before)
  return running
}
