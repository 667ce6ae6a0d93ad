import { describe, expect, it } from "vitest"
import { EMPTY_ROOT, portableHasher } from "../../src/core/tree/hash.ts"
import { createPool, type Placed, type Pool, type Pooled } from "../../src/log/pool.ts"

interface Written {
  readonly batch: readonly Pooled[]
  finish(): Promise<void>
  fail(reason: Error): Promise<void>
}

/** A pool whose batches the test finishes by hand and whose turns of the event loop it makes itself. */
function openPool(batchEntries: number, batchBytes = 1_000_000) {
  const turns: (() => void)[] = []
  const written: Written[] = []
  let size = 0
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
  const pool: Pool = createPool({
    batchEntries,
    batchBytes,
    defer: (callback) => turns.push(callback),
    write: (batch) =>
      new Promise<Placed>((resolve, reject) => {
        const firstIndex = size
        size += batch.length
        const head = { size, root: EMPTY_ROOT, time: 0, checkpoint: "" }
        written.push({
          batch,
          async finish() {
            resolve({ firstIndex, head })
            await settled()
          },
          async fail(reason) {
            reject(reason)
            await settled()
          },
        })
      }),
  })
  const turn = (): void => {
    for (const callback of turns.splice(0)) callback()
  }
  const add = (text: string) => {
    const body = new TextEncoder().encode(text)
    return pool.add({ leafHash: portableHasher.leaf(body), body })
  }
  return { pool, written, turn, add }
}

describe("the pool", () => {
  it("makes one batch of everything that arrives in a turn, in order of arrival", async () => {
    const { written, turn, add } = openPool(10)
    const placements = [add("a"), add("b"), add("c")]
    expect(written.length).toBe(0)
    turn()
    expect(written.map(({ batch }) => batch.length)).toEqual([3])
    await written[0]?.finish()
    expect((await Promise.all(placements)).map(({ index }) => index)).toEqual([0, 1, 2])
  })

  it("collects while a batch is being written and never writes two at once", async () => {
    const { written, turn, add } = openPool(10)
    void add("a")
    turn()
    void add("b")
    void add("c")
    turn()
    expect(written.length).toBe(1)
    await written[0]?.finish()
    turn()
    expect(written.map(({ batch }) => batch.length)).toEqual([1, 2])
  })

  it("bounds a batch in entries and in bytes, but always takes one", () => {
    const byEntries = openPool(2)
    for (const text of ["a", "b", "c"]) void byEntries.add(text)
    byEntries.turn()
    expect(byEntries.written[0]?.batch.length).toBe(2)
    const byBytes = openPool(10, 5)
    for (const text of ["1234567", "12", "123"]) void byBytes.add(text)
    byBytes.turn()
    expect(byBytes.written[0]?.batch.length).toBe(1)
  })

  it("lets an equal entry wait for the one that is there already, until it is written", async () => {
    const { pool, written, turn, add } = openPool(10)
    const leafHash = portableHasher.leaf(new TextEncoder().encode("a"))
    expect(pool.waiting(leafHash)).toBeUndefined()
    void add("a")
    turn()
    const waiting = pool.waiting(leafHash)
    await written[0]?.finish()
    expect((await waiting)?.index).toBe(0)
    expect(pool.waiting(leafHash)).toBeUndefined()
  })

  it("abandons all that waits: what is being written stays in the batch, the rest is dropped", async () => {
    const { pool, written, turn, add } = openPool(1)
    const first = add("a")
    const second = add("b")
    turn()
    const rejected = [first, second].map((each) => expect(each).rejects.toThrow("away"))
    pool.abandon(new Error("away"))
    await Promise.all(rejected)
    await written[0]?.finish()
    turn()
    expect(written).toHaveLength(1)
    const third = add("b")
    turn()
    await written[1]?.finish()
    expect((await third).index).toBe(1)
  })

  it("rejects every entry of a batch that failed and none of the next", async () => {
    const { written, turn, add } = openPool(1)
    const first = add("a")
    const second = add("b")
    turn()
    const rejected = expect(first).rejects.toThrow("no")
    await written[0]?.fail(new Error("no"))
    await rejected
    turn()
    await written[1]?.finish()
    expect((await second).index).toBe(1)
  })
})
