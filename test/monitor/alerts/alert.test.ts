import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  type Alert,
  type AlertSink,
  deliverAlerts,
  sinkStates,
} from "../../../src/monitor/alerts/alert.ts"
import { outboxItems } from "../../../src/monitor/findings/outbox.ts"
import { openFindings, worstOf } from "../../../src/monitor/findings/stored.ts"
import {
  type DurableDocuments,
  durableDocuments,
  findingOf,
  raise,
  resolve,
} from "../state/durable-documents.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const T = 1_800_000_000_000

interface TestSink extends AlertSink {
  readonly got: Alert[]
  /** Attempts, those that failed included. */
  tries: number
  isDead: boolean
}

function testSink(name: string): TestSink {
  const sink: TestSink = {
    name,
    got: [],
    tries: 0,
    isDead: false,
    async deliver(alert) {
      sink.tries += 1
      if (sink.isDead) throw new Error("out of order")
      sink.got.push(alert)
    },
  }
  return sink
}

function deliver({ change }: DurableDocuments, sinks: readonly AlertSink[], now: number) {
  return deliverAlerts({ change, sinks, now })
}

const textsOf = ({ got }: TestSink) => got.map(({ key, event }) => `${event} ${key}`)

describe("deliverAlerts()", () => {
  test("gives every alert to every sink once, oldest first, and commits nothing when all is told", async () => {
    const disk = durableDocuments()
    const [a, b] = [testSink("a"), testSink("b")]
    await disk.change((documents) => {
      raise(documents, findingOf({ key: "second" }), T + 1)
      raise(documents, findingOf({ key: "first" }), T)
    })
    await deliver(disk, [a, b], T + 2)
    expect(textsOf(a)).toEqual(["opened first", "opened second"])
    expect(b.got).toEqual(a.got)
    expect(outboxItems(disk.documents)).toEqual([])
    const commits = disk.commits()
    expect(await deliver(disk, [a, b], T + 3)).toEqual({ delivered: 0, failed: [] })
    expect(disk.commits()).toBe(commits)
  })

  test("tells a living sink everything while another is dead, and the dead one when it is back", async () => {
    const disk = durableDocuments()
    const [alive, dead] = [testSink("alive"), testSink("dead")]
    dead.isDead = true
    let now = T
    for (let i = 0; i < 20; i++, now += 10 * MINUTE) {
      await disk.change((documents) => raise(documents, findingOf({ key: `fork ${i}` }), now))
      await deliver(disk, [alive, dead], now)
    }
    expect(alive.got.filter(({ kind }) => kind === "fork")).toHaveLength(20)
    dead.isDead = false
    // Each item waits for its own backoff, an hour at most.
    await deliver(disk, [alive, dead], now + HOUR)
    expect(new Set(dead.got.map(({ key }) => key))).toEqual(
      new Set(Array.from({ length: 20 }, (_, i) => `fork ${i}`)),
    )
  })

  test("asks a dead sink later and later, up to once an hour for an alert", async () => {
    const disk = durableDocuments()
    const sink = testSink("sink")
    sink.isDead = true
    await disk.change((documents) => raise(documents, findingOf(), T))
    const tries: number[] = []
    for (let second = 0; second < 6 * 3600; second += 10) {
      const before = sink.tries
      await deliver(disk, [sink], T + second * 1000)
      if (sink.tries > before) tries.push(second)
    }
    expect(tries).toEqual([0, 30, 90, 210, 450, 930, 1890, 3810, 7410, 11010, 14610, 18210])
  })

  test("does not wait for a time that a clock named before it was put back", async () => {
    const disk = durableDocuments()
    const sink = testSink("sink")
    sink.isDead = true
    await disk.change((documents) => raise(documents, findingOf(), T))
    await deliver(disk, [sink], T + 365 * 24 * HOUR)
    sink.isDead = false
    await deliver(disk, [sink], T)
    expect(textsOf(sink)).toEqual(["opened fork log.example"])
  })

  test("tells the other sinks when one fails for an hour, and when it is well again", async () => {
    const disk = durableDocuments()
    const [alive, dead] = [testSink("alive"), testSink("dead")]
    dead.isDead = true
    await disk.change((documents) => raise(documents, findingOf({ kind: "unreachable" }), T))
    for (let minute = 0; minute <= 120; minute++) {
      await deliver(disk, [alive, dead], T + minute * MINUTE)
    }
    expect(textsOf(alive)).toEqual(["opened fork log.example", "opened sink-failing monitor dead"])
    expect(sinkStates(disk.documents).find(({ name }) => name === "dead")).toMatchObject({
      failingSince: T,
      lastFailure: "out of order",
    })
    dead.isDead = false
    for (let minute = 121; minute <= 200; minute++) {
      await deliver(disk, [alive, dead], T + minute * MINUTE)
    }
    expect(textsOf(alive).at(-1)).toBe("resolved sink-failing monitor dead")
    expect(dead.got.every(({ kind }) => kind === "unreachable")).toBe(true)
    expect(outboxItems(disk.documents)).toEqual([])
  })

  test("does not let one alert that a sink cannot take hold up the others", async () => {
    const disk = durableDocuments()
    const got: string[] = []
    const sink: AlertSink = {
      name: "picky",
      async deliver({ key }) {
        if (key === "poison") throw new Error("413")
        got.push(key)
      },
    }
    await disk.change((documents) => {
      raise(documents, findingOf({ key: "poison" }), T)
      for (let i = 0; i < 3; i++) raise(documents, findingOf({ key: `fork ${i}` }), T + 1 + i)
    })
    await deliver(disk, [sink], T + 10)
    await deliver(disk, [sink], T + 11)
    expect(got).toEqual(["fork 0", "fork 1", "fork 2"])
    expect(outboxItems(disk.documents).map(({ alert }) => alert.key)).toEqual(["poison"])
  })

  test("gives the gravest findings first, each with its alerts in order, and all in one call", async () => {
    const disk = durableDocuments()
    const sink = testSink("sink")
    await disk.change((documents) => {
      for (let i = 0; i < 250; i++) {
        const [key, index] = [`unclassifiable log.example ${i}`, i]
        raise(documents, findingOf({ key, index, kind: "unclassifiable" }), T + i)
      }
      raise(documents, findingOf(), T + 300)
      raise(documents, findingOf({ grade: "PROVEN" }), T + 400)
    })
    expect(await deliver(disk, [sink], T + 500)).toEqual({ delivered: 252, failed: [] })
    const first = ["opened fork log.example", "upgraded fork log.example"]
    expect(textsOf(sink).slice(0, 3)).toEqual([...first, "opened unclassifiable log.example 0"])
    expect(new Set(textsOf(sink)).size).toBe(252)
  })

  test("leaves what there is no time for to the next call, but gives every sink one", async () => {
    const disk = durableDocuments()
    const sinks = [testSink("a"), testSink("b")]
    await disk.change((documents) => {
      for (let i = 0; i < 3; i++) raise(documents, findingOf({ key: `fork ${i}` }), T + i)
    })
    for (let call = 1; call <= 3; call++) {
      await deliverAlerts({ change: disk.change, sinks, now: T + 10 + call, isOver: () => true })
      for (const { got } of sinks) expect(got).toHaveLength(call)
    }
  })

  test("takes nothing from the sinks of other runs in a run without any", async () => {
    const disk = durableDocuments()
    const sink = testSink("sink")
    sink.isDead = true
    await disk.change((documents) => raise(documents, findingOf(), T))
    await deliver(disk, [sink], T)
    expect(await deliver(disk, [], T + 1)).toEqual({ delivered: 0, failed: [] })
    sink.isDead = false
    await deliver(disk, [sink], T + HOUR)
    expect(textsOf(sink)).toEqual(["opened fork log.example"])
  })

  test("keeps what a new sink missed and drops what nobody was ever to be told", async () => {
    const disk = durableDocuments()
    const dead = testSink("dead")
    dead.isDead = true
    await disk.change((documents) => raise(documents, findingOf(), T))
    await deliver(disk, [dead], T)
    const fresh = testSink("fresh")
    await deliver(disk, [fresh], T + 1)
    expect(textsOf(fresh)).toEqual(["opened fork log.example"])
    expect(sinkStates(disk.documents).map(({ name }) => name)).toEqual(["fresh"])
    const silent = durableDocuments()
    await silent.change((documents) => raise(documents, findingOf({ key: "other" }), T + 2))
    await deliver(silent, [], T + 3)
    expect(outboxItems(silent.documents)).toEqual([])
    // The open findings are told again the next day all the same.
    const late = testSink("late")
    await deliver(silent, [late], T + 25 * HOUR)
    expect(textsOf(late)).toEqual(["reminder other"])
  })

  test("closes a test by itself once it is delivered, and gives up on it after an hour", async () => {
    const disk = durableDocuments()
    const sink = testSink("sink")
    const canary = findingOf({ key: "canary", kind: "unknown-signer", isCanary: true, index: 7 })
    await disk.change((documents) => raise(documents, canary, T))
    expect(worstOf(openFindings(disk.documents))).toBe(0)
    await deliver(disk, [sink], T)
    expect(sink.got).toMatchObject([{ isCanary: true, event: "opened" }])
    expect(openFindings(disk.documents)).toEqual([])
    sink.isDead = true
    await disk.change((documents) => raise(documents, { ...canary, key: "canary 2" }, T))
    await deliver(disk, [sink], T + 1)
    await deliver(disk, [sink], T + HOUR)
    expect(outboxItems(disk.documents)).toEqual([])
    expect(openFindings(disk.documents)).toEqual([])
  })
})

/** What may happen to a monitor between two moments. */
type Step =
  | { readonly what: "raise" | "resolve"; readonly finding: number }
  | { readonly what: "deliver"; readonly dead: readonly boolean[]; readonly crashes: boolean }
  | { readonly what: "wait"; readonly minutes: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constant("raise" as const), finding: fc.nat(5) }),
  fc.record({ what: fc.constant("resolve" as const), finding: fc.nat(5) }),
  fc.record({
    what: fc.constant("deliver" as const),
    dead: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    crashes: fc.boolean(),
  }),
  fc.record({ what: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 300 }) }),
)

test("no alert is lost to any sink, whatever fails and whenever the monitor is killed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const disk = durableDocuments()
      const sinks = [testSink("a"), testSink("b"), testSink("c")]
      const made = new Map<string, Alert>()
      const note = () => {
        for (const { alert } of outboxItems(disk.documents)) made.set(alert.id, alert)
      }
      let now = T
      for (const next of steps) {
        if (next.what === "wait") now += next.minutes * MINUTE
        else if (next.what === "deliver") {
          for (const [i, sink] of sinks.entries()) sink.isDead = next.dead[i] === true
          disk.failCommits(next.crashes ? 1 : 0)
          // A killed monitor starts again from what was durable.
          await deliver(disk, sinks, now).catch(() => {})
          disk.failCommits(0)
        } else {
          const key = `fork ${next.finding}`
          await disk.change((documents) =>
            next.what === "raise"
              ? raise(documents, findingOf({ key }), now)
              : resolve(documents, key, now),
          )
        }
        note()
      }
      for (const sink of sinks) sink.isDead = false
      for (let hour = 1; hour < 6; hour++) {
        await deliver(disk, sinks, now + hour * HOUR)
        note()
      }
      expect(outboxItems(disk.documents)).toEqual([])
      for (const sink of sinks) {
        const got = new Set(sink.got.map(({ id }) => id))
        const missed = [...made.values()].filter(
          ({ id, key }) => !got.has(id) && key !== `sink-failing monitor ${sink.name}`,
        )
        expect(missed).toEqual([])
      }
      for (const finding of openFindings(disk.documents)) expect(finding.pending).toBe(0)
    }),
    { numRuns: 200 },
  )
})
