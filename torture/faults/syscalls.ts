// Calls of the kernel fail: a run of each program is traced once, and then, for each call by which it touched its files,
// repeated with that one call failing: an error, an interruption, part of a write said to be all, the process killed at
// that moment. Afterwards it starts without faults and is held to what it had told others.
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { createDice, type Dice } from "../dice.ts"
import type { FaultResult, FaultRun, Harness } from "../fault.ts"
import { madeLog, servedLog } from "../injecting/log-subject.ts"
import { onceMonitor } from "../injecting/monitor-subject.ts"
import {
  type Injection,
  injecting,
  injectionsOf,
  mayRefuse,
  placeOf,
  readOccurrences,
} from "../injecting/occurrences.ts"
import type { Subject } from "../injecting/subject.ts"
import { servedWitness } from "../injecting/witness-subject.ts"
import { straceTrouble, tracing } from "../recording/tracing.ts"

const AT_ONCE = 3
/** That a log does not start, or does not show what is damaged. */
const REFUSED = /^it does not start again: (?!null)|: 500 trouble/
const MOST_BROKEN = 40
/** As often as there are places. */
const ALL = 1_000_000

function shuffled<T>(values: readonly T[], dice: Dice): T[] {
  const left = [...values]
  return Array.from(values, () => left.splice(dice(left.length), 1)[0] as T)
}

interface Putting {
  readonly subject: Subject
  readonly folder: string
  readonly template: string
}

/** One run with one fault in it, in a folder that is gone afterwards. */
async function putIn({ subject, folder, template }: Putting, injection: Injection, number: number) {
  const place = join(folder, `run-${number}`)
  const said = `${place}.strace`
  cpSync(template, place, { recursive: true })
  try {
    const { broken, audit } = await subject.work(place, injecting(place, injection, said))
    const after = await audit().catch((reason: unknown) => [String(reason)])
    const refused = mayRefuse(injection) ? after.filter((line) => REFUSED.test(line)) : []
    const wrong = after.filter((line) => !refused.includes(line))
    return { isHit: isHit(said), isRefused: refused.length > 0, broken: [...broken, ...wrong] }
  } catch (reason) {
    return {
      isHit: false,
      isRefused: false,
      broken: [`the harness could not go on: ${String(reason)}`],
    }
  } finally {
    for (const made of [place, said]) rmSync(made, { recursive: true, force: true })
  }
}

/** Whether the fault was put in: threads may have come to the call in another order than when it was traced. */
function isHit(said: string): boolean {
  return /INJECTED|= \?$/m.test(readFileSync(said, "utf8"))
}

async function trace(putting: Putting): Promise<readonly Injection[]> {
  const { subject, folder, template } = putting
  const place = join(folder, "traced")
  cpSync(template, place, { recursive: true })
  const file = join(folder, "trace")
  const { broken, audit } = await subject.work(place, tracing(file))
  const wrong = [...broken, ...(await audit())]
  if (wrong.length > 0) throw new Error(`without a fault: ${wrong.join("; ")}`)
  const injections = injectionsOf(await readOccurrences(file, place))
  for (const made of [place, file]) rmSync(made, { recursive: true })
  return injections
}

interface Asked extends Pick<FaultRun, "folder" | "times" | "progress"> {
  readonly dice: Dice
}

/** Results by the kind of the fault, for one program. */
async function tryAll(subject: Subject, asked: Asked): Promise<readonly FaultResult[]> {
  const folder = join(asked.folder, subject.name)
  const template = join(folder, "template")
  mkdirSync(template, { recursive: true })
  await subject.prepare(template)
  const putting = { subject, folder, template }
  const all = await trace(putting)
  const chosen = shuffled(all, asked.dice).slice(0, asked.times)
  asked.progress(`${subject.name}: ${all.length} places, ${chosen.length} of them tried`)
  const byFault = new Map<
    string,
    { times: number; missed: number; refused: number; broken: string[] }
  >()
  const waiting = [...chosen.entries()]
  async function takeTurns(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [number, injection] = next
      const { isHit, isRefused, broken } = await putIn(putting, injection, number)
      const kind = byFault.get(injection.fault.name) ?? {
        times: 0,
        missed: 0,
        refused: 0,
        broken: [],
      }
      kind.times += 1
      if (!isHit) kind.missed += 1
      if (isRefused) kind.refused += 1
      const lines = broken.map((line) => `${subject.name}, ${placeOf(injection)}: ${line}`)
      for (const line of lines) asked.progress(line)
      kind.broken.push(...lines.slice(0, MOST_BROKEN - kind.broken.length))
      byFault.set(injection.fault.name, kind)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, takeTurns))
  rmSync(folder, { recursive: true, force: true })
  return [...byFault].sort().map(([name, { times, missed, refused, broken }]) => {
    const figures = {
      missed,
      refused,
      places: all.filter(({ fault }) => fault.name === name).length,
    }
    return { fault: `${subject.name} ${name}`, times, checked: subject.checked, broken, figures }
  })
}

async function run(asked: FaultRun): Promise<readonly FaultResult[]> {
  const trouble = straceTrouble()
  if (trouble !== undefined) throw new Error(trouble)
  const { program, folder, only, seed } = asked
  const dice = createDice(seed)
  const subjects = [
    servedLog(program),
    madeLog(program),
    servedWitness(program, folder),
    onceMonitor(program, folder),
  ].filter(({ name }) => only.length === 0 || only.includes(name))
  const results: FaultResult[] = []
  for (const subject of subjects) {
    try {
      const times = Math.ceil(asked.times / subjects.length)
      results.push(...(await tryAll(subject, { ...asked, dice, times })))
    } finally {
      await subject.close()
    }
  }
  return results
}

export const harness: Harness = {
  name: "syscalls",
  counts: "calls that fail, every one of them unless told otherwise",
  times: ALL,
  run,
}
