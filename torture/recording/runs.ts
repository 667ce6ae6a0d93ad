// The runs whose disks are explored, each with what is held to each state: a log that publishes by a witness; a log whose
// write-ahead log is moved into its database every few pages; one that fills 2,000 pages with long entries; a witness; a
// signer; and starts over disks that lost power, which lose it again.
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { type Canary, makeCanary } from "../canaries/canary.ts"
import { createDice, type Dice } from "../dice.ts"
import type { FaultResult } from "../fault.ts"
import { createDisk, type DiskState } from "./disk.ts"
import { explore } from "./exploring.ts"
import { type LogProgram, loadLogProgram } from "./log-program.ts"
import { type LogRun, type LogTold, logWords, recordLog, recordStart } from "./log-run.ts"
import { createLogPast, judgeLogState, type LogPast } from "./log-state.ts"
import { layOut, type Recording } from "./recording.ts"
import { holdServed } from "./served-log.ts"
import { judgeSignerState, loadSignerProgram, recordSigner, type Signed } from "./signer-run.ts"
import { startProgram, untilServing } from "./tracing.ts"
import {
  type Cosigned,
  judgeWitnessState,
  loadWitnessProgram,
  makeWitness,
  recordWitness,
  WITNESS,
  witnessWords,
  writePolicy,
} from "./witness-run.ts"

const END_MS = 30_000
const SEARCHED = 20
const SERVED = 400
const SERVED_FROM = 40
const BATCHES = 24
const LONG_BATCHES = 60
const LONG_ENTRY = 220_000
const STARTS = 6

export interface Ground {
  readonly program: string
  /** On the disk; recordings are made here. */
  readonly folder: string
  /** Where states are laid out. */
  readonly scratch: string
  readonly seed: number
  progress(text: string): void
}

/** One way to lose power: `times` states of it. */
export type Loss = (ground: Ground, times: number) => Promise<FaultResult>

function newPlace({ folder }: Ground, name: string): string {
  const place = join(folder, name)
  mkdirSync(place, { mode: 0o700 })
  return place
}

/** A program that moves its write-ahead log into the database every 40 pages: the same code, more often. */
const oftener: Canary = {
  name: "forty-pages",
  harness: "power",
  without: "",
  edits: [
    {
      file: "storage/sqlite/database/database-kind.js",
      found: "PAGES_BETWEEN_CHECKPOINTS = 2_000",
      by: "PAGES_BETWEEN_CHECKPOINTS = 40",
    },
  ],
}

interface LogLoss {
  readonly fault: string
  readonly run: LogRun
  readonly program: string
  readonly modules: LogProgram
}

/** What a state shows to a process of its own, over its public doors. */
async function judgeServed(
  program: string,
  folder: string,
  { run: { vkeys } }: Pick<LogLoss, "run">,
  { ledger }: LogPast,
): Promise<readonly string[]> {
  const log = startProgram(program, logWords(folder))
  try {
    const url = await untilServing(log)
    if (typeof url !== "string") return [`it does not start: ${url.code} ${url.stderr}`]
    return await holdServed(url, ledger, vkeys)
  } finally {
    log.send("SIGKILL")
    await log.within(END_MS)
  }
}

const CHECKED =
  "starts by itself, every acknowledged entry at its index, every signed head, fsck, guard and publication not behind"

async function exploreLog(ground: Ground, loss: LogLoss, times: number): Promise<FaultResult> {
  const { modules, program, run, fault } = loss
  const past = createLogPast()
  const folder = join(ground.scratch, "state")
  let served = 0
  async function judge(state: DiskState, number: number): Promise<readonly string[]> {
    if (number % SERVED === SERVED_FROM) {
      served += 1
      layOut(state, folder)
      return await judgeServed(program, folder, loss, past)
    }
    return await judgeLogState({ program: modules, past, folder }, state, number % SEARCHED === 0)
  }
  const dice = createDice(ground.seed + 1)
  const { recording } = run
  const found = await explore({ recording, times, dice, hear: past.hear, judge })
  const entries = past.ledger.size()
  const figures = { entries, operations: recording.events.length, served }
  return { fault, times: found.states, checked: CHECKED, broken: found.broken, figures }
}

/** A witness that is not recorded, for a log that publishes; `end` it when the log is done. */
async function companion(ground: Ground) {
  const place = newPlace(ground, "companion")
  const [vkey = ""] = await makeWitness(ground.program, place)
  let end = async (): Promise<void> => {}
  async function policyFor(logKeys: readonly string[]): Promise<string> {
    const policy = writePolicy(join(ground.folder, "companion.policy"), logKeys)
    const witness = startProgram(ground.program, witnessWords(place, policy))
    end = async () => {
      witness.send("SIGKILL")
      await witness.within(END_MS)
    }
    const url = await untilServing(witness)
    if (typeof url !== "string") throw new Error(`the witness ended: ${url.stderr}`)
    return `witness ${WITNESS} ${vkey} ${url}\nquorum ${WITNESS}\n`
  }
  return { policyFor, end: () => end() }
}

async function publishingRun(ground: Ground, name: string, dice: Dice): Promise<LogRun> {
  const { policyFor, end } = await companion(ground)
  const place = newPlace(ground, name)
  const given = { name, folder: place, batches: BATCHES, dice, witness: policyFor }
  try {
    return await recordLog({ ...given, program: ground.program })
  } finally {
    await end()
    rmSync(join(ground.folder, "companion"), { recursive: true, force: true })
  }
}

async function publishingLog(ground: Ground, times: number): Promise<FaultResult> {
  const run = await publishingRun(ground, "log", createDice(ground.seed))
  const { program } = ground
  const modules = await loadLogProgram(program)
  return await exploreLog(ground, { fault: "log", run, program, modules }, times)
}

async function checkpointedLog(ground: Ground, times: number): Promise<FaultResult> {
  const program = makeCanary(ground.program, oftener, join(ground.folder, "oftener"))
  const place = newPlace(ground, "checkpointed")
  const dice = createDice(ground.seed + 2)
  const given = { name: "log-checkpointed", folder: place, batches: BATCHES, dice }
  const run = await recordLog({ ...given, program })
  const modules = await loadLogProgram(program)
  return await exploreLog(ground, { fault: "log-checkpointed", run, program, modules }, times)
}

async function longLog(ground: Ground, times: number): Promise<FaultResult> {
  const { program } = ground
  const place = newPlace(ground, "long")
  const dice = createDice(ground.seed + 3)
  const given = { name: "log-2000-pages", folder: place, batches: LONG_BATCHES, dice }
  const run = await recordLog({ ...given, program, longEntry: LONG_ENTRY })
  const isReached = run.recording.events.some(
    (event) => event.kind === "write" && event.path.endsWith("/log.db") && event.at > 8_000_000,
  )
  if (!isReached) throw new Error("the write-ahead log was never moved into the database")
  const modules = await loadLogProgram(program)
  return await exploreLog(ground, { fault: "log-2000-pages", run, program, modules }, times)
}

async function witness(ground: Ground, times: number): Promise<FaultResult> {
  const { program } = ground
  const { vkeys, shown } = await publishingRun(ground, "log-witnessed", createDice(ground.seed + 4))
  const folder = newPlace(ground, "witness")
  const recording = await recordWitness({ program, name: "witness", folder, vkeys, shown })
  const modules = await loadWitnessProgram(program)
  const cosigned: Cosigned[] = []
  const state = join(ground.scratch, "state")
  const found = await explore({
    ...{ recording, times, dice: createDice(ground.seed + 5) },
    hear: (told) => void cosigned.push(told),
    judge: (disk) => judgeWitnessState({ program: modules, folder: state, cosigned }, disk),
  })
  const checked = "starts by itself, no cosigned head forgotten or changed, guard not behind"
  const figures = { cosigned: cosigned.length, operations: recording.events.length }
  return { fault: "witness", times: found.states, checked, broken: found.broken, figures }
}

async function signer(ground: Ground, times: number): Promise<FaultResult> {
  const { program } = ground
  const folder = newPlace(ground, "signer")
  const beside = newPlace(ground, "log-signed")
  const given = { name: "signer", folder, beside, batches: BATCHES }
  const recording = await recordSigner({ ...given, program, dice: createDice(ground.seed + 7) })
  const modules = await loadSignerProgram(program)
  const signed: Signed[] = []
  const state = join(ground.scratch, "state")
  const found = await explore({
    ...{ recording, times, dice: createDice(ground.seed + 8) },
    hear: (told) => void signed.push(told),
    judge: (disk) => judgeSignerState({ program: modules, folder: state, signed }, disk),
  })
  const checked = "starts by itself, its memory not behind any head that it signed"
  const figures = { signed: signed.length, operations: recording.events.length }
  return { fault: "signer", times: found.states, checked, broken: found.broken, figures }
}

/** A state somewhere behind the middle of a recording, and what was told by then. */
function stateWithin({ events, from, root, before }: Recording<LogTold>, dice: Dice) {
  const disk = createDisk(root, before)
  const past = createLogPast()
  const half = from + Math.floor((events.length - from) / 2)
  const end = half + dice(events.length - half)
  for (const event of events.slice(0, end)) {
    if (event.kind === "told") past.hear(event.told)
    else disk.apply(event)
  }
  return { state: disk.state("torn", dice), past, end }
}

/** Power is lost, and lost again while the log starts. */
async function twice(ground: Ground, times: number): Promise<FaultResult> {
  const program = makeCanary(ground.program, oftener, join(ground.folder, "oftener-twice"))
  const dice = createDice(ground.seed + 6)
  const place = newPlace(ground, "first")
  const given = { name: "first", folder: place, batches: BATCHES, dice }
  const { recording } = await recordLog({ ...given, program })
  const modules = await loadLogProgram(program)
  const broken: string[] = []
  let states = 0
  const starts = Math.min(STARTS, Math.ceil(times / 10))
  for (let start = 0; start < starts; start++) {
    const { state, past, end } = stateWithin(recording, dice)
    const folder = newPlace(ground, `second-${start}`)
    layOut(state, folder)
    const name = `torn@${end}, then`
    const again = await recordStart(program, { name, folder, state }).catch(String)
    if (typeof again === "string") {
      broken.push(`torn@${end}: ${again}`)
      continue
    }
    const found = await explore({
      ...{ recording: again, times: Math.ceil(times / starts), dice, hear: past.hear },
      judge: (disk) =>
        judgeLogState(
          { program: modules, past, folder: join(ground.scratch, "state") },
          disk,
          false,
        ),
    })
    states += found.states
    broken.push(...found.broken)
    rmSync(folder, { recursive: true })
  }
  return { fault: "log-twice", times: states, checked: CHECKED, broken, figures: { starts } }
}

/** Each with its share of all states. */
export const losses: readonly {
  readonly fault: string
  readonly share: number
  readonly loss: Loss
}[] = [
  { fault: "log", share: 0.36, loss: publishingLog },
  { fault: "log-checkpointed", share: 0.3, loss: checkpointedLog },
  { fault: "log-2000-pages", share: 0.02, loss: longLog },
  { fault: "log-twice", share: 0.12, loss: twice },
  { fault: "witness", share: 0.2, loss: witness },
  { fault: "signer", share: 0.04, loss: signer },
]
