// Requests that arrive together, clocks that jump, processes that end: never do two cosignatures of the
// witness contradict each other.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { formatBase64 } from "../../src/core/base/text.ts"
import type { WitnessStore } from "../../src/witness/store.ts"
import { OldSizeConflict, type Witness } from "../../src/witness/witness.ts"
import { createMemoryWitnessStore } from "../storage/memory/witness-store.ts"
import { contradictions, createRecorder, type Tree } from "./recording.ts"
import { startTime, startWitness } from "./running-witness.ts"
import { createTestLog, type TestLog } from "./test-log.ts"

const log = createTestLog()
const forked = createTestLog({ forkedAt: 5 })
const treeOf =
  (side: TestLog): Tree =>
  (size) =>
    formatBase64(side.root(size))
const trees = [log, forked].map(treeOf)

/** A store whose advances wait until the test lets them go on; `before` is their number so far. */
function stallingStore(stall: (before: number) => Promise<void>): WitnessStore {
  const store = createMemoryWitnessStore()
  let calls = 0
  return {
    ...store,
    async advance(advances) {
      await stall(calls++)
      const done = await store.advance(advances)
      await stall(calls++)
      return done
    },
  }
}

/** The outcome of a request, for counting: "cosigned", the size of a conflict, or the refusal's code. */
async function outcomeOf(witness: Witness, body: Uint8Array): Promise<string> {
  try {
    await witness.addCheckpoint(body)
    return "cosigned"
  } catch (reason) {
    if (reason instanceof OldSizeConflict) return `at ${reason.size}`
    return (reason as { readonly code?: string }).code ?? String(reason)
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe("1,000 requests at once", () => {
  test("from one size to another: each new size once, and again only where it is the newest", async () => {
    const { signed, cosigner } = createRecorder()
    const { witness } = await startWitness({ cosigners: [cosigner], store: stallingStore(turn) })
    await witness.addCheckpoint(log.request(0, 10))
    const bodies = Array.from({ length: 1_000 }, (_, i) => log.request(10, 11 + (i % 40)))
    const outcomes = await Promise.all(bodies.map((body) => outcomeOf(witness, body)))
    expect(outcomes.filter((outcome) => outcome === "cosigned")).toHaveLength(1)
    expect(new Set(outcomes)).toEqual(new Set(["cosigned", "at 11"]))
    expect(signed.map(({ size }) => size)).toEqual([10, 11])
  })

  test("N and N+K interleaved: N is never signed after N+K was stored", async () => {
    const { signed, cosigner } = createRecorder()
    const { witness, clock } = await startWitness({
      cosigners: [cosigner],
      store: stallingStore(turn),
    })
    await witness.addCheckpoint(log.request(0, 10))
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, async (_, i) => {
        // They come in on different turns, and the clock goes on meanwhile.
        for (let turns = i % 7; turns > 0; turns--) await turn()
        if (i % 50 === 0) clock.time += 1
        const [from, to] = [
          [10, 20],
          [10, 37],
          [20, 20],
          [20, 37],
          [37, 37],
        ][i % 5] as [number, number]
        return await outcomeOf(witness, log.request(from, to))
      }),
    )
    expect(contradictions(signed, [treeOf(log)])).toEqual([])
    expect(outcomes.filter((outcome) => outcome === "cosigned").length).toBeGreaterThan(100)
    expect(witness.status().logs[0]).toMatchObject({ size: 37 })
  })

  test("from two sides of a fork: one side only is ever signed", async () => {
    for (const freezeOnFork of [true, false]) {
      const { signed, cosigner } = createRecorder()
      const { witness } = await startWitness({
        cosigners: [cosigner],
        store: stallingStore(turn),
        freezeOnFork,
      })
      const sides = [log, forked]
      await Promise.all(
        Array.from({ length: 1_000 }, async (_, i) => {
          for (let turns = i % 11; turns > 0; turns--) await turn()
          const side = sides[i % 2] as TestLog
          const from = [0, 3, 6, 9][i % 4] as number
          await outcomeOf(witness, side.request(from, from + 3))
        }),
      )
      expect(contradictions(signed, trees)).toEqual([])
    }
  })

  test("go into few steps of the store, in their order", async () => {
    const store = createMemoryWitnessStore()
    const steps: number[] = []
    const { signed, cosigner } = createRecorder()
    const { witness } = await startWitness({
      cosigners: [cosigner],
      store: {
        ...store,
        advance(advances) {
          steps.push(advances.length)
          return store.advance(advances)
        },
      },
    })
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, size) => outcomeOf(witness, log.request(size, size + 1))),
    )
    expect(new Set(outcomes)).toEqual(new Set(["cosigned"]))
    // The first step is that of the start.
    expect(steps).toEqual([0, 200])
    expect(signed.map(({ size }) => size)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
  })
})

describe("a stalled store", () => {
  test("holds back every answer, a refusal included, and nothing is signed meanwhile", async () => {
    const gate: { open?: () => void } = {}
    const { signed, cosigner } = createRecorder()
    const store = stallingStore((before) =>
      before < 2 ? Promise.resolve() : new Promise((resolve) => (gate.open = resolve)),
    )
    const { witness } = await startWitness({ cosigners: [cosigner], store })
    const answers: string[] = []
    const bodies = [log.request(0, 3), log.request(0, 6), log.request(3, 6)]
    const all = Promise.all(
      bodies.map(async (body) => answers.push(await outcomeOf(witness, body))),
    )
    for (let i = 0; i < 10; i++) await turn()
    expect(answers).toEqual([])
    gate.open?.()
    for (let i = 0; i < 10; i++) await turn()
    // Stored by now, but the store has not said so.
    expect(answers).toEqual([])
    expect(signed).toEqual([])
    expect(witness.checkpoint(log.origin)).toBeUndefined()
    gate.open?.()
    await all
    expect(answers.sort()).toEqual(["at 3", "cosigned", "cosigned"])
    expect(signed.map(({ size }) => size)).toEqual([3, 6])
  })

  test("two witnesses over one store never contradict each other", async () => {
    const { signed, cosigner } = createRecorder()
    const store = stallingStore(turn)
    const clock = { time: startTime }
    const [a, b] = await Promise.all(
      [1, 2].map(() => startWitness({ store, cosigners: [cosigner], freezeOnFork: false }, clock)),
    )
    const outcomes = await Promise.all(
      Array.from({ length: 400 }, async (_, i) => {
        for (let turns = i % 13; turns > 0; turns--) await turn()
        if (i % 20 === 0) clock.time += 1
        const { witness } = (i % 2 === 0 ? a : b) as { readonly witness: Witness }
        const side = i % 3 === 0 ? forked : log
        const held = witness.status().logs[0]?.size ?? 0
        const from = i % 4 === 0 ? held : i % 20
        return await outcomeOf(witness, side.request(from, Math.min(250, from + (i % 5))))
      }),
    )
    expect(outcomes).toContain("cosigned")
    expect(contradictions(signed, trees)).toEqual([])
  })
})

/** One thing that happens to a witness; requests that follow each other arrive together. */
type Happening =
  | {
      readonly kind: "request"
      readonly forked: boolean
      readonly from: number
      readonly to: number
    }
  | { readonly kind: "next"; readonly by: number }
  | { readonly kind: "clock"; readonly by: number }
  | { readonly kind: "settle" }
  | { readonly kind: "restart" }

const size = fc.integer({ min: 0, max: 14 })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("request" as const),
      forked: fc.boolean(),
      from: size,
      to: size,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("next" as const),
      by: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      by: fc.integer({ min: -4, max: 5 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "settle" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
)

/** Lives through the happenings; gives what was signed on the way. */
async function live(happenings: readonly Happening[], freezeOnFork: boolean) {
  const { signed, cosigner } = createRecorder()
  const clock = { time: startTime }
  const store = stallingStore(turn)
  const start = async () =>
    (await startWitness({ store, cosigners: [cosigner], freezeOnFork }, clock)).witness
  let witness = await start()
  let underWay: Promise<string>[] = []
  let cosigned = 0

  async function settle(): Promise<void> {
    for (const outcome of await Promise.all(underWay)) cosigned += outcome === "cosigned" ? 1 : 0
    underWay = []
  }

  for (const event of happenings) {
    switch (event.kind) {
      case "request": {
        const [from, to] = [Math.min(event.from, event.to), Math.max(event.from, event.to)]
        underWay.push(outcomeOf(witness, (event.forked ? forked : log).request(from, to)))
        break
      }
      case "next": {
        const held = witness.status().logs[0]?.size ?? 0
        underWay.push(outcomeOf(witness, log.request(held, held + event.by)))
        break
      }
      case "clock":
        clock.time += event.by
        break
      case "settle":
        await settle()
        break
      case "restart":
        // The old one is not waited for, as if both had the store for a while.
        witness = await start()
    }
  }
  await settle()
  return { signed, cosigned }
}

test("property: whatever happens, no two cosignatures contradict each other", async () => {
  let cosigned = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { maxLength: 30 }),
      fc.boolean(),
      async (events, freeze) => {
        const life = await live(events, freeze)
        expect(contradictions(life.signed, trees)).toEqual([])
        cosigned += life.cosigned
      },
    ),
    { numRuns: 300 },
  )
  // Without this the property would hold of a witness that never signs.
  expect(cosigned).toBeGreaterThan(100)
}, 60_000)

test("contradictions() sees a fork and a larger size at an earlier time", () => {
  const at = (side: TestLog, size: number, time: number) => {
    return { time, size, root: formatBase64(side.root(size)) }
  }
  expect(contradictions([at(log, 6, 1), at(forked, 7, 1)], trees)).toHaveLength(1)
  expect(contradictions([at(log, 6, 2), at(log, 7, 1)], trees)).toHaveLength(1)
  expect(contradictions([at(log, 7, 2), at(log, 7, 1), at(log, 6, 1)], trees)).toEqual([])
  expect(contradictions([at(log, 4, 1), at(forked, 5, 1), at(forked, 6, 1)], trees)).toEqual([])
})
