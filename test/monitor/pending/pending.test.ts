import { describe, expect, test } from "vitest"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { makeSigner } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import { attestationOf, digestOf } from "../entries/watched-entries.ts"
import {
  DAY,
  HOUR,
  MINUTE,
  START,
  statementAbout,
  type Travelled,
  travel,
} from "../travelled-log.ts"

const owner = makeSigner("ecdsa-p256")
const stranger = makeSigner("ecdsa-p256")

const watch = [
  "subject app",
  `  digest ${digestOf("app")}`,
  `  signer key ${keyOf(owner)}`,
  "signer ci",
  `  key ${keyOf(owner)}`,
]

const found = ["PROVEN unknown-signer 0 app"]

async function withTheft(): Promise<Travelled> {
  const travelled = await travel(watch)
  travelled.add(attestationOf([stranger], statementAbout("app")))
  return travelled
}

describe("an envelope that does not come", () => {
  const failures = {
    unreachable: () => {
      throw new Trouble("network", "it answers 503")
    },
    "too-large": () => {
      throw new Refusal("too-large", "expected up to 33 MB")
    },
    "other-envelope": () => attestationOf([stranger], statementAbout("other")).envelope,
  } as const

  test.each(Object.entries(failures))(
    "%s is pending until it comes, however long that takes",
    async (reason, answer) => {
      const travelled = await withTheft()
      const { beside } = travelled
      beside.envelope = answer
      await travelled.round(START)
      expect(travelled.standings().pending).toMatchObject({
        total: 1,
        byReason: { [reason]: 1 },
        since: START,
      })
      expect(travelled.status(START)).toMatchObject({ worst: 1 })
      expect(travelled.status(START).unclear.join()).toContain("1 entries are pending")
      await travelled.restart()
      await travelled.round(START + 30 * DAY)
      expect(travelled.standings().pending.total).toBe(1)
      delete beside.envelope
      await travelled.round(START + 31 * DAY)
      expect(travelled.findings()).toEqual(found)
      expect(travelled.standings().pending.total).toBe(0)
    },
  )

  test("is asked for again with growing pauses, up to a day", async () => {
    const travelled = await withTheft()
    const asked: number[] = []
    let now = START
    travelled.beside.envelope = () => {
      asked.push((now - START) / MINUTE)
      throw new Trouble("network", "it answers 503")
    }
    for (; now < START + 4 * DAY; now += 10 * MINUTE) await travelled.round(now)
    const pauses = asked.slice(1).map((at, i) => at - (asked[i] ?? 0))
    expect(pauses.slice(0, 5)).toEqual([10, 10, 20, 70, 260])
    expect(Math.max(...pauses)).toBeLessThanOrEqual(24 * 60)
    expect(asked.length).toBeLessThan(12)
  })

  test("a log that has none leaves the entry opaque, and is asked again all the same", async () => {
    const travelled = await withTheft()
    const [envelope] = travelled.beside.envelopes.values()
    travelled.beside.envelopes.clear()
    await travelled.round(START)
    expect(travelled.status(START)).toMatchObject({
      worst: 0,
      unclear: [],
      logs: [{ entries: { opaque: { strangers: 1, listed: 0 }, pending: { total: 0 } } }],
    })
    travelled.beside.envelopes.set(0, envelope as Uint8Array)
    await travelled.round(START + DAY)
    expect(travelled.findings()).toEqual(found)
    expect(travelled.status(START + DAY).logs[0]?.entries.opaque.strangers).toBe(0)
  })

  test("redacted entries are counted, and are told by no monitor that comes later", async () => {
    const travelled = await withTheft()
    travelled.beside.envelope = () => {
      throw new Refusal("not-found", "it answers 410")
    }
    await travelled.round(START)
    expect(travelled.standings()).toMatchObject({ redacted: 1, pending: { total: 0 } })
    expect(travelled.status(START).logs[0]?.entries.opaque.strangers).toBe(1)
  })

  test("what the log says it keeps and does not give is withheld after an hour", async () => {
    const travelled = await withTheft()
    travelled.beside.envelope = () => undefined
    await travelled.round(START)
    expect(travelled.standings().pending.byReason.withheld).toBe(1)
    expect(travelled.findings()).toEqual([])
    await travelled.round(START + HOUR)
    expect(travelled.findings()).toEqual(["ATTESTED withheld 0"])
    delete travelled.beside.envelope
    await travelled.round(START + 2 * DAY)
    expect(travelled.findings()).toEqual(found)
  })

  test("a log that fails for all is not asked a thousand times in one round", async () => {
    const travelled = await travel(watch)
    for (let i = 0; i < 600; i++) {
      travelled.add(attestationOf([stranger], statementAbout(`other ${i}`)))
    }
    let asked = 0
    travelled.beside.envelope = () => {
      asked += 1
      throw new Trouble("network", "it answers 503")
    }
    await travelled.round(START)
    expect(asked).toBeLessThan(40)
    expect(travelled.standings().pending.byReason.unreachable).toBe(600)
    delete travelled.beside.envelope
    for (let i = 1; i < 4; i++) await travelled.round(START + i * HOUR)
    expect(travelled.standings().pending.total).toBe(0)
  })

  test("where nothing is watched by name, only what a watched signer signed is asked for", async () => {
    const travelled = await travel(["signer ci", `  key ${keyOf(owner)}`])
    travelled.add(attestationOf([stranger], statementAbout("app")))
    travelled.add(attestationOf([owner], statementAbout("app")))
    const asked: number[] = []
    travelled.beside.envelope = (index) => {
      asked.push(index)
      return travelled.beside.envelopes.get(index)
    }
    await travelled.round(START)
    expect(asked).toEqual([1])
    expect(travelled.standings().pending.total).toBe(0)
  })
})
