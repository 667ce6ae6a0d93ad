// What a witness adds: a log that was put back together with its guard is refused by the larger head that the witness
// holds; a witness that was put back is refused by its own guard. And the published checkpoint of another log.
import { cpSync, mkdirSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createAuditor } from "../auditing/auditor.ts"
import { createLoad } from "../auditing/load.ts"
import type { Dice } from "../dice.ts"
import { type MadeParty, type MadeServer, makeParty } from "../stand/made.ts"
import { type Started, startProgram } from "../stand/started.ts"
import type { Case } from "./case.ts"
import { changesOf, isRefused, stateOf } from "./ground.ts"

const WAIT_MS = 20_000
const WRITERS = 4

interface Party {
  readonly program: string
  readonly log: MadeServer
  readonly witness: MadeServer
  readonly answers: unknown[]
  readonly dice: Dice
}

async function serve(program: string, { words }: MadeServer): Promise<Started> {
  const started = startProgram(program, words)
  if ((await started.serving) === undefined) throw new Error(`no start: ${started.said()}`)
  return started
}

/** Serves both, writes until some entries were witnessed, and ends both. */
async function publishMore({ program, log, witness, answers, dice }: Party): Promise<void> {
  const both = [await serve(program, witness), await serve(program, log)]
  const load = createLoad({
    ...{ url: log.url, writers: WRITERS, seed: dice(2 ** 31), query: "?witnessed=true" },
    onAnswer({ status, answer }) {
      if (status === 200 || status === 201) answers.push(answer)
    },
  })
  const target = answers.length + 5 + dice(40)
  const until = performance.now() + WAIT_MS
  while (answers.length < target && performance.now() < until) await setTimeout(20)
  await load.stop()
  for (const each of both) await each.end()
  if (answers.length < target) throw new Error("nothing was witnessed in time")
}

async function openParty(program: string, folder: string, dice: Dice): Promise<Party> {
  mkdirSync(folder, { recursive: true })
  const { log, witnesses }: MadeParty = await makeParty({ program, folder }, 1)
  const [witness] = witnesses
  if (witness === undefined) throw new Error("no witness")
  const party = { program, log, witness, answers: [], dice }
  await publishMore(party)
  return party
}

/** Moves a file or folder away for a copy; gives what puts it back. */
function exchange(path: string, by: string): () => void {
  renameSync(path, `${path}.now`)
  cpSync(by, path, { recursive: true })
  return () => {
    rmSync(path, { recursive: true })
    renameSync(`${path}.now`, path)
  }
}

async function isWhole({ program, log, witness, answers }: Party): Promise<readonly string[]> {
  const both = [await serve(program, witness), await serve(program, log)]
  const auditor = createAuditor(log.vkey)
  for (const answer of answers) auditor.acknowledged(answer)
  const found = await auditor.audit(log.url)
  auditor.close()
  for (const each of both) await each.end()
  return found
}

export const witnessedCases: readonly Case[] = [
  {
    name: "older log with its guard and a witness",
    async run({ program, dice }, folder) {
      const party = await openParty(program, folder, dice)
      const { data, guard, words } = party.log
      cpSync(data, `${data}.early`, { recursive: true })
      cpSync(guard, `${guard}.early`)
      await publishMore(party)
      const back = [exchange(data, `${data}.early`), exchange(guard, `${guard}.early`)]
      const before = stateOf(join(guard, ".."))
      const witness = await serve(program, party.witness)
      const refused = await isRefused({ program }, words, /signed|witness|others hold/)
      await witness.end()
      const changed = changesOf(before, stateOf(join(guard, ".."))).filter((line) =>
        /changed log/.test(line),
      )
      for (const each of back) each()
      return [...refused, ...changed, ...(await isWhole(party))]
    },
  },
  {
    name: "older witness and the guard of now",
    async run({ program, dice }, folder) {
      const party = await openParty(program, folder, dice)
      const { data, words } = party.witness
      cpSync(data, `${data}.early`, { recursive: true })
      await publishMore(party)
      const back = exchange(data, `${data}.early`)
      const before = stateOf(data)
      const refused = await isRefused({ program }, words, /guard|older/)
      const changed = changesOf(before, stateOf(data))
      back()
      return [...refused, ...changed, ...(await isWhole(party))]
    },
  },
  {
    name: "published checkpoint of another log",
    async run({ program, dice }, folder) {
      const party = await openParty(program, folder, dice)
      const other = await openParty(program, join(folder, "others"), dice)
      const path = join(party.log.data, "published")
      const back = exchange(path, join(other.log.data, "published"))
      // It is passed over with a warning: the log shows none but its own.
      const found = await isWhole(party)
      back()
      return [...found, ...(await isWhole(party))]
    },
  },
]
