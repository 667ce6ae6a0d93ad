// A log with three witnesses, all of them real processes: two of the three must cosign.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { fakeWitness } from "../../log/publishing/fake-witnesses.ts"
import { newFolder } from "../../storage/folder.ts"
import { grow, newRequest } from "../log/load.ts"
import { type NewLog, newLog } from "../log/new-log.ts"
import { countersign, PATIENCE, type ServedLog, serve, serveInVain } from "../process.ts"
import {
  newWitnessedLog,
  publishedSize,
  submitWaiting,
  type WitnessedLog,
} from "./new-witnessed-log.ts"

test("publishing goes on with two of three witnesses, stops with one, and catches up", async () => {
  const log = await newWitnessedLog()
  const { quorum } = log
  const [, b, c] = log.witnesses
  let served = await serve(log.data, { words: log.words })
  expect(await submitWaiting(served, quorum)).toBe(true)
  await c.stop()
  expect(await submitWaiting(served, quorum)).toBe(true)
  expect(await publishedSize(served, quorum)).toBe(2)

  await b.stop()
  expect(await submitWaiting(served, quorum)).toBe(false)
  await grow(served.client, 300)
  expect(await publishedSize(served, quorum)).toBe(2)
  const ready = await fetch(`${served.url}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([200, expect.stringContaining("b: unreach")])

  await served.stop()
  served = await serve(log.data, { words: log.words })
  expect(await publishedSize(served, quorum)).toBe(2)
  expect((await served.client.treeHead()).size).toBe(303)

  await b.start()
  expect(await submitWaiting(served, quorum)).toBe(true)
  expect(await publishedSize(served, quorum)).toBe(304)
  const bundle = join(log.folder, "bundle.json")
  writeFileSync(bundle, await served.client.bundle(303))
  expect(readFileSync(bundle, "utf8")).toContain("a.example")
})

test("SIGTERM answers who waits for witnesses that are down", async () => {
  const log = await newLog()
  const policy = join(log.folder, "log.policy")
  const { vkey } = fakeWitness("a", 2)
  writeFileSync(policy, `witness a ${vkey} http://127.0.0.1:1\nquorum a\n`)
  // The server cuts off after ten seconds what is not answered by then.
  const words = [...log.options.words, "--policy", policy, "--witnessed-wait-ms", "25000"]
  const served = await serve(log.data, { words })
  const waiting = submitWaiting(served, log.trust)
  await expect.poll(async () => (await served.client.treeHead()).size, PATIENCE).toBe(1)
  const ended = served.stop()
  expect(await waiting).toBe(false)
  expect(await ended).toMatchObject({ code: 0 })
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
  const log = await newWitnessedLog()
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
  await log.witnesses[0].stop()
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
