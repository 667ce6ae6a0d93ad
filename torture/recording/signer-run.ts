// Records a signer with a memory of its own: made, served, and asked by a log until it is killed; and what of it must be
// there after a loss of power: a memory that is not behind any head that it has signed.
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Dice } from "../dice.ts"
import type { DiskState } from "./disk.ts"
import { ask, newEntry, submit } from "./entries.ts"
import { headOf } from "./ledger.ts"
import { logWords, ORIGIN } from "./log-run.ts"
import { layOut, type Recording, readRecording } from "./recording.ts"
import { type Running, runToEnd, startProgram, tracing, untilServing } from "./tracing.ts"
import type { Cosigned } from "./witness-run.ts"

const END_MS = 60_000
const START_LIMIT_MS = 40_000
const MOST_ENTRIES = 12

/** A head that a signer has signed, for whoever asked. */
export type Signed = Cosigned

const NOTE = /\{"note":("(?:[^"\\]|\\.)*")/g

/** The largest head of the notes in what a signer said. */
export function signedIn(said: string): Signed | undefined {
  const heads = [...said.matchAll(NOTE)].map(([, note = ""]) => headOf(JSON.parse(note) as string))
  return heads.sort((a, b) => a.size - b.size).at(-1)
}

/** Resolves once a signer says that it signs. */
function untilSigning(signer: Running): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ""
    const late = setTimeout(signer.abandon, START_LIMIT_MS)
    signer.child.stderr?.on("data", (chunk: string) => {
      text += chunk
      if (!text.includes('"msg":"signing"')) return
      clearTimeout(late)
      resolve()
    })
    signer.ended.then(({ stderr }) => {
      clearTimeout(late)
      reject(new Error(`the signer ended: ${stderr}`))
    }, reject)
  })
}

interface SignerRunOptions {
  readonly program: string
  readonly name: string
  /** Empty; the signer's directory is made in it. */
  readonly folder: string
  /** Empty; for a log that is not recorded. */
  readonly beside: string
  readonly batches: number
  readonly dice: Dice
}

/** Has a log made and served that asks the signer at `socket`, and gives it entries in batches. */
async function askByLog(socket: string, { program, beside, batches, dice }: SignerRunOptions) {
  const signer = ["--signer", socket]
  const files = ["--data", join(beside, "data"), "--guard", join(beside, "guard", "head")]
  await runToEnd(program, ["init", ...files, "--origin", ORIGIN, ...signer])
  const log = startProgram(program, [...logWords(beside), ...signer])
  try {
    const url = await untilServing(log)
    if (typeof url !== "string") throw new Error(`the log ended: ${url.stderr}`)
    for (let batch = 0; batch < batches; batch++) {
      const entries = Array.from({ length: 1 + dice(MOST_ENTRIES) }, newEntry)
      const { status, text, receipts } = await submit(url, entries)
      if (receipts.length === 0) throw new Error(`not taken: ${status} ${text}`)
      await ask(`${url}/v1/tree-head`)
    }
  } finally {
    log.send("SIGKILL")
    await log.within(END_MS)
  }
}

export async function recordSigner(options: SignerRunOptions): Promise<Recording<Signed>> {
  const { program, folder, name } = options
  const traces = [join(folder, "..", `${name}-made.trace`), join(folder, "..", `${name}.trace`)]
  const [made = "", served = ""] = traces
  const data = ["--data", join(folder, "data")]
  await runToEnd(program, ["signer", "init", ...data, "--origin", ORIGIN], tracing(made))
  const socket = `unix:${join(folder, "..", "asked")}`
  const words = ["signer", "serve", ...data, "--listen", socket]
  const signer = startProgram(program, words, tracing(served))
  await untilSigning(signer)
  await askByLog(socket, options)
  signer.kill()
  await signer.within(END_MS)
  const { events, ends } = await readRecording(traces, { root: folder }, signedIn)
  return { name, root: folder, before: new Map(), events, from: ends[0] ?? 0 }
}

export type SignerProgram = Awaited<ReturnType<typeof loadSignerProgram>>

export async function loadSignerProgram(program: string) {
  const module: typeof import("../../src/cli/signer/directory.ts") = await import(
    pathToFileURL(`${program}/dist/cli/signer/directory.js`).href
  )
  return module
}

interface SignerJudging {
  readonly program: SignerProgram
  /** Emptied for each state. */
  readonly folder: string
  /** What was signed by now. */
  readonly signed: readonly Signed[]
}

/** What is broken in a state: the signer is opened as its start does. */
export async function judgeSignerState(
  { program, folder, signed }: SignerJudging,
  state: DiskState,
): Promise<readonly string[]> {
  layOut(state, folder)
  const closers: (() => unknown)[] = []
  try {
    const directory = program.signerDirectory(join(folder, "data"))
    const signer = await program.openSigner(directory, undefined, closers as never)
    const { size, root } = signer.head()
    return judge({ size, root: Buffer.from(root).toString("hex") }, signed)
  } catch (reason) {
    return [`it does not start: ${reason instanceof Error ? reason.message : String(reason)}`]
  } finally {
    for (const close of closers.toReversed()) {
      await Promise.resolve()
        .then(close)
        .catch(() => {})
    }
  }
}

function judge(remembered: Signed, signed: readonly Signed[]): string[] {
  const most = Math.max(0, ...signed.map(({ size }) => size))
  const behind =
    remembered.size < most ? [`signed was size ${most}, remembered is ${remembered.size}`] : []
  const other = signed.find(
    ({ size, root }) => size === remembered.size && root !== remembered.root,
  )
  return other === undefined
    ? behind
    : [...behind, `signed was ${other.root} at size ${other.size}, found ${remembered.root}`]
}
