// What the cases of `places` stand on: a log with a history that grew at random, copies of it at two moments, and what
// was acknowledged by then. A case has a copy of its own, and says what is wrong.
import { createHash } from "node:crypto"
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createAuditor } from "../auditing/auditor.ts"
import { createLoad } from "../auditing/load.ts"
import type { Dice } from "../dice.ts"
import { type MadeServer, makeLog } from "../stand/made.ts"
import { type Ended, type StartAs, startProgram } from "../stand/started.ts"

const START_LIMIT_MS = 90_000
const END_LIMIT_MS = 20_000
const LONGEST_MESSAGE = 1_500

/** A log at one moment: its folder, with data and guard, and all that was acknowledged by then. */
export interface Moment {
  readonly folder: string
  readonly answers: readonly unknown[]
}

export interface Ground {
  readonly program: string
  readonly dice: Dice
  readonly log: MadeServer
  /** A moment of the log, and a later one of the same log. */
  readonly early: Moment
  readonly late: Moment
}

export interface Place {
  readonly folder: string
  readonly data: string
  readonly guard: string
}

export function placeIn(folder: string): Place {
  return { folder, data: join(folder, "log"), guard: join(folder, "log.guard") }
}

/** A copy of a moment, in a folder that is not there yet. */
export function copyOf({ folder }: Moment, to: string): Place {
  mkdirSync(join(to, ".."), { recursive: true })
  cpSync(folder, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  return placeIn(to)
}

/** The words that serve a place on any free port. */
export function wordsFor({ data, guard }: Pick<Place, "data" | "guard">): readonly string[] {
  const limits = "submit=off search=off proof=off"
  return [
    ...["serve", "--data", data, "--guard", guard],
    ...["--listen", "127.0.0.1:0", "--limit", limits],
  ]
}

/** Lets a log that serves take entries for a moment; gives the answers. */
async function write(url: string, dice: Dice): Promise<readonly unknown[]> {
  const answers: unknown[] = []
  const target = 20 + dice(400)
  const load = createLoad({
    ...{ url, writers: 8, seed: dice(2 ** 31) },
    onAnswer({ status, answer }) {
      if (status === 200 || status === 201) answers.push(answer)
    },
  })
  for (let waited = 0; answers.length < target && waited < 1_000; waited++) await setTimeout(10)
  await load.stop()
  return answers
}

/** Makes a log and two moments of it; the later one after more entries. */
export async function makeGround(program: string, folder: string, dice: Dice): Promise<Ground> {
  mkdirSync(folder, { recursive: true })
  const home = join(folder, "home")
  mkdirSync(home)
  const log = await makeLog({ program, folder: home, name: "log" })
  const answers: unknown[] = []
  const moments: Moment[] = []
  for (const name of ["early", "late"]) {
    const started = startProgram(program, log.words)
    const url = await started.serving
    if (url === undefined) throw new Error(`the log does not start: ${started.said()}`)
    const written = await write(url, dice)
    if (written.length === 0) throw new Error("nothing was acknowledged")
    answers.push(...written)
    // A copy of a log that was killed has a write-ahead log beside its database.
    const { code } = dice(2) === 0 ? await started.kill() : await started.end()
    if (code !== 0 && code !== null) throw new Error(`the log ended with ${code}`)
    cpSync(home, join(folder, name), { recursive: true, preserveTimestamps: true })
    moments.push({ folder: join(folder, name), answers: [...answers] })
  }
  const [early, late] = moments
  if (early === undefined || late === undefined) throw new Error("no moments")
  return { program, dice, log, early, late }
}

/** Serves a place, holds it to a moment and ends it; gives what is wrong. */
export async function isWhole(
  { program, log }: Ground,
  { answers }: Moment,
  words: readonly string[],
  as: StartAs = {},
): Promise<readonly string[]> {
  const started = startProgram(program, words, { limitMs: START_LIMIT_MS, ...as })
  const url = await started.serving
  if (url === undefined) {
    const { code, said } = await started.ended
    return [`it does not start: ${code}: ${said.slice(-LONGEST_MESSAGE)}`]
  }
  const auditor = createAuditor(log.vkey)
  for (const answer of answers) auditor.acknowledged(answer)
  const found = await auditor.audit(url)
  auditor.close()
  const { code, hung, said } = await started.end(END_LIMIT_MS)
  if (code === 0) return found
  return [...found, `asked to end: ${hung ? "hangs" : code}: ${said.slice(-LONGEST_MESSAGE)}`]
}

/** What is wrong with an end that should be a refusal: its exit code, or what it says. */
export function notRefused({ code, signal, said, hung }: Ended, says: RegExp): readonly string[] {
  const text = said.trim()
  const last = text.split("\n").at(-1) ?? ""
  const shown = text.slice(-LONGEST_MESSAGE)
  if (hung) return [`it hangs: ${shown}`]
  if (code !== 1) return [`expected exit code 1, found ${code ?? signal}: ${shown}`]
  if (/^\s+at /m.test(text)) return [`a stack instead of a message: ${shown}`]
  if (!last.startsWith("countersign: ")) return [`expected one message, found: ${shown}`]
  return says.test(last) ? [] : [`expected a message that says ${says}, found: ${last}`]
}

/** Starts what must be refused; gives what is wrong. */
export async function isRefused(
  { program }: Pick<Ground, "program">,
  words: readonly string[],
  says: RegExp,
  as: StartAs = {},
): Promise<readonly string[]> {
  const started = startProgram(program, words, { limitMs: START_LIMIT_MS, ...as })
  if ((await started.serving) === undefined) return notRefused(await started.ended, says)
  const { said } = await started.kill()
  return [`it serves, and should say ${says}: ${said.slice(-LONGEST_MESSAGE)}`]
}

/** Files of locks, and what SQLite keeps for the processes that run, hold nothing; the search index is derived. */
const PASSING = /(\.lock|lock\.db|-shm|-journal|search\.db.*)$/

function holdsBytes(path: string): boolean {
  const found = statSync(path)
  return found.isFile() && found.size > 0
}

/** The content and mode of every file below a folder that holds anything. */
export function stateOf(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => !PASSING.test(name) && holdsBytes(join(folder, name)),
  )
  return new Map(
    files.map((name) => {
      const path = join(folder, name)
      const hash = createHash("sha256").update(readFileSync(path)).digest("hex")
      return [name, `${statSync(path).mode} ${hash}`]
    }),
  )
}

export function changesOf(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `a refusal has changed ${name}`)
}

/** Lets any user come to what lies in a folder that is made for this run. */
export function openFolder(folder: string): void {
  chmodSync(folder, 0o711)
}
