// Bit rot: one flipped bit at a time in each file of the data directories of a log, stopped and killed, of a witness and of a
// monitor.
// What the program then answers is what it answered before, or it says by name that it cannot; it signs nothing over
// what is damaged, and once the bit is back everything is there again.
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join, relative } from "node:path"
import { createDice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { type Answers, isRaw, isRefused } from "../rotting/answers.ts"
import { CHECK, type Job } from "../rotting/jobs.ts"
import { makeLogs } from "../rotting/log-place.ts"
import { makeMonitor } from "../rotting/monitor-place.ts"
import { loadRotting, type RottingProgram } from "../rotting/program.ts"
import { createWatched, type Watched } from "../rotting/watched.ts"
import { makeWitness } from "../rotting/witness-place.ts"

const MOST_SHOWN = 12
const ENTRIES = 1_300
const FEW_ENTRIES = 300

interface Place {
  readonly name: string
  readonly folder: string
  job(folder: string, isWriting: boolean): Job
  /** The answers that a longer log gives otherwise. */
  readonly grows: RegExp
  /** Whether the program has a check for it. */
  readonly isChecked: boolean
}

function filesOf(folder: string): readonly string[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = all.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name))
  const wanted = files.filter((file) => statSync(file).size > 0 && !/\.lock$|-shm$/.test(file))
  return wanted.map((file) => relative(folder, file)).sort()
}

function flip(file: string, at: number, bit: number): void {
  const bytes = readFileSync(file)
  bytes[at] = (bytes[at] as number) ^ (1 << bit)
  writeFileSync(file, bytes)
}

/** Puts the bit back where the byte is still the one that was made wrong. */
function unflip(file: string, at: number, bit: number, whole: Uint8Array): void {
  if (!existsSync(file)) return
  const bytes = readFileSync(file)
  if (bytes[at] === ((whole[at] as number) ^ (1 << bit))) flip(file, at, bit)
}

/** What is answered otherwise than before, and not refused by name. */
function differences(expected: Answers, found: Answers): string[] {
  const wrong: string[] = []
  for (const [question, answer] of found) {
    if (isRaw(answer)) wrong.push(`${question} ends in a raw error: ${answer}`)
    else if (!isRefused(answer) && expected.get(question) !== answer) {
      wrong.push(`${question} is answered otherwise: ${answer}`)
    }
  }
  return wrong
}

function missing(expected: Answers, found: Answers, grows: RegExp): string[] {
  const lost = [...expected].filter(
    ([question, answer]) => !grows.test(question) && found.get(question) !== answer,
  )
  return lost.map(([question]) => {
    const now = found.get(question) ?? found.get("start") ?? "nothing"
    return `${question} is not there again once the bit is back: ${now}`
  })
}

interface Rotting {
  readonly run: FaultRun
  readonly watched: Watched
}

async function rotIn(rotting: Rotting, place: Place, file: string): Promise<FaultResult> {
  const { run, watched } = rotting
  const dice = createDice(run.seed)
  const [reading, appending] = [
    await askOnCopy(rotting, place, false),
    await askOnCopy(rotting, place, true),
  ]
  const whole = readFileSync(join(place.folder, file))
  const broken: string[] = []
  const figures = { unnoticed: 0, refused: 0, "did not start": 0 }
  const copy = join(run.folder, "copy")
  for (let number = 0; number < run.times; number++) {
    const [at, bit, isAppending] = [dice(whole.length), dice(8), dice(2) === 0]
    const expected = isAppending ? appending : reading
    rmSync(copy, { recursive: true, force: true })
    cpSync(place.folder, copy, { recursive: true })
    flip(join(copy, file), at, bit)
    const found = await watched.ask(place.job(copy, isAppending))
    const refused = [...found.values()].filter(isRefused).length
    const wrong = differences(expected, found)
    const says = await checkOf(rotting, place, copy)
    if (refused > 0 && place.isChecked && says === undefined) {
      const [question, why] = [...found].find(([, answer]) => isRefused(answer)) ?? []
      if (!/^(start|published|tokens|audit)/.test(question ?? "")) {
        wrong.push(`the check finds it whole, but ${question} is ${why}`)
      }
    } else if (says !== undefined && isRaw(says)) wrong.push(`the check ends in ${says}`)
    unflip(join(copy, file), at, bit, whole)
    wrong.push(
      ...missing(
        reading,
        await watched.ask(place.job(copy, false)),
        isAppending ? place.grows : /^$/,
      ),
    )
    if (refused > 0) figures.refused += 1
    else figures.unnoticed += 1
    if (isRefused(found.get("start") ?? "")) figures["did not start"] += 1
    const [first] = wrong
    if (first !== undefined) {
      broken.push(
        `${place.name}, ${file}, bit ${bit} of byte ${at}${isAppending ? ", appending" : ""}: ${first} ` +
          `(${wrong.length} in all; flip ${number + 1})`,
      )
    }
  }
  run.progress(`${place.name}, ${file}: ${run.times} flips, ${broken.length} broken`)
  const most = broken.slice(0, MOST_SHOWN)
  return {
    ...{ fault: `${place.name} ${file}`, times: run.times, broken: most },
    checked: "answered as before or refused by name, nothing signed otherwise, all there again",
    figures: { ...figures, broken: broken.length },
  }
}

async function checkOf({ watched }: Rotting, { isChecked }: Place, folder: string) {
  if (!isChecked) return undefined
  const answers = await watched.ask({ what: "check", folder, isWriting: false })
  return answers.get(CHECK) ?? answers.get("start")
}

async function askOnCopy({ run, watched }: Rotting, place: Place, isAppending: boolean) {
  const copy = join(run.folder, "whole")
  rmSync(copy, { recursive: true, force: true })
  cpSync(place.folder, copy, { recursive: true })
  const answers = await watched.ask(place.job(copy, isAppending))
  const refused = [...answers].find(([, answer]) => isRefused(answer) || isRaw(answer))
  if (refused !== undefined) throw new Error(`${place.name}: ${refused.join(" is ")}`)
  return answers
}

async function makePlaces(run: FaultRun, program: RottingProgram): Promise<readonly Place[]> {
  const entries = run.times < 100 ? FEW_ENTRIES : ENTRIES
  const logs = await makeLogs(program, run.folder, entries)
  const witness = await makeWitness(program, join(run.folder, "witness"))
  const monitor = await makeMonitor(program, join(run.folder, "monitor"))
  const last = Math.floor(entries / 256)
  const log = {
    job: (folder: string, isWriting: boolean): Job => {
      return { what: "log", logs, entries, folder, isWriting }
    },
    grows: new RegExp(`^(head|search|bundle ${last}|tile 0/${last})`),
    isChecked: true,
  }
  return [
    { ...log, name: "stopped log", folder: logs.stopped },
    { ...log, name: "killed log", folder: logs.killed },
    {
      ...{ name: "witness", folder: witness.folder, isChecked: false },
      job: (folder, isWriting) => ({ what: "witness", witness, folder, isWriting }),
      // Who was shown a fork has frozen the log.
      grows: /^/,
    },
    {
      ...{ name: "monitor", folder: monitor, isChecked: false },
      job: (folder, isWriting) => ({ what: "monitor", folder, isWriting }),
      // What was left for the monitor is taken once.
      grows: /^(left|sequence|documents evidence)/,
    },
  ]
}

async function run(given: FaultRun): Promise<readonly FaultResult[]> {
  const places = await makePlaces(given, await loadRotting(given.program))
  const watched = await createWatched(given.program)
  const results: FaultResult[] = []
  try {
    for (const place of places) {
      for (const file of filesOf(place.folder)) {
        const name = `${place.name} ${file}`
        if (given.only.length > 0 && !given.only.some((only) => name.startsWith(only))) continue
        results.push(await rotIn({ run: given, watched }, place, file))
      }
    }
  } finally {
    await watched.close()
  }
  return results
}

export const harness: Harness = {
  name: "bitrot",
  counts: "flipped bits in each file",
  times: 1_000,
  run,
}
