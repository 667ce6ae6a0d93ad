import { describe, expect, test } from "vitest"
import { createMemory } from "../../src/evidence/memory.ts"
import { createTurns } from "../../src/evidence/turns.ts"

const tryLater = { code: "try-later" }

/** Turns whose work ends when a test lets it. */
function held() {
  const turns = createTurns()
  const begun: string[] = []
  const ends: (() => void)[] = []
  function ask(client: string, name: string): Promise<string> {
    return turns(client, async () => {
      begun.push(name)
      await new Promise<void>((resolve) => ends.push(resolve))
      return name
    })
  }
  async function endAll(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      ends.shift()?.()
      await new Promise(setImmediate)
    }
  }
  return { turns, ask, begun, endAll }
}

describe("turns", () => {
  test("do one work at a time, and each client's in its turn", async () => {
    const { ask, begun, endAll } = held()
    const asked = [ask("a", "a1"), ask("a", "a2"), ask("a", "a3"), ask("b", "b1"), ask("c", "c1")]
    expect(begun).toEqual(["a1"])
    await endAll(5)
    expect(begun).toEqual(["a1", "a2", "b1", "c1", "a3"])
    expect(await Promise.all(asked)).toEqual(["a1", "a2", "a3", "b1", "c1"])
  })

  test("let nobody keep out others, however much one client sends", async () => {
    const { ask, begun, endAll } = held()
    const flood = Array.from({ length: 100 }, (_, i) => ask("flood", `${i}`))
    const refused = Promise.allSettled(flood)
    const honest = ask("honest", "honest")
    await endAll(3)
    expect(begun).toContain("honest")
    expect(await honest).toBe("honest")
    await endAll(10)
    const settled = await refused
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(9)
    expect(settled.at(-1)).toMatchObject({ status: "rejected", reason: tryLater })
  })

  test("are refused when too much waits, and given again afterwards", async () => {
    const { ask, endAll } = held()
    const asked = Array.from({ length: 65 }, (_, i) => ask(`${i}`, `${i}`))
    await expect(async () => ask("late", "late")).rejects.toMatchObject(tryLater)
    await endAll(65)
    await Promise.all(asked)
    const late = ask("late", "late")
    await endAll(1)
    expect(await late).toBe("late")
  })

  test("go on after work that fails", async () => {
    const turns = createTurns()
    const failing = turns("a", async () => {
      throw new Error("failed")
    })
    const next = turns("a", async () => "next")
    await expect(failing).rejects.toThrow("failed")
    expect(await next).toBe("next")
  })
})

test("what was found out is found out once, until so much else was", () => {
  let made = 0
  const memory = createMemory<number>(2)
  const make = () => ++made
  expect([memory.get("a", make), memory.get("b", make), memory.get("a", make)]).toEqual([1, 2, 1])
  expect([memory.get("c", make), memory.get("a", make)]).toEqual([3, 4])
  memory.forget("a")
  expect(memory.get("a", make)).toBe(5)
})
