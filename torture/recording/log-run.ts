// Records a log: made, served, and given entries in batches of several sizes, some of them by senders who wait for a
// witness, until it is killed.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Dice } from "../dice.ts"
import type { DiskState } from "./disk.ts"
import { ask, newEntry, newLongEntry, type Receipt, submit } from "./entries.ts"
import { headOf } from "./ledger.ts"
import { type Recording, readRecording } from "./recording.ts"
import { runToEnd, startProgram, tracing, untilServing } from "./tracing.ts"

export const ORIGIN = "power.example"
const END_MS = 60_000

/** What a log told others. */
export type LogTold =
  | { readonly kind: "receipts"; readonly receipts: readonly Receipt[] }
  /** A signed head; `isPublished` where everyone was shown it. */
  | { readonly kind: "head"; readonly checkpoint: string; readonly isPublished: boolean }

/** A checkpoint and what proves to a witness that it extends the one before. */
export interface Shown {
  readonly checkpoint: string
  readonly size: number
  /** Base64, from the checkpoint before. */
  readonly proof: readonly string[]
}

export interface LogRun {
  readonly recording: Recording<LogTold>
  readonly vkeys: readonly string[]
  readonly shown: readonly Shown[]
}

interface LogRunOptions {
  readonly program: string
  readonly name: string
  /** Empty; data and guard are made in it. */
  readonly folder: string
  readonly batches: number
  readonly dice: Dice
  /** Bytes of an envelope that is kept with each batch; 0 for none. */
  readonly longEntry?: number
  /** A line of a policy that names a witness which cosigns this log. */
  readonly witness?: (vkeys: readonly string[]) => Promise<string>
}

const RAW_CHECKPOINT = /[^\s]+\n\d+\n[A-Za-z0-9+/]{43}=\n(?:\n.*\n)?/s
const LEAF_HASH = /"leafHash":"([0-9a-f]{64})"/

export const logWords = (folder: string): readonly string[] => [
  ...["serve", "--data", join(folder, "data"), "--guard", join(folder, "guard", "head")],
  ...["--listen", "127.0.0.1:0", "--min-free-bytes", "0"],
]

/** Finds in what a log said which of the receipts it was, or which checkpoint. */
export function createHearing(receipts: readonly (readonly Receipt[])[], publishes: boolean) {
  const byLeafHash = new Map(receipts.map((some) => [some[0]?.leafHash, some]))
  return (said: string): LogTold | undefined => {
    const [, leafHash] = LEAF_HASH.exec(said) ?? []
    const found = leafHash === undefined ? undefined : byLeafHash.get(leafHash)
    if (found !== undefined) {
      byLeafHash.delete(leafHash)
      return { kind: "receipts", receipts: found }
    }
    const [checkpoint] = RAW_CHECKPOINT.exec(said) ?? []
    if (checkpoint === undefined) return undefined
    return { kind: "head", checkpoint, isPublished: publishes && said.startsWith("HTTP/1.1 200") }
  }
}

async function consistency(url: string, from: number, to: number): Promise<readonly string[]> {
  if (from === 0 || from === to) return []
  const { text } = await ask(`${url}/v1/proofs/consistency?from=${from}&to=${to}`)
  const { hashes } = JSON.parse(text) as { readonly hashes: readonly string[] }
  return hashes.map((hash) => Buffer.from(hash, "hex").toString("base64"))
}

interface Loaded {
  readonly receipts: (readonly Receipt[])[]
  readonly shown: Shown[]
}

/** Submits batches of several sizes, two at a time now and then. */
async function load(url: string, options: LogRunOptions, waits: boolean): Promise<Loaded> {
  const { batches, dice, longEntry = 0 } = options
  const receipts: (readonly Receipt[])[] = []
  const shown: Shown[] = []
  for (let batch = 0; batch < batches; batch++) {
    const count = dice(4) === 0 ? 1 : 1 + dice(24)
    const entries = Array.from({ length: count }, newEntry)
    if (longEntry > 0) entries.push(newLongEntry(longEntry))
    const query = waits && dice(3) === 0 ? "?witnessed=true" : ""
    const answers = await Promise.all([
      submit(url, entries, query),
      ...(dice(3) === 0 ? [submit(url, [newEntry()])] : []),
    ])
    for (const answer of answers) {
      if (answer.receipts.length === 0)
        throw new Error(`not taken: ${answer.status} ${answer.text}`)
      receipts.push(answer.receipts)
    }
    // Whoever reads it has been shown what is published.
    await ask(`${url}/checkpoint`)
    const { text } = await ask(`${url}/v1/tree-head`)
    const { checkpoint } = JSON.parse(text) as { readonly checkpoint: string }
    const { size } = headOf(checkpoint)
    const before = shown.at(-1)?.size ?? 0
    shown.push({ checkpoint, size, proof: await consistency(url, before, size) })
  }
  return { receipts, shown }
}

/** Makes and serves a log under strace, kills it after the last batch, and reads what it did. */
export async function recordLog(options: LogRunOptions): Promise<LogRun> {
  const { program, folder, name, witness } = options
  const traces = [join(folder, "..", `${name}-made.trace`), join(folder, "..", `${name}.trace`)]
  const [made = "", served = ""] = traces
  const files = ["--data", join(folder, "data"), "--guard", join(folder, "guard", "head")]
  const { stdout } = await runToEnd(program, ["init", ...files, "--origin", ORIGIN], tracing(made))
  const vkeys = [...stdout.matchAll(/^verifier key: (.*)$/gm)].map(([, vkey = ""]) => vkey)
  const words = [...logWords(folder)]
  if (witness !== undefined) {
    const policy = join(folder, "..", `${name}.policy`)
    writeFileSync(policy, await witness(vkeys))
    words.push("--policy", policy)
  }
  const log = startProgram(program, words, tracing(served))
  const url = await untilServing(log)
  if (typeof url !== "string") throw new Error(`the log ended: ${url.stderr}`)
  const { receipts, shown } = await load(url, options, witness !== undefined)
  log.kill()
  await log.within(END_MS)
  const hearing = createHearing(receipts, witness !== undefined)
  const { events, ends } = await readRecording(traces, { root: folder }, hearing)
  const from = ends[0] ?? 0
  return { recording: { name, root: folder, before: new Map(), events, from }, vkeys, shown }
}

/** Records a start over a state of the disk, until it serves and is killed. */
export async function recordStart(
  program: string,
  {
    name,
    folder,
    state,
  }: { readonly name: string; readonly folder: string; readonly state: DiskState },
): Promise<Recording<LogTold>> {
  const trace = `${folder}.trace`
  const log = startProgram(program, logWords(folder), tracing(trace))
  const url = await untilServing(log)
  if (typeof url !== "string") throw new Error(`the log ended: ${url.stderr}`)
  log.kill()
  await log.within(END_MS)
  const before = { root: folder, before: state }
  const { events } = await readRecording([trace], before, createHearing([], false))
  return { name, ...before, events, from: 0 }
}
