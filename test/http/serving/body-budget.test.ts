import { describe, expect, test } from "vitest"
import type { Refusal } from "../../../src/core/base/errors.ts"
import {
  type BodyAccount,
  createArrivals,
  createBodyBudget,
} from "../../../src/http/serving/body-budget.ts"

const KIB = 1024

/** A budget whose clock a test sets, and the names of the bodies that lost their place. */
function budgetOf(bytes: number) {
  const clock = { now: 0 }
  const budget = createBodyBudget(bytes, () => clock.now)
  const lost: string[] = []
  function open(name: string, client: string, limit = 1): BodyAccount {
    return budget.open(client, limit, ({ code }) => lost.push(`${name} ${code}`))
  }
  return { clock, lost, open }
}

const refused = (account: BodyAccount, count: number) => () => account.take(count)
const tryLater = expect.objectContaining({ code: "try-later" })

describe("a budget of bodies", () => {
  test("takes bytes up to its limit from many clients, and again what was given back", () => {
    const { open } = budgetOf(100)
    const accounts = Array.from({ length: 10 }, (_, i) => open(`${i}`, `client ${i}`, 10))
    for (const account of accounts) account.take(10)
    const late = open("late", "late", 10)
    expect(refused(late, 1)).toThrow(tryLater)
    accounts[3]?.release()
    late.take(10)
    late.release()
    late.release()
    open("next", "next", 10).take(10)
  })

  test("leaves others half of what is free, however many bodies one client sends", () => {
    const { open } = budgetOf(100)
    for (let i = 0; i < 5; i++) open(`${i}`, "greedy", 10).take(10)
    expect(refused(open("5", "greedy", 10), 1)).toThrow(tryLater)
    for (let i = 0; i < 2; i++) open(`${i}`, "modest", 10).take(10)
    open("2", "modest", 10).take(5)
    expect(refused(open("3", "modest", 10), 1)).toThrow(tryLater)
    open("0", "third", 10).take(10)
  })

  test("has room for one body of a client, though it is longer than a share", () => {
    const { open } = budgetOf(100)
    open("long", "a", 90).take(90)
  })

  test("takes the place of the body that has taken most for longest, of the same client", () => {
    const { clock, lost, open } = budgetOf(100)
    open("other's", "b").take(20)
    open("small and old", "a").take(2)
    clock.now = 10
    open("large", "a").take(20)
    open("large and young", "a").take(18)
    clock.now = 20
    open("honest", "a").take(10)
    expect(lost).toEqual(["large try-later"])
  })

  test("turns the newcomer away if it has taken most itself", () => {
    const { clock, lost, open } = budgetOf(100)
    const large = open("large", "a")
    large.take(40)
    clock.now = 10
    open("small", "a").take(10)
    expect(refused(large, 10)).toThrow(tryLater)
    expect(lost).toEqual([])
  })

  test("never takes the place of a body that is complete", () => {
    const { clock, lost, open } = budgetOf(100)
    const complete = open("complete", "a")
    complete.take(50)
    complete.complete()
    clock.now = 1_000
    expect(refused(open("honest", "a"), 1)).toThrow(tryLater)
    expect(lost).toEqual([])
  })

  test("lets whoever delivers pass by any number of those who send and wait from the same address", () => {
    const { clock, lost, open } = budgetOf(64 * KIB)
    for (let round = 0; round < 100; round++) {
      const waiting = open(`${round}`, "proxy", 4 * KIB)
      waiting.take(4 * KIB - 1)
      clock.now += 5
      const honest = open("honest", "proxy", 4 * KIB)
      honest.take(2 * KIB)
      honest.complete()
      clock.now += 1
      honest.release()
    }
    expect(lost.filter((name) => name.startsWith("honest"))).toEqual([])
    expect(lost.length).toBeGreaterThan(80)
  })
})

describe("what arrives", () => {
  function arrivals() {
    const clock = { now: 0 }
    const slow: string[] = []
    const watched = createArrivals({ rate: 8 * KIB, grace: 2_000 }, 1_000, () => clock.now)
    const begin = (name: string) =>
      watched.begin(({ code }: Refusal) => void slow.push(`${name} ${code}`))
    return { clock, slow, begin, watched }
  }

  test("may be slow for two seconds, and then must bring 8 KiB in each", () => {
    const { clock, slow, begin, watched } = arrivals()
    const fast = begin("fast")
    const waiting = begin("waiting")
    waiting.bytes += 8 * KIB * KIB
    const silent = begin("silent")
    for (let second = 1; second <= 9; second++) {
      clock.now = 1_000 * second
      fast.bytes += 8 * KIB
      if (second < 2) expect(slow).toEqual([])
      watched.look()
      if (second === 3) expect(slow).toEqual(["silent too-slow"])
    }
    expect(slow).toEqual(["silent too-slow", "waiting too-slow"])
    watched.end(silent)
    watched.end(fast)
    expect(watched.isEmpty()).toBe(true)
  })

  test("is not blamed for the time in which the server itself stood still", () => {
    const { clock, slow, begin, watched } = arrivals()
    clock.now = 500
    begin("honest")
    clock.now = 1_000
    watched.look()
    clock.now = 60_000
    watched.look()
    expect(slow).toEqual([])
    clock.now = 61_000
    watched.look()
    expect(slow).toEqual(["honest too-slow"])
  })
})
