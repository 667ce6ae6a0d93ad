// Kill -9 of a log under load, over and over: at random, right after answers, and while it recovers from the kill
// before. Two witnesses cosign and are killed as well; the search index is on. After each start everything is held to
// what was acknowledged and seen outside.
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createDice, type Dice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { type History, openHistory, type Tally } from "../killing/history.ts"

const WRITERS = 64
const KILLS_OF_A_HISTORY = 200
const LONGEST_MS = 600
const MOST_ANSWERS = 150
const AFTER_ANSWER_MS = 12
const ANSWERS_LIMIT_MS = 10_000
/** A start takes about as long; measured anew as starts are seen. */
const FIRST_START_MS = 700
const FSCK_EVERY = 25
const MOST_BROKEN = 10
const TOLD_EVERY = 10

const moments = ["at random", "after answers", "in recovery"] as const
type Moment = (typeof moments)[number]

interface Counted {
  times: number
  readonly broken: string[]
}

type Counts = Record<Moment, Counted>

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0)
}

/** Drawn so that a third of the kills are of each kind that is wanted. */
function drawMoment(dice: Dice, only: readonly string[]): Moment {
  const wanted = moments.filter(
    (moment) => only.length === 0 || only.some((name) => moment.startsWith(name)),
  )
  return wanted[dice(wanted.length)] ?? "at random"
}

async function untilAnswers(history: History, count: number): Promise<void> {
  const target = history.answers() + count
  const until = performance.now() + ANSWERS_LIMIT_MS
  while (history.answers() < target && performance.now() < until) await setTimeout(1)
}

/** Comes to the moment and kills; gives what was wrong before it. */
async function killAt(moment: Moment, history: History, dice: Dice, startMs: number) {
  if (moment === "in recovery") {
    const broken = await history.kill()
    await history.startAndKill(dice(Math.ceil(1.2 * startMs)))
    return broken
  }
  if (moment === "after answers") {
    await untilAnswers(history, 1 + dice(MOST_ANSWERS))
    await setTimeout(dice(AFTER_ANSWER_MS + 1))
  } else await setTimeout(dice(LONGEST_MS))
  return await history.kill()
}

/** Some kills, one after the other, with everything held to what was seen after each; stops at what is broken. */
async function killOften(
  history: History,
  { dice, counts, tally, kills, run }: Round & { readonly kills: number },
): Promise<boolean> {
  const first = await history.start()
  if (first !== undefined) throw new Error(`the first start: ${first}`)
  const until = done(counts) + kills
  for (let i = 0; done(counts) < until; i++) {
    const moment = drawMoment(dice, run.only)
    const startMs = percentile(tally.startsMs, 0.5) || FIRST_START_MS
    const witness =
      dice(4) === 0 ? setTimeout(dice(LONGEST_MS)).then(history.killWitness) : undefined
    const before = await killAt(moment, history, dice, startMs)
    const dead = i % FSCK_EVERY === FSCK_EVERY - 1 ? await history.fsck() : []
    const start = await history.start()
    const found = start === undefined ? await history.audit("new") : [start]
    const counted = counts[moment]
    counted.times += moment === "in recovery" ? 2 : 1
    const broken = [before, await witness, ...dead, ...found].filter((each) => each !== undefined)
    if (i % TOLD_EVERY === TOLD_EVERY - 1) {
      run.progress(`${done(counts)} kills, ${history.answers()} answers of this history`)
    }
    counted.broken.push(...broken.map((each) => `kill ${i} ${moment}, seed ${run.seed}: ${each}`))
    if (broken.length > 0) return false
  }
  const last = [
    ...(await history.audit("all")),
    ...(await history.fsck()),
    ...(await history.end()),
  ]
  counts["at random"].broken.push(...last.map((each) => `at the end, seed ${run.seed}: ${each}`))
  return last.length === 0
}

interface Round {
  readonly dice: Dice
  readonly counts: Counts
  readonly tally: Tally
  readonly run: FaultRun
}

const done = (counts: Counts): number => moments.reduce((sum, each) => sum + counts[each].times, 0)

function resultsOf(counts: Counts, tally: Tally): readonly FaultResult[] {
  const broken = moments.flatMap((moment) => counts[moment].broken)
  const { startsMs, ...counted } = tally
  const figures = {
    ...counted,
    lost: broken.filter((line) => line.includes(": lost: ")).length,
    forks: broken.filter((line) => line.includes(": fork: ")).length,
    "ready again, p50 ms": percentile(startsMs, 0.5),
    "ready again, p99 ms": percentile(startsMs, 0.99),
  }
  const checked =
    "every acknowledged entry at its index, heads of one tree, root made again, search, fsck, times"
  return moments
    .filter((moment) => counts[moment].times > 0)
    .map((moment, i) => ({
      ...{ fault: `kill -9 ${moment}`, times: counts[moment].times, checked },
      broken: counts[moment].broken,
      ...(i === 0 && { figures }),
    }))
}

async function run(given: FaultRun): Promise<readonly FaultResult[]> {
  const dice = createDice(given.seed)
  const tally: Tally = {
    ...{ acknowledged: 0, unanswered: 0, refused: 0, heads: 0, published: 0 },
    ...{ witnessKills: 0, fscks: 0, startsMs: [] },
  }
  const counted = (): Counted => ({ times: 0, broken: [] })
  const counts = { "at random": counted(), "after answers": counted(), "in recovery": counted() }
  for (let n = 0; done(counts) < given.times; n++) {
    const folder = join(given.folder, `history-${n}`)
    mkdirSync(folder)
    const { program } = given
    const history = await openHistory({ program, folder, writers: WRITERS }, dice, tally)
    try {
      const kills = Math.min(KILLS_OF_A_HISTORY, given.times - done(counts))
      await killOften(history, { dice, counts, tally, run: given, kills })
    } catch (reason) {
      // It counts as one, so that a run ends where none can be done.
      counts["at random"].times += 1
      counts["at random"].broken.push(`not done, seed ${given.seed}: ${String(reason)}`)
    } finally {
      await history.close()
      rmSync(folder, { recursive: true, force: true })
    }
    given.progress(`${done(counts)} kills, ${tally.acknowledged} acknowledged`)
    if (moments.flatMap((moment) => counts[moment].broken).length >= MOST_BROKEN) break
  }
  return resultsOf(counts, tally)
}

export const harness: Harness = { name: "kills", counts: "kills", times: 1_000, run }
