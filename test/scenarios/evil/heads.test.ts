// Rows 1 to 6 of the taxonomy of misbehaviour: a log that shows different people different heads, takes heads
// back, or stops. Each is provoked over HTTP and must be caught by the monitor as the row says.
import { expect, onTestFinished, test } from "vitest"
import type { EvilLog } from "../../evil-log/evil-log.ts"
import { type EvilWitness, openEvilWitness } from "../../evil-log/evil-witness.ts"
import { freezingWitness } from "../../evil-log/frozen-witness.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { expectQuiet, HOUR, inRounds, MINUTE } from "../../evil-log/rounds.ts"
import { watchLog } from "../../evil-log/watched.ts"

async function newEvilWitness(name: string, evil: EvilLog): Promise<EvilWitness> {
  const witness = await openEvilWitness(name, evil.origin)
  onTestFinished(witness.close)
  return witness
}

test("row 1: a fork of another size, smaller or larger, is PROVEN and freezes the log", async () => {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const [front, mirror] = [await evil.front("log"), await evil.front("other")]
  const watched = await watchLog(evil, { front, mirrors: [mirror], sinks: [witness.sink] })
  await expectQuiet(watched)

  const smaller = await evil.fork(evil.honest, 2, "smaller")
  await grow(smaller, "forged", "more")
  mirror.lies.world = smaller
  expect(await watched.once()).toMatchObject({ code: 3 })
  await watched.expectTold({ kind: "fork", grade: "PROVEN", evidence: "fork" })
  await witness.expectFrozen()
  await witness.unfreeze()

  const late = await watchLog(evil, { front, mirrors: [mirror] })
  mirror.lies.world = evil.honest
  await expectQuiet(late)
  const larger = await evil.fork(evil.honest, 2, "larger")
  await grow(larger, "forged", "a", "b", "c", "d", "e")
  mirror.lies.world = larger
  expect(await late.once()).toMatchObject({ code: 3 })
  await late.expectTold({ kind: "fork", grade: "PROVEN", evidence: "fork" })
})

test("row 2: two roots at one size are PROVEN and freeze the log", async () => {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const [front, mirror] = [await evil.front("log"), await evil.front("other")]
  const other = await evil.fork(evil.honest, 4, "other")
  await grow(other, "forged")
  mirror.lies.world = other
  const watched = await watchLog(evil, { front, mirrors: [mirror], sinks: [witness.sink] })
  expect(await watched.once()).toMatchObject({ code: 3 })
  await watched.expectTold({ kind: "fork", grade: "PROVEN", evidence: "fork" })
  await witness.expectFrozen()
})

test("row 3: a log that takes entries back is ATTESTED, and PROVEN once it has grown again", async () => {
  const evil = await grownLog(5)
  const witness = await freezingWitness(evil)
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front, sinks: [witness.sink] })
  const restored = await evil.fork(evil.honest, 3, "restored")
  const start = Date.now() - 10 * MINUTE
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    expect(open()).toEqual([])
    front.lies.world = restored
    await round(start + 2 * MINUTE)
    expect(open()).toEqual(["SUSPECTED rollback"])
    await round(start + 3 * MINUTE)
    expect(open()).toEqual(["ATTESTED rollback"])
  })
  await watched.expectTold({ kind: "rollback", grade: "ATTESTED" })
  expect(await watched.once()).toMatchObject({ code: 4, stderr: /rolled back/ })
  await witness.expectCosigning()

  await grow(restored, "a", "b", "c", "d")
  expect(await watched.once()).toMatchObject({ code: 3 })
  await watched.expectTold({ kind: "fork", grade: "PROVEN", evidence: "fork" })
  await witness.expectFrozen()
})

test("row 3: the same of a log whose signatures have times is PROVEN at once", async () => {
  const evil = await grownLog(5)
  const clock = await newEvilWitness(evil.origin, evil)
  const now = Math.floor(Date.now() / 1000)
  const logKeys = [clock.vkey]
  const note = clock.cosign(evil.honest.log.head().checkpoint, now - 20)
  const witness = await freezingWitness(evil, logKeys, note)
  const front = await evil.front("log")
  front.lies.checkpoint = () => note
  const watched = await watchLog(evil, { front, logKeys, sinks: [witness.sink] })
  await expectQuiet(watched)

  const restored = await evil.fork(evil.honest, 3, "restored")
  front.lies.world = restored
  front.lies.checkpoint = (honest) => clock.cosign(honest, now - 10)
  expect(await watched.once()).toMatchObject({ code: 3 })
  const key = clock.vkey
  await watched.expectTold({ kind: "rollback", grade: "PROVEN", evidence: "time", key })
  await witness.expectFrozen()
})

test("row 4: an old head over one path is SUSPECTED, and ATTESTED once it lasts", async () => {
  const evil = await grownLog(3)
  const [front, mirror] = [await evil.front("log"), await evil.front("other")]
  const watched = await watchLog(evil, { front, mirrors: [mirror] })
  const old = evil.honest.log.head().checkpoint
  const start = Date.now() - HOUR
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    front.lies.checkpoint = () => old
    await grow(evil.honest, "newer", "newest")
    await round(start + 2 * MINUTE)
    expect(open()).toEqual([])
    await round(start + 4 * MINUTE)
    expect(open()).toEqual(["SUSPECTED replayed-head"])
    await round(start + 8 * MINUTE)
    expect(open()).toEqual(["SUSPECTED replayed-head"])
    await round(start + 15 * MINUTE)
    expect(open()).toEqual(["ATTESTED replayed-head"])
  })
  await watched.expectTold({ kind: "replayed-head", grade: "ATTESTED" })
  expect(await watched.once()).toMatchObject({ code: 1 })
  delete front.lies.checkpoint
  await expectQuiet(watched)
})

test("row 5: a frozen head is ATTESTED once the canary should have been merged", async () => {
  const evil = await grownLog(3)
  const front = await evil.front("log")
  const frozen = evil.honest.log.head().checkpoint
  const watched = await watchLog(evil, { front, words: ["--canary"] })
  const start = Date.now() - 3 * HOUR
  front.lies.checkpoint = () => frozen
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    expect(open()).toEqual([])
    await round(start + 20 * MINUTE)
    expect(open()).toEqual(["ATTESTED canary-missing"])
    await round(start + 62 * MINUTE)
    expect(open()).toContain("ATTESTED stale-head")
  })
  await watched.expectTold({ kind: "canary-missing", grade: "ATTESTED" })
  await watched.expectTold({ kind: "stale-head", grade: "ATTESTED" })
  expect(await watched.once()).toMatchObject({ code: 1 })
})

test("row 6: a log that goes on for witnesses and not for the monitor is ATTESTED", async () => {
  const evil = await grownLog(3)
  const front = await evil.front("log")
  const names = ["a.example", "b.example", "c.example"]
  const witnesses = await Promise.all(names.map((name) => newEvilWitness(name, evil)))
  const watched = await watchLog(evil, { front, witnesses, quorum: 2 })
  const start = Date.now() - 24 * HOUR
  const cosigned = (note: string, at: number) =>
    witnesses.reduce((before, each) => each.cosign(before, Math.floor(at / 1000)), note)
  const old = cosigned(evil.honest.log.head().checkpoint, start)
  front.lies.checkpoint = () => old
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    await grow(evil.honest, "newer")
    for (const each of witnesses) {
      each.shows = cosigned(evil.honest.log.head().checkpoint, start + 13 * HOUR)
    }
    await round(start + 11 * HOUR)
    expect(open()).toEqual([])
    await round(start + 12 * HOUR + MINUTE)
    expect(open()).toContain("SUSPECTED stale-view")
    await round(start + 12 * HOUR + 12 * MINUTE)
    expect(open()).toContain("ATTESTED stale-view")
  })
  const { summary } = await watched.expectTold({ kind: "stale-view", grade: "ATTESTED" })
  expect(summary).toContain(`"w2" ${new Date(Math.floor(start / 1000) * 1000).toISOString()}`)
  expect(await watched.once()).toMatchObject({ code: 1 })
})
