// Wall clocks that are set, back and forth, by seconds and by years, under load and over restarts: those of a log and of
// its witness. Their times must never run back and never run away, who is refused must be told to come back, and once
// the clocks are right all must be well again.
import { setTimeout } from "node:timers/promises"
import { createLoad } from "../auditing/load.ts"
import { openSystem, type System } from "../clocks/system.ts"
import { createDice, type Dice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"

const MINUTE = 60
const HOUR = 60 * MINUTE
const DECADE = 3_652 * 24 * HOUR

const WRITERS = 4
const LONGEST_MS = 400
/** Doubt and its end are told once a second. */
const DWELL_MS = 2_500
const STARTED_MS = 300
const LOOKED_MS = 1_500
const AUDIT_EVERY = 100
const MOST_BROKEN = 10

const steps = [0, 0, 50, 2 * MINUTE, HOUR, DECADE, -50, -2 * MINUTE, -HOUR, -DECADE] as const

interface Counted {
  readonly broken: string[]
  rounds: number
  restarts: number
  refused: number
  answers: number
}

/** Whatever has an answer other than these has failed. */
function isFine(status: number): boolean {
  return status < 500 || status === 503
}

async function restart({ log }: System, dice: Dice): Promise<readonly string[]> {
  // What is less than a month ahead at the start is believed, and so it is here.
  if (log.offset > 0 && log.offset < DECADE) log.set(0)
  const ended = await log.end(dice(2) === 0 ? "SIGTERM" : "SIGKILL")
  if (ended !== undefined) return [ended]
  try {
    await log.start()
    await setTimeout(STARTED_MS)
    // Until it has seen a clock that it can follow, all of that is a start.
    log.set(0)
    await setTimeout(LOOKED_MS)
    return []
  } catch (error) {
    return [`under a clock ${log.offset} s ahead it does not start: ${String(error)}`]
  }
}

/** What readiness says once a clock has been far off for a while. */
async function dwell({ log, asking }: System): Promise<readonly string[]> {
  await setTimeout(DWELL_MS)
  const { status, body, retryAfter } = await asking.ask(`${log.url}/readyz`)
  const found = `a clock ${log.offset} s ahead: readiness is ${status} ${String(body)}`
  if (log.offset === DECADE && (status !== 503 || retryAfter === undefined)) return [found]
  if (log.offset < 0 && status !== 200) return [found]
  return []
}

async function round(system: System, dice: Dice, counted: Counted): Promise<readonly string[]> {
  const { log, witness } = system
  // Whatever is drawn, a start far in the future is among it.
  const isFirst = counted.rounds === 1
  log.set(isFirst ? DECADE : (steps[dice(steps.length)] ?? 0))
  if (dice(3) === 0) witness.set(steps[dice(steps.length)] ?? 0)
  await setTimeout(dice(LONGEST_MS))
  const broken = [...(dice(25) === 0 ? await dwell(system) : [])]
  if (isFirst || dice(15) === 0) {
    counted.restarts += 1
    broken.push(...(await restart(system, dice)))
  }
  if (dice(2) === 0) log.set(0)
  return [...broken, ...(await system.lookAtCheckpoint())]
}

async function settle(system: System): Promise<readonly string[]> {
  system.log.set(0)
  system.witness.set(0)
  return [...(await system.untilWell()), ...(await system.audit())]
}

async function runRounds(system: System, given: FaultRun, counted: Counted): Promise<void> {
  const dice = createDice(given.seed)
  const load = createLoad({
    ...{ url: system.log.url, writers: WRITERS, seed: given.seed },
    onAnswer({ status, answer }) {
      counted.answers += 1
      if (status === 503) counted.refused += 1
      if (status === 200 || status === 201) system.acknowledged(answer)
      else if (!isFine(status))
        counted.broken.push(`an answer ${status}: ${JSON.stringify(answer)}`)
    },
  })
  const say = (found: readonly string[]) => {
    counted.broken.push(
      ...found.map((each) => `round ${counted.rounds}, seed ${given.seed}: ${each}`),
    )
  }
  try {
    while (counted.rounds < given.times && counted.broken.length < MOST_BROKEN) {
      counted.rounds += 1
      say(await round(system, dice, counted))
      if (counted.rounds % AUDIT_EVERY !== 0) continue
      await load.pause()
      say(await settle(system))
      load.resume()
      given.progress(`${counted.rounds} rounds, ${system.entries()} acknowledged`)
    }
  } finally {
    await load.stop()
  }
  say(await settle(system))
}

async function run(given: FaultRun): Promise<readonly FaultResult[]> {
  const counted: Counted = {
    broken: [],
    rounds: 0,
    restarts: 0,
    refused: 0,
    answers: 0,
  }
  const system = await openSystem(given.program, given.folder)
  try {
    await runRounds(system, given, counted)
  } catch (error) {
    counted.broken.push(`round ${counted.rounds}, seed ${given.seed}: ${String(error)}`)
  } finally {
    counted.broken.push(...(await system.close()))
  }
  return [
    {
      fault: "clock is set",
      times: counted.rounds,
      checked:
        "times of entries and cosignatures never run back nor away, 503 alone refuses, all is well again, everything acknowledged is there",
      broken: counted.broken,
      figures: {
        acknowledged: system.entries(),
        answers: counted.answers,
        refused: counted.refused,
        restarts: counted.restarts,
        "cosignatures seen": system.cosigned(),
      },
    },
  ]
}

export const harness: Harness = { name: "clock", counts: "steps of the clock", times: 1_000, run }
