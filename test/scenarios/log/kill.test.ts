// SIGKILL at random moments under concurrent writers, also while the log recovers from the last one.
// COUNTERSIGN_KILLS sets how many rounds there are, COUNTERSIGN_SEED repeats a run's moments.
import { randomInt } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { expect, test } from "vitest"
import { countersign, type ServedLog, serve, serveCommand, start } from "../process.ts"
import { countdown, writeAll } from "./load.ts"
import { newLog } from "./new-log.ts"
import { createRecorder } from "./recorder.ts"

const { COUNTERSIGN_KILLS = "15", COUNTERSIGN_SEED = String(randomInt(2 ** 31)) } = process.env
const kills = Number(COUNTERSIGN_KILLS)
const seed = Number(COUNTERSIGN_SEED)

/** Entries at once, for each writer: single submissions, and batches that fill tiles. */
const writers = [...Array.from({ length: 16 }, () => 1), 7, 40, 60]

/** Integers from 0 up to but without `end`, the same ones for one seed (mulberry32). */
function createDice(state: number): (end: number) => number {
  let at = state
  return (end) => {
    at = (at + 0x6d2b79f5) | 0
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }
}

test(`${kills} kills (seed ${seed}) lose no acknowledged entry and fork nothing`, {
  timeout: 60_000 + kills * 20_000,
}, async () => {
  const roll = createDice(seed)
  const { data, trust, options } = await newLog()
  const recorder = createRecorder(trust)

  async function killWorking(served: ServedLog): Promise<void> {
    const { keep, over } = countdown(1 + roll(300), recorder.keep)
    const writing = writeAll(served.client, writers, keep)
    await Promise.race([over, writing])
    // Somewhere within the next batch.
    await setTimeout(roll(12))
    expect(await served.kill()).toMatchObject({ signal: "SIGKILL" })
    await writing
  }

  async function killRecovering(): Promise<void> {
    const recovering = start(serveCommand(data, options))
    await setTimeout(roll(800))
    recovering.send("SIGKILL")
    await recovering.ended
  }

  async function audit({ client }: ServedLog): Promise<void> {
    const [size, fsck] = await Promise.all([
      recorder.audit(client),
      countersign("fsck", "--data", data, "--json"),
    ])
    expect(fsck).toMatchObject({ code: 0 })
    expect(JSON.parse(fsck.stdout)).toMatchObject({ size, findings: 0 })
  }

  let served = await serve(data, options)
  for (let killed = 0; killed < kills; killed++) {
    await killWorking(served)
    if (roll(3) === 0) await killRecovering()
    served = await serve(data, options)
    await audit(served)
  }
  expect(recorder.count()).toBeGreaterThanOrEqual(kills)
})
