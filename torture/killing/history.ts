// One history of a log under load: it and its witnesses are killed and started again and again, and after each start
// everything is held to what was acknowledged and seen.
import { setTimeout } from "node:timers/promises"
import { createAsking } from "../auditing/asking.ts"
import { type Auditor, createAuditor } from "../auditing/auditor.ts"
import { createLoad, type Load } from "../auditing/load.ts"
import type { Dice } from "../dice.ts"
import { type MadeParty, type MadeServer, makeParty } from "../stand/made.ts"
import { runToEnd, type Started, startProgram } from "../stand/started.ts"
import { createSearching, type Searching } from "./searching.ts"
import { type Watching, watchPublished } from "./watching.ts"

const READY_LIMIT_MS = 30_000
const LOOK_MS = 15
const END_LIMIT_MS = 30_000

/** Counted over all histories of a run. */
export interface Tally {
  acknowledged: number
  unanswered: number
  refused: number
  heads: number
  published: number
  witnessKills: number
  fscks: number
  readonly startsMs: number[]
}

export interface History {
  readonly party: MadeParty
  /** Answers so far, of any kind. */
  answers(): number
  /** Starts the log and waits until it is ready; gives what keeps it from that. */
  start(): Promise<string | undefined>
  /** Starts the log and kills it after so many milliseconds, however far it has come. */
  startAndKill(afterMs: number): Promise<void>
  /** Gives what is wrong: that it had ended before, if it had. */
  kill(): Promise<string | undefined>
  /** Kills a witness and starts it again. */
  killWitness(): Promise<string | undefined>
  audit(what: "all" | "new"): Promise<readonly string[]>
  /** Of the data, whoever runs. */
  fsck(): Promise<readonly string[]>
  /** Ends everything in order; gives what did not end well. */
  end(): Promise<readonly string[]>
  /** Ends everything at once. */
  close(): Promise<void>
}

interface Parts {
  readonly program: string
  readonly party: MadeParty
  readonly auditor: Auditor
  readonly searching: Searching
  readonly watching: Watching
  readonly loads: readonly Load[]
  readonly tally: Tally
  readonly dice: Dice
}

function shownEnd(said: string): string {
  return said.trimEnd().split("\n").slice(-3).join(" | ").slice(-800)
}

async function serves(program: string, server: MadeServer): Promise<Started> {
  const started = startProgram(program, server.words)
  if ((await started.serving) !== undefined) return started
  const { code, said } = await started.ended
  throw new Error(`a witness did not start: ${code}: ${shownEnd(said)}`)
}

/** Makes a log with two witnesses and lets writers at it; the log itself is to be started. */
export async function openHistory(
  given: { readonly program: string; readonly folder: string; readonly writers: number },
  dice: Dice,
  tally: Tally,
): Promise<History> {
  const { program, folder, writers } = given
  const party = await makeParty({ program, folder }, 2)
  const auditor = createAuditor(party.log.vkey)
  const searching = createSearching(dice)
  const { url } = party.log
  let answers = 0
  const onAnswer: Parameters<typeof createLoad>[0]["onAnswer"] = ({ status, answer, entry }) => {
    answers += 1
    if (status === 0) tally.unanswered += 1
    else if (status !== 200 && status !== 201) tally.refused += 1
    else {
      auditor.acknowledged(answer)
      searching.keep(entry.digest, (answer as { readonly index: number }).index)
    }
  }
  const waiting = Math.ceil(writers / 16)
  const loads = [
    createLoad({ url, writers: writers - waiting, onAnswer, seed: dice(2 ** 31) }),
    createLoad({ url, writers: waiting, onAnswer, seed: dice(2 ** 31), query: "?witnessed=true" }),
  ]
  const watching = watchPublished(party, auditor)
  const parts = { program, party, auditor, searching, watching, loads, tally, dice }
  return { ...(await runParty(parts)), party, answers: () => answers }
}

async function runParty(parts: Parts): Promise<Omit<History, "party" | "answers">> {
  const { program, party, auditor, searching, watching, loads, tally, dice } = parts
  const asking = createAsking(2)
  const running = await Promise.all(party.witnesses.map((each) => serves(program, each)))
  let log: Started | undefined
  let reported = 0

  async function untilReady(): Promise<string | undefined> {
    const from = performance.now()
    let last = "no answer"
    while (performance.now() - from < READY_LIMIT_MS) {
      try {
        const { status, body } = await asking.ask(`${party.log.url}/readyz`)
        if (status === 200) return undefined
        last = String(body).slice(0, 200)
      } catch (reason) {
        last = String(reason)
      }
      await setTimeout(LOOK_MS)
    }
    return `it serves and is not ready: ${last}`
  }

  return {
    async start() {
      const from = performance.now()
      log = startProgram(program, party.log.words)
      if ((await log.serving) === undefined) {
        const { code, hung, said } = await log.ended
        return `it did not start: ${hung ? "hangs" : `exit code ${code}`}: ${shownEnd(said)}`
      }
      const broken = await untilReady()
      tally.startsMs.push(performance.now() - from)
      return broken
    },
    async startAndKill(afterMs) {
      const started = startProgram(program, party.log.words)
      await Promise.race([setTimeout(afterMs), started.ended])
      await started.kill()
    },
    async kill() {
      const { code, said } = (await log?.kill()) ?? {}
      return code === null ? undefined : `it ended by itself: ${code}: ${shownEnd(said ?? "")}`
    },
    async killWitness() {
      const place = dice(running.length)
      const server = party.witnesses[place]
      if (server === undefined) return undefined
      tally.witnessKills += 1
      const { code, said } = (await running[place]?.kill()) ?? {}
      if (code !== null) return `a witness ended by itself: ${code}: ${shownEnd(said ?? "")}`
      try {
        running[place] = await serves(program, server)
        return undefined
      } catch (reason) {
        return String(reason)
      }
    },
    async audit(what) {
      const found = await auditor.audit(party.log.url, what)
      const unsaid = found.slice(reported)
      reported = found.length
      const gone = watching.broken.splice(0)
      return [...unsaid, ...gone, ...(await searching.look(party.log.url))]
    },
    async fsck() {
      tally.fscks += 1
      const { code, said } = await runToEnd(program, ["fsck", "--data", party.log.data])
      return code === 0 ? [] : [`fsck ended with ${code}: ${shownEnd(said)}`]
    },
    async end() {
      await Promise.all(loads.map(({ stop }) => stop()))
      const ends = await Promise.all([log, ...running].map((each) => each?.end(END_LIMIT_MS)))
      return ends.flatMap((end) =>
        end === undefined || end.code === 0
          ? []
          : [`asked to end: ${end.hung ? "hangs" : end.code}: ${shownEnd(end.said)}`],
      )
    },
    async close() {
      tally.acknowledged += auditor.size
      tally.heads += auditor.heads
      tally.published += watching.seen
      await Promise.all([log, ...running].map((each) => each?.kill()))
      await Promise.all(loads.map(({ stop }) => stop()))
      await watching.stop()
      for (const { close } of [auditor, searching, asking]) close()
    },
  }
}
