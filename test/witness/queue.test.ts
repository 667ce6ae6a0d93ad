import { describe, expect, test } from "vitest"
import { createQueue } from "../../src/witness/queue.ts"
import { expectRefusal } from "../refusals.ts"

/** A queue whose batches end when the test says so. */
function gatedQueue() {
  const batches: (readonly number[])[] = []
  const ends: (() => void)[] = []
  const add = createQueue<number>({
    defer: queueMicrotask,
    work(batch) {
      batches.push(batch)
      return new Promise((resolve) => ends.push(resolve))
    },
  })
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    add,
    batches,
    async end() {
      ends.shift()?.()
      await turn()
    },
    turn,
  }
}

describe("createQueue()", () => {
  test("gathers what arrives together, and what arrives meanwhile, in order", async () => {
    const { add, batches, end, turn } = gatedQueue()
    for (const i of [1, 2, 3]) add(i)
    await turn()
    for (const i of [4, 5]) add(i)
    await turn()
    expect(batches).toEqual([[1, 2, 3]])
    await end()
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    await end()
    add(6)
    await turn()
    expect(batches).toEqual([[1, 2, 3], [4, 5], [6]])
  })

  test("gives at most 1,024 at once", async () => {
    const { add, batches, end, turn } = gatedQueue()
    for (let i = 0; i < 2_500; i++) add(i)
    await turn()
    for (let i = 0; i < 3; i++) await end()
    expect(batches.map((batch) => batch.length)).toEqual([1_024, 1_024, 452])
  })

  test("refuses try-later while 8,192 wait, and takes more afterwards", async () => {
    const { add, end, turn } = gatedQueue()
    for (let i = 0; i < 8_192; i++) add(i)
    expectRefusal("try-later", () => add(0))
    await turn()
    await end()
    add(0)
  })
})
