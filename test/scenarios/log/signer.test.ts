// A log whose keys are in a process of their own: it works as any other, also through kills of either, and a thief
// of the log's process, its data and its guard does not get a fork out of the signer.
import { randomInt } from "node:crypto"
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { expect, test } from "vitest"
import { createSocketChannel } from "../../../src/crypto/signers/signer-channel.ts"
import type { EntryRequest } from "../../../src/entry/kinds/registry.ts"
import {
  countersign,
  PATIENCE,
  type ServedLog,
  serve,
  serveCommand,
  serveInVain,
  start,
} from "../process.ts"
import { countdown, grow, newRequests, writeAll } from "./load.ts"
import { stoppedLog } from "./new-log.ts"
import { adoptingSigner, newSignedLog, type SignerProcess } from "./new-signer.ts"
import { createRecorder } from "./recorder.ts"

const { COUNTERSIGN_SIGNER_KILLS = "6" } = process.env
const kills = Number(COUNTERSIGN_SIGNER_KILLS)

function auditOf(directory: string): readonly { readonly event: string; readonly about: object }[] {
  const text = readFileSync(join(directory, "audit.log"), "utf8")
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
}

async function readiness({ url }: ServedLog): Promise<number> {
  return (await fetch(`${url}/readyz`)).status
}

test("a log without any key takes entries, proves them and shows Rekor's clients its promises", async () => {
  const { data, trust, options, signer, vkeys } = await newSignedLog()
  expect(existsSync(join(data, "keys"))).toBe(false)
  const served = await serve(data, options)
  const recorder = createRecorder(trust)
  await grow(served.client, 300, recorder.keep)
  await grow(served.client, 7, recorder.keep)
  expect(await recorder.audit(served.client)).toBe(307)
  const entry = await fetch(`${served.url}/api/v1/log/entries?logIndex=4`)
  expect(entry.status).toBe(200)
  const [view] = Object.values((await entry.json()) as Record<string, { verification: object }>)
  expect(view?.verification).toMatchObject({ signedEntryTimestamp: expect.any(String) })
  const keys = await countersign("keys", "--data", data, "--signer", signer.uri)
  expect(keys.stdout.trimEnd().split("\n")).toEqual(vkeys)
  const status = await countersign("signer", "status", "--data", signer.data, "--json")
  expect(JSON.parse(status.stdout)).toMatchObject({ size: 307, origin: "log.example.com" })
  expect(auditOf(signer.data).map(({ event }) => event)).toEqual(["start"])
}, 60_000)

test(`${kills} kills of log and signer under load lose no acknowledged entry and fork nothing`, {
  timeout: 60_000 + kills * 20_000,
}, async () => {
  const log = await newSignedLog()
  const { data, trust, options, signer } = log
  const recorder = createRecorder(trust)
  let running: SignerProcess = log.running
  let served = await serve(data, options)
  for (let killed = 0; killed < kills; killed++) {
    const { keep, over } = countdown(1 + randomInt(200), recorder.keep)
    const writing = writeAll(served.client, [1, 1, 1, 1, 7, 40, 60], keep)
    await Promise.race([over, writing])
    await setTimeout(randomInt(12))
    const isSigner = killed % 3 !== 0
    if (isSigner) {
      await running.kill()
      await setTimeout(randomInt(300))
      running = await signer.serve()
      if (killed % 3 === 1) {
        // The log has lived through it.
        await expect.poll(() => readiness(served), PATIENCE).toBe(200)
        const { over: again, keep: keepOn } = countdown(50, recorder.keep)
        void writeAll(served.client, [1, 5], keepOn)
        await again
      }
    }
    await served.kill()
    await writing
    served = await serve(data, options)
    await recorder.audit(served.client)
  }
  const size = await recorder.audit(served.client)
  const status = await countersign("signer", "status", "--data", signer.data, "--json")
  expect(JSON.parse(status.stdout)).toMatchObject({ size })
  const refused = auditOf(signer.data).filter(({ event }) => event === "signer-refused")
  expect(refused).toEqual([])
})

test("while the signer is away, the log goes on reading, takes nothing, and signs when it is back", async () => {
  const log = await newSignedLog()
  const { data, trust, options, signer } = log
  const served = await serve(data, options)
  const recorder = createRecorder(trust)
  await grow(served.client, 5, recorder.keep)
  await log.running.kill()
  const requests = newRequests(3)
  const waiting = served.client.submitBatch(requests)
  await expect.poll(() => readiness(served), PATIENCE).toBe(503)
  // Nobody waits for as long as the signer is away; what was stored by then is in the log all the same.
  for (const outcome of await waiting) {
    expect(outcome).toMatchObject({ error: { code: "try-later" } })
  }
  await expect(grow(served.client, 1)).rejects.toThrow(/nothing is accepted now.*does not answer/)
  expect((await served.client.entry(2)).index).toBe(2)
  expect(await served.client.checkpoint()).toContain("\n5\n")
  await signer.serve()
  await expect.poll(() => readiness(served), PATIENCE).toBe(200)
  for (const [i, outcome] of (await served.client.submitBatch(requests)).entries()) {
    if ("error" in outcome) throw outcome.error
    recorder.keep(requests[i] as EntryRequest, outcome.receipt)
  }
  expect(await recorder.audit(served.client)).toBe(8)
  expect(await served.stop()).toMatchObject({ code: 0 })
}, 60_000)

test("a thief of the log's process gets nothing but the next head out of the signer, and is written down", async () => {
  const { data, options, signer, running } = await newSignedLog()
  const served = await serve(data, options)
  await grow(served.client, 9)
  const note = await served.client.checkpoint()
  await served.kill()
  const channel = createSocketChannel(signer.socket)
  const root = Buffer.alloc(32, 7).toString("base64")
  const text = (size: number, name = "log.example.com") => `${name}\n${size}\n${root}\n`
  const promise = { body: "Zm9yZ2Vk", integratedTime: 1, logID: "00".repeat(32), logIndex: 2 }
  const body = Buffer.from("forged")
  const checkpoint = note.slice(0, note.indexOf("\n\n") + 2) + (note.split("\n\n")[1] ?? "")
  const asked = [
    { ask: "checkpoint", text: text(9), from: 9, proof: [] },
    { ask: "checkpoint", text: text(4), from: 4, proof: [] },
    { ask: "checkpoint", text: text(12), from: 9, proof: [] },
    { ask: "checkpoint", text: text(12, "other.example"), from: 9, proof: [] },
    { ask: "rekor-checkpoint", checkpoint: checkpoint.replace("\n9\n", "\n8\n") },
    { ask: "entry-timestamp", checkpoint, promise, body, proof: [] },
    { ask: "sign", bytes: "cmF3" },
  ] as const
  for (const each of asked) {
    await expect(channel.ask(each as never)).rejects.toMatchObject({ name: "Refusal" })
  }
  channel.close()
  const acts = auditOf(signer.data).filter(({ event }) => event === "signer-refused")
  expect(acts.map(({ about }) => (about as { ask: string }).ask)).toEqual([
    ...["checkpoint", "checkpoint", "checkpoint", "checkpoint"],
    ...["rekor-checkpoint", "entry-timestamp", "none"],
  ])
  const { stderr } = await running.stop()
  expect(stderr.match(/refused to sign: whoever holds the log/g)?.length).toBe(asked.length)
}, 60_000)

test("data, guard and all of an older log, put back together: the signer refuses, and the log says what to do", async () => {
  const { data, guard, folder, options, signer } = await newSignedLog()
  const first = await serve(data, options)
  await grow(first.client, 4)
  await first.stop()
  const copy = join(folder, "copy")
  cpSync(data, join(copy, "data"), { recursive: true })
  cpSync(guard, join(copy, "guard"))
  const second = await serve(data, options)
  await grow(second.client, 4)
  await second.stop()
  rmSync(data, { recursive: true })
  cpSync(join(copy, "data"), data, { recursive: true })
  cpSync(join(copy, "guard"), guard)
  const ended = await serveInVain(data, options)
  expect(ended.code).toBe(1)
  expect(ended.stderr).toContain("the signer refuses: size 4")
  expect(ended.stderr).toContain("an older copy of the data was put in place")
  expect(auditOf(data).map(({ event }) => event)).toContain("signer-refused")
  expect(auditOf(signer.data).map(({ event }) => event)).toContain("signer-refused")
}, 60_000)

test("a log that is there is taken over with its keys, and goes on where its guard stands", async () => {
  const log = await stoppedLog(6)
  const place = await adoptingSigner(log)
  const status = await countersign("signer", "status", "--data", place.data, "--json")
  expect(JSON.parse(status.stdout)).toMatchObject({ size: 6 })
  const options = { words: [...log.options.words, "--signer", place.uri] }
  const running = await place.serve()
  const withKeys = await start(serveCommand(log.data, options)).ended
  expect(withKeys.stderr).toContain("a log with a signer has no keys of its own")
  rmSync(join(log.data, "keys"), { recursive: true })
  const served = await serve(log.data, options)
  const recorder = createRecorder(log.trust)
  await grow(served.client, 5, recorder.keep)
  expect(await recorder.audit(served.client)).toBe(11)
  await served.stop()
  await running.stop()
  // Never a second time over the same memory, and never over none.
  const again = await countersign("signer", "init", "--data", place.data, "--adopt", log.data)
  expect(again).toMatchObject({ code: 1 })
  rmSync(join(place.data, "memory"))
  const forgetful = await place.serveInVain()
  expect(forgetful.stderr).toContain("never starts without what it has signed")
  expect(readdirSync(place.data)).not.toContain("memory")
}, 60_000)

test("two signers do not share a memory, and a log does not take another log's signer", async () => {
  const one = await newSignedLog()
  const second = await one.signer.serveInVain()
  expect(second.code).toBe(1)
  expect(second.stderr).toContain("in use by another process")
  const other = await newSignedLog()
  const words = ["--guard", one.guard, "--signer", other.signer.uri]
  const ended = await serveInVain(one.data, { words })
  expect(ended.stderr).toContain("give the signer that was made for this log")
}, 60_000)

test("a program that is started signs as well, once for all threads", async () => {
  const { data, guard, trust, signer, running } = await newSignedLog()
  await running.stop()
  const program = [process.execPath, join(import.meta.dirname, "../../../dist/cli/main.js")]
  const uri = `exec:${[...program, "signer", "serve", "--data", signer.data, "--stdio"].join(" ")}`
  const served = await serve(data, { words: ["--guard", guard, "--signer", uri] })
  const recorder = createRecorder(trust)
  await grow(served.client, 20, recorder.keep)
  expect(await recorder.audit(served.client)).toBe(20)
  const shown = await fetch(`${served.url}/api/v1/log`)
  expect(shown.status).toBe(200)
  expect(await served.stop()).toMatchObject({ code: 0 })
  const status = await countersign("signer", "status", "--data", signer.data, "--json")
  expect(JSON.parse(status.stdout)).toMatchObject({ size: 20 })
  await one(signer.serve())
}, 60_000)

/** The memory was let go: another process has it. */
async function one(serving: Promise<SignerProcess>): Promise<void> {
  expect(await (await serving).stop()).toMatchObject({ code: 0 })
}
