// Time and trouble: what a witness does over a restart, under a clock that was put back, and when its store
// or its key fails.
import { describe, expect, test } from "vitest"
import { Trouble } from "../../src/core/base/errors.ts"
import { formatBase64 } from "../../src/core/base/text.ts"
import { formatVkey } from "../../src/core/note/note.ts"
import { createClock } from "../../src/core/time/clock.ts"
import type { Cosigner } from "../../src/witness/cosigning.ts"
import type { WitnessOptions } from "../../src/witness/witness.ts"
import { createMemoryWitnessStore } from "../storage/memory/witness-store.ts"
import { startTime, startWitness, storeAt, timeOf } from "./running-witness.ts"
import { createTestLog, testCosigner } from "./test-log.ts"

const log = createTestLog()

describe("a restart", () => {
  test("cosigns what is held again, at the present time", async () => {
    const { witness, store } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    const again = await startWitness({ store }, { time: startTime + 60 })
    const shown = again.witness.checkpoint(log.origin) ?? ""
    expect(shown.startsWith(log.note(6))).toBe(true)
    expect(timeOf(log.text(6), shown.slice(log.note(6).length))).toBe(startTime + 60)
    expect((await store.heads())[0]?.time).toBe(startTime + 60)
  })

  test("goes on after a stop between storing and signing: a conflict names the stored size", async () => {
    const cosigner: Cosigner = { ...testCosigner(), sign: () => new Promise(() => undefined) }
    const { witness, store } = await startWitness({ cosigners: [cosigner] })
    let answered = false
    void witness.addCheckpoint(log.request(0, 6)).finally(() => {
      answered = true
    })
    while ((await store.heads()).length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    const again = await startWitness({ store })
    await expect(again.witness.addCheckpoint(log.request(0, 6))).rejects.toMatchObject({ size: 6 })
    const { lines } = await again.witness.addCheckpoint(log.request(6, 9))
    expect(timeOf(log.text(9), lines)).toBe(startTime)
  })

  test("asks a key for one signature at a time, however many logs there are", async () => {
    const logs = Array.from({ length: 20 }, (_, i) => createTestLog({ origin: `log${i}.example` }))
    const configured = logs.map(({ origin, vkey }) => ({ origin, vkeys: [vkey] }))
    const { witness, store } = await startWitness({ logs: configured })
    await Promise.all(logs.map((each) => witness.addCheckpoint(each.request(0, 3))))
    const good = testCosigner()
    let underWay = 0
    const cosigner: Cosigner = {
      vkey: good.vkey,
      async sign(...asked) {
        if (underWay > 0) throw new Trouble("busy", "one at a time")
        underWay += 1
        await new Promise((resolve) => setImmediate(resolve))
        underWay -= 1
        return await good.sign(...asked)
      },
    }
    const again = await startWitness({ store, logs: configured, cosigners: [cosigner] })
    expect(logs.every(({ origin }) => again.witness.checkpoint(origin) !== undefined)).toBe(true)
  })

  test("leaves logs alone that are cosigned here no more", async () => {
    const { witness, store } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    const other = createTestLog({ origin: "other.example" })
    const logs = [{ origin: other.origin, vkeys: [other.vkey] }]
    const again = await startWitness({ store, logs }, { time: startTime + 60 })
    expect(again.witness.checkpoint(log.origin)).toBeUndefined()
    expect((await store.heads())[0]?.time).toBe(startTime)
    expect(again.witness.status()).toEqual({
      logs: [{ origin: other.origin, vkeys: [formatVkey(other.vkey)], size: 0, time: 0 }],
    })
  })
})

describe("a clock that was put back", () => {
  /** A witness whose clock is held against one that goes on. */
  async function watched(options: Partial<WitnessOptions> = {}) {
    const clock = { time: startTime }
    const passed = { seconds: 0 }
    const believing = createClock({
      wall: () => clock.time * 1_000,
      steady: () => passed.seconds * 1_000,
    })
    return { ...(await startWitness({ ...options, clock: believing }, clock)), passed }
  }

  test.each([
    ["by a second", startTime - 1],
    ["by an hour", startTime - 3_600],
    ["by years", 1],
    ["to nothing", 0],
    ["to half a second", startTime + 0.5],
  ])("%s: the newest time is signed on until it has caught up", async (_, time) => {
    const { witness, clock, passed } = await watched()
    await witness.addCheckpoint(log.request(0, 6))
    clock.time = time
    for (const [from, to] of [
      [6, 6],
      [6, 9],
    ] as const) {
      const { lines } = await witness.addCheckpoint(log.request(from, to))
      expect(timeOf(log.text(to), lines)).toBe(startTime)
    }
    expect(witness.status()).toMatchObject({ logs: [{ size: 9, time: startTime }] })
    clock.time = startTime + 30
    passed.seconds = 30
    const { lines } = await witness.addCheckpoint(log.request(9, 9))
    expect(timeOf(log.text(9), lines)).toBe(startTime + 30)
  })

  test.each([
    ["to no number", Number.NaN],
    ["by two days, with nothing to tell that it went back", startTime - 2 * 86_400],
  ])("%s: nothing is signed, and it is said to come back", async (_, time) => {
    const { witness, clock } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    clock.time = time
    for (const size of [6, 9]) {
      const refused = witness.addCheckpoint(log.request(6, size))
      await expect(refused).rejects.toMatchObject({ name: "Refusal", code: "try-later" })
    }
    expect(witness.status()).toMatchObject({ logs: [{ size: 6, time: startTime }] })
    clock.time = startTime
    await witness.addCheckpoint(log.request(6, 9))
  })

  test("holds over a restart, also for a time that was signed without a new size", async () => {
    const { witness, store, clock } = await startWitness()
    await witness.addCheckpoint(log.request(0, 6))
    clock.time += 1_000
    await witness.addCheckpoint(log.request(6, 6))
    const again = await startWitness({ store }, { time: startTime + 900 })
    expect(again.witness.status().standing).toContain("which stands until the clock has caught up")
    const standing = await again.witness.addCheckpoint(log.request(6, 7))
    expect(timeOf(log.text(7), standing.lines)).toBe(startTime + 1_000)
    again.clock.time += 101
    const { lines } = await again.witness.addCheckpoint(log.request(7, 9))
    expect(timeOf(log.text(9), lines)).toBe(startTime + 1_001)
  })

  test("is no matter for a log that was never cosigned", async () => {
    const other = createTestLog({ origin: "other.example" })
    const logs = [log, other].map(({ origin, vkey }) => ({ origin, vkeys: [vkey] }))
    const { witness } = await startWitness({ logs, store: await storeAt(log, 6, startTime + 9) })
    const { lines } = await witness.addCheckpoint(other.request(0, 6))
    expect(timeOf(other.text(6), lines)).toBe(startTime)
  })
})

describe("a clock that went forward", () => {
  const decade = 10 * 365 * 86_400

  test("for a moment signs nothing at that time, and all goes on afterwards", async () => {
    const clock = { time: startTime }
    const wall = () => clock.time * 1_000
    const believing = createClock({ wall, steady: () => 0 })
    const { witness } = await startWitness({ clock: believing }, clock)
    await witness.addCheckpoint(log.request(0, 6))
    clock.time += decade
    const refused = witness.addCheckpoint(log.request(6, 9))
    await expect(refused).rejects.toMatchObject({
      code: "try-later",
      message: expect.stringContaining("the clock went 3650 days forward at once"),
    })
    expect(witness.status().doubt).toContain("operating.md")
    clock.time -= decade
    const { lines } = await witness.addCheckpoint(log.request(6, 9))
    expect(timeOf(log.text(9), lines)).toBe(startTime)
    expect(witness.status().doubt).toBeUndefined()
  })

  test("while the witness was off is doubted at the start, until an operator names the day", async () => {
    const store = await storeAt(log, 6, startTime)
    const clock = { time: startTime + decade }
    const doubting = await startWitness({ store }, clock)
    expect(doubting.witness.checkpoint(log.origin)).toBeUndefined()
    await expect(doubting.witness.addCheckpoint(log.request(6, 9))).rejects.toMatchObject({
      code: "try-later",
    })
    const wall = () => clock.time * 1_000
    const named = createClock({ wall, steady: () => 0, accepts: (time) => time === wall() })
    const { witness } = await startWitness({ store, clock: named }, clock)
    const { lines } = await witness.addCheckpoint(log.request(6, 9))
    expect(timeOf(log.text(9), lines)).toBe(startTime + decade)
  })
})

describe("trouble", () => {
  test("with the store ends the signing for good; what was given out can still be read", async () => {
    const store = createMemoryWitnessStore()
    const broken = { fails: false }
    const { witness } = await startWitness({
      store: {
        ...store,
        async advance(advances) {
          if (broken.fails) throw new Trouble("disk", "no space")
          return await store.advance(advances)
        },
      },
    })
    await witness.addCheckpoint(log.request(0, 6))
    const shown = witness.checkpoint(log.origin)
    expect(witness.status()).not.toHaveProperty("stopped")
    broken.fails = true
    const failed = [log.request(6, 9), log.request(6, 6), log.request(2, 6)]
    for (const reason of await Promise.allSettled(
      failed.map((body) => witness.addCheckpoint(body)),
    )) {
      expect(reason).toMatchObject({ status: "rejected", reason: { message: "no space" } })
    }
    broken.fails = false
    await expect(witness.addCheckpoint(log.request(6, 9))).rejects.toMatchObject({
      name: "Trouble",
      message: expect.stringMatching(/until it is started again.*no space/),
    })
    expect(witness.checkpoint(log.origin)).toBe(shown)
    expect(witness.status()).toMatchObject({ stopped: expect.stringMatching(/no space/) })
    const again = await startWitness({ store })
    await again.witness.addCheckpoint(log.request(6, 9))
  })

  test("while evidence is kept ends the signing as well, and the log is frozen all the same", async () => {
    const store = createMemoryWitnessStore()
    const convict = () => Promise.reject(new Trouble("disk", "no space"))
    const { witness } = await startWitness({ store: { ...store, convict } })
    await witness.addCheckpoint(log.request(0, 6))
    const forked = createTestLog({ forkedAt: 1 })
    await expect(witness.addCheckpoint(forked.request(6, 6))).rejects.toThrow(/no space/)
    expect(witness.status()).toMatchObject({
      stopped: expect.anything(),
      logs: [{ frozen: { cause: "proven" } }],
    })
  })

  test("with a key is the request's own; the next one is signed", async () => {
    const good = testCosigner()
    const key = { fails: true }
    const cosigner: Cosigner = {
      vkey: good.vkey,
      async sign(...asked) {
        if (key.fails) throw new Trouble("disk", "no key")
        return await good.sign(...asked)
      },
    }
    const { witness } = await startWitness({ cosigners: [cosigner] })
    await expect(witness.addCheckpoint(log.request(0, 6))).rejects.toThrow(/no key/)
    expect(witness.checkpoint(log.origin)).toBeUndefined()
    key.fails = false
    const { lines } = await witness.addCheckpoint(log.request(6, 6))
    expect(timeOf(log.text(6), lines)).toBe(startTime)
    expect(witness.checkpoint(log.origin)).toBe(log.note(6) + lines)
  })
})

test("status() says what is held of each log", async () => {
  const { witness } = await startWitness()
  await witness.addCheckpoint(log.request(0, 6))
  expect(witness.status()).toEqual({
    logs: [
      {
        origin: log.origin,
        vkeys: [formatVkey(log.vkey)],
        size: 6,
        root: formatBase64(log.root(6)),
        time: startTime,
      },
    ],
  })
})
