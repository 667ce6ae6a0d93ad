// The contract of WitnessStore; every adapter runs it.
import { describe, expect, onTestFinished, test } from "vitest"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { EMPTY_HEAD, type Hash } from "../../src/core/tree/hash.ts"
import type { Evidence, WitnessedHead, WitnessStore } from "../../src/witness/store.ts"

const one = parseOrigin("one.example")
const two = parseOrigin("two.example/log")

/** A made-up head whose root follows from its size and `salt`. */
export function witnessedHead(size: number, time: number, salt = 0, origin = one): WitnessedHead {
  const root = new Uint8Array(32).fill((size + salt) % 256) as Hash
  return { origin, size, root: size === 0 ? EMPTY_HEAD.root : root, note: `note ${size}\n`, time }
}

export function step(from: WitnessedHead | undefined, to: WitnessedHead) {
  return { origin: to.origin, from: from ?? EMPTY_HEAD, to }
}

function evidenceNumber(i: number): Evidence {
  return { id: String(i).padStart(64, "0"), kind: "fork", text: `evidence ${i}\n` }
}

export function witnessStoreContract(name: string, open: () => Promise<WitnessStore>): void {
  async function opened(): Promise<WitnessStore> {
    const store = await open()
    onTestFinished(() => store.close())
    return store
  }

  describe(`${name} keeps the contract of WitnessStore:`, () => {
    test("a new store holds nothing", async () => {
      const store = await opened()
      expect(await store.heads()).toEqual([])
      expect(await store.freezes()).toEqual([])
      expect(await store.logs()).toEqual([])
      expect(await store.evidence()).toEqual([])
    })

    test("advance() keeps the newest head of each log, up to the largest size and time", async () => {
      const store = await opened()
      const largest = witnessedHead(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
      const other = witnessedHead(2 ** 32 + 1, 7, 0, two)
      const first = witnessedHead(3, 5)
      expect(await store.advance([step(undefined, first), step(undefined, other)])).toEqual([
        true,
        true,
      ])
      expect(await store.advance([step(first, largest)])).toEqual([true])
      expect(await store.heads()).toEqual([largest, other])
    })

    test("advance() takes the empty head, and a log at size 0 goes on like a new one", async () => {
      const store = await opened()
      const empty = witnessedHead(0, 5)
      expect(await store.advance([step(undefined, empty)])).toEqual([true])
      expect(await store.heads()).toEqual([empty])
      expect(await store.advance([step(empty, witnessedHead(4, 6))])).toEqual([true])
      expect(await store.heads()).toEqual([witnessedHead(4, 6)])
    })

    test("advance() does nothing from another size, another root or to an earlier time", async () => {
      const store = await opened()
      const held = witnessedHead(5, 100)
      await store.advance([step(undefined, held)])
      const refused = [
        step(undefined, witnessedHead(9, 200)),
        step(witnessedHead(4, 100), witnessedHead(9, 200)),
        step(witnessedHead(6, 100), witnessedHead(9, 200)),
        step(witnessedHead(5, 100, 1), witnessedHead(9, 200)),
        step(held, witnessedHead(9, 99)),
        step(held, { ...held, time: 99 }),
      ]
      for (const advance of refused) expect(await store.advance([advance])).toEqual([false])
      expect(await store.heads()).toEqual([held])
    })

    test("advance() lets later steps of one call see what earlier ones stored", async () => {
      const store = await opened()
      const [a, b, c] = [witnessedHead(1, 10), witnessedHead(2, 10), witnessedHead(3, 11)] as const
      const done = await store.advance([
        step(undefined, a),
        step(a, b),
        step(a, c),
        step(b, c),
        step(undefined, witnessedHead(8, 1, 0, two)),
      ])
      expect(done).toEqual([true, true, false, true, true])
      expect(await store.heads()).toEqual([c, witnessedHead(8, 1, 0, two)])
    })

    test("advance() to the head that is held takes a newer time and another note", async () => {
      const store = await opened()
      const held = witnessedHead(5, 100)
      const renewed = { ...held, time: 101, note: "the same with another line\n" }
      await store.advance([step(undefined, held)])
      expect(await store.advance([step(held, held), step(held, renewed)])).toEqual([true, true])
      expect(await store.heads()).toEqual([renewed])
    })

    test("advance() to a smaller size, another root at the same size or no time is a bug", async () => {
      const store = await opened()
      const held = witnessedHead(5, 100)
      await store.advance([step(undefined, held)])
      for (const to of [
        witnessedHead(4, 101),
        witnessedHead(5, 101, 1),
        witnessedHead(6, 0),
        witnessedHead(6, 100.5),
        witnessedHead(2 ** 53, 101),
      ]) {
        const other = await opened()
        await expect(other.advance([step(held, to)])).rejects.toThrow(/^bug:/)
      }
      expect(await store.heads()).toEqual([held])
    })

    test("of calls that overlap from one head, exactly one is done", async () => {
      const store = await opened()
      const done = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          store.advance([step(undefined, witnessedHead(i + 1, 10))]),
        ),
      )
      expect(done.flat().filter(Boolean)).toHaveLength(1)
      expect(await store.heads()).toHaveLength(1)
    })

    test("setLog() remembers a log's keys and replaces them", async () => {
      const store = await opened()
      await store.setLog({ origin: two, vkeys: ["b"] })
      await store.setLog({ origin: one, vkeys: ["a", "c"] })
      await store.setLog({ origin: two, vkeys: ["d"] })
      expect(await store.logs()).toEqual([
        { origin: one, vkeys: ["a", "c"] },
        { origin: two, vkeys: ["d"] },
      ])
    })

    test("convict() keeps evidence once and freezes with the first, if told to", async () => {
      const store = await opened()
      await store.convict(two, evidenceNumber(1), false)
      expect(await store.freezes()).toEqual([])
      for (const i of [2, 1, 2]) await store.convict(two, evidenceNumber(i), true)
      await store.convict(one, evidenceNumber(1), false)
      expect(await store.freezes()).toEqual([
        { origin: two, cause: "proven", evidence: evidenceNumber(2).id },
      ])
      expect(await store.evidence()).toEqual([
        { origin: one, evidence: evidenceNumber(1) },
        { origin: two, evidence: evidenceNumber(1) },
        { origin: two, evidence: evidenceNumber(2) },
      ])
    })

    test("convict() keeps the first 16 a log, and beyond only what freezes it", async () => {
      const store = await opened()
      for (let i = 0; i < 17; i++) await store.convict(one, evidenceNumber(i), false)
      for (const i of [17, 18]) await store.convict(one, evidenceNumber(i), true)
      await store.convict(two, evidenceNumber(19), false)
      const kept = (await store.evidence()).map(({ evidence }) => evidence)
      const first = Array.from({ length: 16 }, (_, i) => i)
      expect(kept).toEqual([...first, 17, 19].map(evidenceNumber))
      expect(await store.freezes()).toMatchObject([{ evidence: evidenceNumber(17).id }])
    })

    test("unfreeze() ends what evidence began, as often as it is called", async () => {
      const store = await opened()
      await store.convict(one, evidenceNumber(1), true)
      await store.unfreeze(one)
      await store.unfreeze(one)
      expect(await store.freezes()).toEqual([])
      expect(await store.evidence()).toHaveLength(1)
    })

    test("stop() takes the place of any freeze, and unfreeze() refuses to end it", async () => {
      const store = await opened()
      await store.convict(one, evidenceNumber(1), true)
      await store.stop(one, "a note\n")
      await store.convict(one, evidenceNumber(2), true)
      await expect(store.unfreeze(one)).rejects.toMatchObject({ code: "not-allowed" })
      expect(await store.freezes()).toEqual([
        { origin: one, cause: "rolled-back", note: "a note\n" },
      ])
      await store.setLog({ origin: one, vkeys: ["it goes on after a refusal"] })
    })

    test("a head that was read is the reader's own", async () => {
      const store = await opened()
      await store.advance([step(undefined, witnessedHead(5, 1))])
      for (const head of await store.heads()) head.root.fill(0xff)
      expect(await store.heads()).toEqual([witnessedHead(5, 1)])
    })
  })
}
