// Two faults in a row: a log is killed under load, and while it recovers from that a second fault comes at a random
// system call on its files, put there by strace: a kill, EIO or ENOSPC. Then it is started once more.
import { cpSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createAuditor } from "../auditing/auditor.ts"
import { createLoad } from "../auditing/load.ts"
import type { Dice } from "../dice.ts"
import { type MadeServer, makeLog } from "../stand/made.ts"
import { type Started, startProgram } from "../stand/started.ts"

const START_LIMIT_MS = 90_000
const END_LIMIT_MS = 20_000
const ANSWERS_LIMIT_MS = 10_000
/** Of one thread: strace counts for each. */
const MOST_OCCURRENCES = 4
const MOST_SAID = 1_200

const calls = {
  pwrite64: ["error=EIO", "error=ENOSPC", "signal=KILL"],
  fdatasync: ["error=EIO", "signal=KILL"],
  fsync: ["error=EIO", "signal=KILL"],
  pread64: ["error=EIO", "signal=KILL"],
  openat: ["error=EIO", "error=EMFILE", "signal=KILL"],
  ftruncate: ["error=EIO", "signal=KILL"],
  unlink: ["error=EIO", "signal=KILL"],
} as const

/** A log that was killed under load, and what was acknowledged by then. */
export interface Killed {
  readonly log: MadeServer
  readonly folder: string
  readonly answers: readonly unknown[]
}

async function writeFor(url: string, dice: Dice, until: (count: number) => Promise<void>) {
  const answers: unknown[] = []
  const load = createLoad({
    ...{ url, writers: 16, seed: dice(2 ** 31), restMs: 50 },
    onAnswer({ status, answer }) {
      if (status === 200 || status === 201) answers.push(answer)
    },
  })
  const target = 1 + dice(120)
  const late = performance.now() + ANSWERS_LIMIT_MS
  while (answers.length < target && performance.now() < late) await setTimeout(1)
  await until(answers.length)
  await load.stop()
  return answers
}

/** Makes a log in `folder` and kills it at a random moment. */
export async function makeKilled(program: string, folder: string, dice: Dice): Promise<Killed> {
  const log = await makeLog({ program, folder, name: "log" })
  const started = startProgram(program, log.words)
  if ((await started.serving) === undefined) throw new Error(`no start: ${started.said()}`)
  const answers = await writeFor(log.url, dice, async () => {
    await setTimeout(dice(12))
    await started.kill()
  })
  return { log, folder, answers }
}

export interface Pair {
  readonly name: string
  /** Whether it served in spite of the second fault, or before it came. */
  readonly served: boolean
  /** Whether the second fault came before it was killed. */
  readonly came: boolean
  readonly broken: readonly string[]
}

function straced(log: MadeServer, inject: string, trace: string): readonly string[] {
  const files = ["log.db", "log.db-wal", "log.db-shm", "search.db", "search.db-wal", "lock.db"]
  const paths = [log.guard, ...files.map((name) => join(log.data, name))]
  const [call = ""] = inject.split(":")
  return [
    ...["strace", "-f", "-o", trace, "-e", `trace=${call}`, "-e", `inject=${inject}`],
    ...paths.flatMap((path) => ["-P", path]),
  ]
}

/** Entries for a process that serves, so that it sequences over what it recovered. */
async function serveOn(started: Started, url: string, dice: Dice): Promise<readonly unknown[]> {
  if ((await started.serving) === undefined) return []
  return await writeFor(url, dice, async () => void (await started.kill()))
}

/** Puts the killed state into its place, lets the second fault come, and holds the third start to all of it. */
export async function tryPair(program: string, killed: Killed, dice: Dice): Promise<Pair> {
  const { log, folder } = killed
  const names = Object.keys(calls) as (keyof typeof calls)[]
  const call = names[dice(names.length)] ?? "pwrite64"
  const faults = calls[call]
  const inject = `${call}:${faults[dice(faults.length)]}:when=${1 + dice(MOST_OCCURRENCES)}`
  const kept = `${folder}.kept`
  const trace = `${folder}.trace`
  rmSync(kept, { recursive: true, force: true })
  cpSync(folder, kept, { recursive: true, preserveTimestamps: true })
  try {
    const second = startProgram(program, log.words, {
      under: straced(log, inject, trace),
      limitMs: START_LIMIT_MS,
    })
    const more = await serveOn(second, log.url, dice)
    const served = (await second.serving) !== undefined
    const { hung, said } = await second.ended
    const broken = hung ? [`it hangs: ${said.slice(-MOST_SAID)}`] : []
    broken.push(...(await isWhole(program, log, [...killed.answers, ...more])))
    const came = /INJECTED/.test(readFileSync(trace, "utf8"))
    return { name: inject, served, came, broken: broken.map((each) => `${inject}: ${each}`) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    cpSync(kept, folder, { recursive: true, preserveTimestamps: true })
    rmSync(kept, { recursive: true, force: true })
  }
}

async function isWhole(
  program: string,
  log: MadeServer,
  answers: readonly unknown[],
): Promise<readonly string[]> {
  const third = startProgram(program, log.words, { limitMs: START_LIMIT_MS })
  if ((await third.serving) === undefined) {
    const { code, said } = await third.ended
    return [`it does not start again: ${code}: ${said.slice(-MOST_SAID)}`]
  }
  const auditor = createAuditor(log.vkey)
  for (const answer of answers) auditor.acknowledged(answer)
  const found = await auditor.audit(log.url)
  auditor.close()
  const { code, hung, said } = await third.end(END_LIMIT_MS)
  if (code === 0) return found
  return [...found, `asked to end: ${hung ? "hangs" : code}: ${said.slice(-MOST_SAID)}`]
}
