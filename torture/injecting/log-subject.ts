// A log that starts, takes some entries and is stopped; and one that is made. Whatever failed meanwhile: it ended or went
// on, within seconds, and what it acknowledged is there at the next start.

import { join } from "node:path"
import { newEntry, submit } from "../recording/entries.ts"
import { createLedger } from "../recording/ledger.ts"
import { logWords, ORIGIN } from "../recording/log-run.ts"
import { holdServed } from "../recording/served-log.ts"
import { type Running, runToEnd, startProgram, untilServing } from "../recording/tracing.ts"
import type { Subject, Worked } from "./subject.ts"

/** Far more than an end takes, on a machine that has much else to do. */
const END_MS = 15_000
const END_TEXT = 1_000
const BATCHES = [1, 3, 260, 1]

const initWords = (folder: string): readonly string[] => [
  ...["init", "--data", join(folder, "data"), "--guard", join(folder, "guard", "head")],
  ...["--origin", ORIGIN],
]

function vkeysIn(text: string): string[] {
  return [...text.matchAll(/^verifier key: (.*)$/gm)].map(([, vkey = ""]) => vkey)
}

/** Whether a program still answers or has ended; what neither answers nor ends within the limit hangs. */
async function endOf(running: Running, what: string): Promise<readonly string[]> {
  const { hung } = await running.within(END_MS)
  return hung ? [`hangs: ${what}, and it did not end within ${END_MS / 1_000} s`] : []
}

async function startedAgain(
  program: string,
  folder: string,
  hold: (url: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const log = startProgram(program, logWords(folder))
  try {
    const url = await untilServing(log)
    if (typeof url !== "string") return [`it does not start again: ${url.code} ${url.stderr}`]
    const broken = await hold(url)
    const { status, text } = await submit(url, [newEntry()])
    return status === 201 ? broken : [...broken, `it takes nothing again: ${status} ${text}`]
  } catch (reason) {
    log.send("SIGTERM")
    const { code, signal, stderr } = await log.within(END_MS)
    return [`${String(reason)}; it ended with ${code ?? signal}: ${stderr.slice(-END_TEXT)}`]
  } finally {
    log.send("SIGKILL")
    await log.within(END_MS)
  }
}

export function servedLog(program: string): Subject {
  let vkeys: readonly string[] = []

  async function work(folder: string, under: readonly string[]): Promise<Worked> {
    const ledger = createLedger()
    const log = startProgram(program, logWords(folder), under)
    const url = await untilServing(log)
    const broken: string[] = []
    if (typeof url === "string") {
      let unanswered: string | undefined
      for (const count of BATCHES) {
        const entries = Array.from({ length: count }, newEntry)
        const answer = await submit(url, entries).catch((reason: unknown) => String(reason))
        if (typeof answer === "string") unanswered = answer
        else for (const receipt of answer.receipts) ledger.acknowledged(receipt)
        if (unanswered !== undefined) break
      }
      // A request that found no answer is the end of the process, which is on its way.
      if (unanswered === undefined) log.send("SIGTERM")
      broken.push(...(await endOf(log, unanswered ?? "it was told to stop")))
    } else if (url.hung) broken.push("hangs: it neither served nor ended")
    const audit = () => startedAgain(program, folder, (at) => holdServed(at, ledger, vkeys))
    return { broken, audit }
  }

  return {
    name: "log",
    checked: "ended or went on, nothing acknowledged lost, one history, starts again by itself",
    async prepare(folder) {
      const { stdout } = await runToEnd(program, initWords(folder))
      vkeys = vkeysIn(stdout)
      await startedAgain(program, folder, async () => [])
    },
    work,
    close: async () => {},
  }
}

export function madeLog(program: string): Subject {
  return {
    name: "log-made",
    checked: "ended, and a log that was said to be made serves",
    prepare: async () => {},
    async work(folder, under) {
      const init = startProgram(program, initWords(folder), under)
      const { code, hung, stdout } = await init.within(END_MS * 2)
      const broken = hung ? ["hangs: init did not end"] : []
      const hold = (url: string) => holdServed(url, createLedger(), vkeysIn(stdout))
      const audit = async () => (code === 0 ? await startedAgain(program, folder, hold) : [])
      return { broken, audit }
    },
    close: async () => {},
  }
}
