// Everything at once, all of it real processes: a log, three witnesses of which two must cosign, and a monitor.
// First witnesses fail, which is nobody's fault; then the log is forked by a copy that goes on.
import { cpSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Trust } from "../../src/client/trust.ts"
import { formatAddCheckpoint } from "../../src/core/note/add-checkpoint.ts"
import { run } from "../cli/command/fake-terminal.ts"
import { newFolder } from "../storage/folder.ts"
import { grow } from "./log/load.ts"
import { type NewMonitor, newMonitor } from "./monitor/new-monitor.ts"
import { countersign, PATIENCE, type ServedLog, serve } from "./process.ts"
import { addCheckpoint } from "./witness/client.ts"
import {
  newWitnessedLog,
  publishedSize,
  type StartedWitness,
  submitWaiting,
  type WitnessedLog,
} from "./witness/new-witnessed-log.ts"

const ORIGIN = "log.example"

function keysOf(findings: readonly { readonly key: string }[]): readonly string[] {
  return findings.map(({ key }) => key)
}

test("witnesses that are down stop publishing and nothing else, and the monitor accuses nobody", async () => {
  const log = await newWitnessedLog()
  const { quorum } = log
  const [a, b, c] = log.witnesses
  const served = await serve(log.data, { words: log.words })
  const monitor = await newMonitor({ policy: log.policy, url: served.url })
  const other = await newMonitor({ policy: log.policy, url: served.url })
  const [following] = await Promise.all([monitor.follow(), submitWaiting(served, quorum)])
  await following.until({ logs: [{ size: 1 }], findings: [] })

  await c.stop()
  expect(await submitWaiting(served, quorum)).toBe(true)
  expect(await publishedSize(served, quorum)).toBe(2)
  const [lost, alsoLost] = ["c", "b"].map((name) => ({
    key: `unreachable ${ORIGIN} witness ${name}`,
  }))
  await following.until({ logs: [{ size: 2 }], findings: [lost] })

  await b.stop()
  expect(await submitWaiting(served, quorum)).toBe(false)
  await grow(served.client, 300)
  expect((await served.client.treeHead()).size).toBe(303)
  expect(await publishedSize(served, quorum)).toBe(2)
  const findings = [alsoLost, lost]
  const followed = following.until({ logs: [{ size: 303 }], findings })
  expect(await other.once()).toMatchObject({ code: 1, status: { findings } })
  await followed

  // Now nobody shows the head any more that only the last witness had cosigned.
  await a.stop()
  expect(await other.once()).toMatchObject({ code: 1, status: { worst: 1 } })
  await Promise.all([a.start(), b.start(), c.start()])
  await expect.poll(() => submitWaiting(served, quorum), PATIENCE).toBe(true)
  const size = await publishedSize(served, quorum)
  expect(size).toBeGreaterThan(303)
  const healed = following.until({ logs: [{ size }], findings: [] })
  expect(await other.once()).toMatchObject({ code: 0, status: { worst: 0, logs: [{ size }] } })
  await healed
  expect(await following.stop()).toMatchObject({ code: 0 })
  // Whoever is slow enough to be told at all is told that somebody is out of reach.
  const told = [...monitor.told(), ...other.told()]
  expect(told.filter(({ kind }) => kind !== "unreachable")).toEqual([])
})

interface ForkedLog {
  readonly honest: ServedLog
  /** Under the same keys, without witnesses, and with a guard that knows of nothing else. */
  readonly copy: ServedLog
  /** Entries that both have. */
  readonly common: number
}

/** Lets a log and a copy of it, guard included, go on side by side. */
async function forkLog(log: WitnessedLog): Promise<ForkedLog> {
  const first = await serve(log.data, { words: log.words })
  await grow(first.client, 3)
  expect(await submitWaiting(first, log.quorum)).toBe(true)
  await first.stop()
  const folder = newFolder()
  const [data, guard] = [join(folder, "data"), join(folder, "guard")]
  cpSync(log.data, data, { recursive: true })
  cpSync(log.guard, guard)
  const [honest, copy] = await Promise.all([
    serve(log.data, { words: log.words }),
    serve(data, { words: ["--guard", guard] }),
  ])
  return { honest, copy, common: 4 }
}

/** Asks a witness to cosign the newest head of a log, with a proof from `oldSize`. */
async function askFor(log: ServedLog, witness: StartedWitness, oldSize: number) {
  const { size, checkpoint: note } = await log.client.treeHead()
  const proof = await log.client.consistency(oldSize, size)
  const body = Buffer.from(formatAddCheckpoint({ oldSize, proof, note })).toString("utf8")
  return await addCheckpoint(witness.url, body)
}

/** Expects an alert with evidence, and gives what a process says of it that has but file and key. */
async function verifiedApart(monitor: NewMonitor, trust: Trust): Promise<unknown> {
  const fork = monitor.told().find(({ kind }) => kind === "fork")
  expect(fork).toMatchObject({ grade: "PROVEN", evidence: { text: expect.any(String) } })
  const file = join(newFolder(), "fork.evidence")
  writeFileSync(file, fork?.evidence?.text ?? "")
  const vkeys = "vkeys" in trust ? trust.vkeys : []
  const key = vkeys.find((vkey) => fork?.evidence?.text?.includes(vkey)) ?? ""
  const verified = await countersign("evidence", "verify", file, "--key", key, "--json")
  expect(verified).toMatchObject({ code: 0 })
  return JSON.parse(verified.stdout)
}

async function unfreeze(witness: StartedWitness): Promise<void> {
  await witness.stop()
  const words = ["witness", "unfreeze", "--data", witness.data, "--origin", ORIGIN]
  expect(await run(words)).toMatchObject({ code: 0 })
  await witness.start()
}

test("a fork is refused by the witnesses, proven by the monitor, and freezes the log until somebody acts", async () => {
  const log = await newWitnessedLog()
  const { quorum, witnesses } = log
  const [a] = witnesses
  const { honest, copy, common } = await forkLog(log)
  expect(await submitWaiting(honest, quorum)).toBe(true)
  await grow(copy.client, 3)
  const ahead = await publishedSize(honest, quorum)
  expect(await askFor(copy, a, common)).toEqual({ status: 409, text: `${ahead}\n` })
  expect(await askFor(copy, a, ahead)).toMatchObject({ status: 422 })
  // Anyone can make a proof that does not fit: it convicts nobody.
  expect(await submitWaiting(honest, quorum)).toBe(true)

  const sinks = witnesses.map(({ url }) => `witness ${url}`)
  const monitor = await newMonitor({ policy: log.policy, url: honest.url, sinks })
  const following = await monitor.follow()
  await following.until({ worst: 0, logs: [{ size: 6 }] })
  expect(await following.stop()).toMatchObject({ code: 0 })
  const round = await monitor.once("--mirror", `copy=${copy.url}`)
  const proven = round.status.findings.filter(({ grade }) => grade === "PROVEN")
  expect([round.code, keysOf(proven)]).toEqual([3, [`fork ${ORIGIN}`]])
  const kind = "fork"
  const verified = { verified: true, kind, origin: ORIGIN, freezes: true }
  expect(await verifiedApart(monitor, log.trust)).toMatchObject(verified)

  const frozen = await Promise.all(witnesses.map((witness) => askFor(honest, witness, 6)))
  for (const answer of frozen) {
    expect(answer).toEqual({
      status: 422,
      text: expect.stringContaining("it is proven to have lied"),
    })
  }
  expect(await submitWaiting(honest, quorum)).toBe(false)
  expect(await publishedSize(honest, quorum)).toBe(6)
  expect(await (await fetch(`${honest.url}/readyz`)).text()).toContain("a: refuses")

  await copy.stop()
  await Promise.all(witnesses.map(unfreeze))
  await expect.poll(() => submitWaiting(honest, quorum), PATIENCE).toBe(true)
  expect(await publishedSize(honest, quorum)).toBeGreaterThan(7)
})
