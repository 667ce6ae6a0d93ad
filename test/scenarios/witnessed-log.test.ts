// A log with three witnesses, all of them real processes: two of the three must cosign.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { verifyReceipt } from "../../src/client/receipt.ts"
import { openTrusted, type Trust } from "../../src/client/trust.ts"
import { parsePolicy } from "../../src/core/policy.ts"
import { newFolder } from "../storage/folder.ts"
import { grow, newRequest } from "./load.ts"
import { type NewLog, newLog } from "./new-log.ts"
import {
  countersign,
  programCommand,
  type ServedLog,
  serve,
  serveInVain,
  startServing,
} from "./process.ts"

interface Witness {
  readonly url: string
  readonly policyLine: string
  stop(): Promise<unknown>
  /** On the same address as before. */
  start(): Promise<void>
}

interface WitnessedLog extends NewLog {
  readonly witnesses: readonly Witness[]
  readonly policy: string
  readonly quorum: Trust
  readonly words: readonly string[]
}

async function newWitness(folder: string, name: string, logs: string): Promise<Witness> {
  const data = join(folder, name)
  const made = await countersign("witness", "init", "--data", data, "--name", `${name}.example`)
  const [, vkey = ""] = /verifier key: (\S+)/.exec(made.stdout) ?? []
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
  return { url, policyLine, start, stop: () => running?.stop() ?? Promise.resolve() }
}

/** A log with three running witnesses; it is not served yet. */
async function witnessedLog(): Promise<WitnessedLog> {
  const log = await newLog()
  const { folder, trust } = log
  const vkeys = "vkeys" in trust ? trust.vkeys : []
  const logLines = vkeys.map((vkey) => `log ${vkey}\n`).join("")
  const logs = join(folder, "logs.policy")
  writeFileSync(logs, `${logLines}quorum none\n`)
  const names = ["a", "b", "c"]
  const witnesses = await Promise.all(names.map((name) => newWitness(folder, name, logs)))
  const lines = witnesses.map(({ policyLine }) => policyLine).join("")
  const text = `${logLines}${lines}group G 2 a b c\nquorum G\n`
  const policy = join(folder, "log.policy")
  writeFileSync(policy, text)
  const times = ["--publish-every-ms", "100", "--witnessed-wait-ms", "3000"]
  const words = [...log.options.words, "--policy", policy, ...times]
  return { ...log, witnesses, policy, quorum: { policy: parsePolicy(text) }, words }
}

/** Submits and waits for witnesses; gives whether they have cosigned. */
async function submitWaiting({ client }: ServedLog, trust: Trust): Promise<boolean | undefined> {
  const request = newRequest()
  const receipt = await client.submit(request, { witnessed: true })
  if (receipt.witnessed) verifyReceipt(request, receipt, trust)
  return receipt.witnessed
}

async function publishedSize({ client }: ServedLog, trust: Trust): Promise<number> {
  return openTrusted(await client.checkpoint(), trust).size
}

test("publishing goes on with two of three witnesses, stops with one, and catches up", async () => {
  const log = await witnessedLog()
  const { quorum } = log
  const [, b, c] = log.witnesses
  let served = await serve(log.data, { words: log.words })
  expect(await submitWaiting(served, quorum)).toBe(true)
  await c?.stop()
  expect(await submitWaiting(served, quorum)).toBe(true)
  expect(await publishedSize(served, quorum)).toBe(2)

  await b?.stop()
  expect(await submitWaiting(served, quorum)).toBe(false)
  await grow(served.client, 300)
  expect(await publishedSize(served, quorum)).toBe(2)
  const ready = await fetch(`${served.url}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([200, expect.stringContaining("b: unreach")])

  await served.stop()
  served = await serve(log.data, { words: log.words })
  expect(await publishedSize(served, quorum)).toBe(2)
  expect((await served.client.treeHead()).size).toBe(303)

  await b?.start()
  expect(await submitWaiting(served, quorum)).toBe(true)
  expect(await publishedSize(served, quorum)).toBe(304)
  const bundle = join(log.folder, "bundle.json")
  writeFileSync(bundle, await served.client.bundle(303))
  expect(readFileSync(bundle, "utf8")).toContain("a.example")
})

/** Copies of everything that the log has, its guard and its published checkpoint included. */
function backup({ data, guard }: NewLog): () => void {
  const copy = newFolder()
  cpSync(data, join(copy, "data"), { recursive: true })
  cpSync(guard, join(copy, "guard"))
  return () => {
    rmSync(data, { recursive: true })
    cpSync(join(copy, "data"), data, { recursive: true })
    cpSync(join(copy, "guard"), guard)
  }
}

/** A log that was put back to an older copy, guard included; its witnesses have seen `seen` entries. */
async function restoredLog(kept: number, seen: number): Promise<WitnessedLog> {
  const log = await witnessedLog()
  let served = await serve(log.data, { words: log.words })
  await grow(served.client, kept)
  await served.stop()
  const restore = backup(log)
  served = await serve(log.data, { words: log.words })
  await grow(served.client, seen - kept - 1)
  expect(await submitWaiting(served, log.quorum)).toBe(true)
  await served.stop()
  restore()
  return log
}

test("an older copy of a log is refused by what its witnesses hold, even with an older guard", async () => {
  const log = await restoredLog(3, 8)
  const refused = await serveInVain(log.data, { words: log.words })
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain("an older copy of the database was put in place")

  await Promise.all(log.witnesses.slice(1).map((witness) => witness.stop()))
  expect((await serveInVain(log.data, { words: log.words })).code).toBe(1)
  await log.witnesses[0]?.stop()
  const checked = [...log.words, "--require-witness-check"]
  const unchecked = await serveInVain(log.data, { words: checked })
  expect(unchecked.stderr).toContain("does not say what it holds of this log")
})

test("a log that went on from an older copy stops when its witnesses come back, with evidence", async () => {
  const log = await restoredLog(3, 8)
  await Promise.all(log.witnesses.map((witness) => witness.stop()))
  const served = await serve(log.data, { words: log.words })
  await grow(served.client, 20)
  await Promise.all(log.witnesses.map((witness) => witness.start()))
  const refusal = await untilRefused(served)
  expect(refusal).toContain("forked")
  const health = await fetch(`${served.url}/healthz`)
  expect(await health.json()).toMatchObject({ accepting: false, publishing: { quorum: false } })
  expect((await served.client.entry(20)).index).toBe(20)
  const ended = await served.stop()
  expect(ended.stderr).toContain("the evidence was kept")

  const folder = join(log.data, "evidence")
  const [file = ""] = readdirSync(folder)
  const verified = await countersign("evidence", "verify", join(folder, file), "--json")
  expect(verified).toMatchObject({ code: 0 })
  expect(JSON.parse(verified.stdout)).toMatchObject({ kind: "fork", origin: "log.example" })
})

/** Submits until the log takes no more; gives what it says then. */
async function untilRefused({ client }: ServedLog): Promise<string> {
  for (;;) {
    try {
      await client.submit(newRequest())
    } catch (error) {
      return String(error)
    }
  }
}
