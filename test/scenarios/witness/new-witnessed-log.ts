// A log with three witnesses, of which two must cosign: its files, their processes, and submitters that wait
// for them.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { createWitnessFiles, witnessDirectory } from "../../../src/cli/witness/directory.ts"
import { verifyReceipt } from "../../../src/client/receipt.ts"
import { openTrusted, type Trust } from "../../../src/client/trust.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { newRequest } from "../log/load.ts"
import { type NewLog, newLog } from "../log/new-log.ts"
import { programCommand, type ServedLog, startServing } from "../process.ts"

export interface StartedWitness {
  readonly data: string
  readonly url: string
  readonly policyLine: string
  stop(): Promise<unknown>
  /** On the same address as before. */
  start(): Promise<void>
}

export interface WitnessedLog extends NewLog {
  readonly witnesses: readonly [StartedWitness, StartedWitness, StartedWitness]
  /** The policy of the log, its verifiers and its monitors. */
  readonly policy: string
  readonly quorum: Trust
  readonly words: readonly string[]
}

async function startWitness(folder: string, name: string, logs: string): Promise<StartedWitness> {
  const data = join(folder, name)
  const origin = parseOrigin(`${name}.example`)
  const made = { name: origin, mlDsa: false, passphrase: undefined, time: Date.now() }
  const [vkey = ""] = await createWitnessFiles(witnessDirectory(data), made)
  let address = "127.0.0.1:0"
  let running: ServedLog | undefined

  async function start(): Promise<void> {
    const words = ["--data", data, "--logs", logs, "--listen", address]
    const served = await startServing([...programCommand, "witness", "serve", ...words])
    if (!("url" in served)) throw new Error(`the witness ended:\n${served.stderr}`)
    running = served
    address = new URL(served.url).host
  }

  await start()
  const url = `http://${address}`
  const policyLine = `witness ${name} ${vkey} ${url}\n`
  return { data, url, policyLine, start, stop: () => running?.stop() ?? Promise.resolve() }
}

/** A log with three running witnesses; it is not served yet. `time` is that of its head, in Unix milliseconds. */
export async function newWitnessedLog({ time = Date.now() } = {}): Promise<WitnessedLog> {
  const log = await newLog({ time })
  const { folder, trust } = log
  const vkeys = "vkeys" in trust ? trust.vkeys : []
  const logLines = vkeys.map((vkey) => `log ${vkey}\n`).join("")
  const logs = join(folder, "logs.policy")
  writeFileSync(logs, `${logLines}quorum none\n`)
  const witnesses = await Promise.all([
    startWitness(folder, "a", logs),
    startWitness(folder, "b", logs),
    startWitness(folder, "c", logs),
  ])
  const lines = witnesses.map(({ policyLine }) => policyLine).join("")
  const text = `${logLines}${lines}group G 2 a b c\nquorum G\n`
  const policy = join(folder, "log.policy")
  writeFileSync(policy, text)
  const times = ["--publish-every-ms", "100", "--witnessed-wait-ms", "3000"]
  const words = [...log.options.words, "--policy", policy, ...times]
  return { ...log, witnesses, policy, quorum: { policy: parsePolicy(text) }, words }
}

/** Submits and waits for witnesses; gives whether they have cosigned. */
export async function submitWaiting(
  { client }: ServedLog,
  trust: Trust,
): Promise<boolean | undefined> {
  const request = newRequest()
  const receipt = await client.submit(request, { witnessed: true })
  if (receipt.witnessed) verifyReceipt(request, receipt, trust)
  return receipt.witnessed
}

/** The size of the checkpoint that the log shows to everybody. */
export async function publishedSize({ client }: ServedLog, trust: Trust): Promise<number> {
  return openTrusted(await client.checkpoint(), trust).size
}
