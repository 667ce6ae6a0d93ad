// Points that come back with time, in memory that does not grow, and limits as operators write them.
import { describe, expect, test } from "vitest"
import { createBuckets } from "../../../src/http/limits/buckets.ts"
import { defaultRates, parseLimit } from "../../../src/http/limits/rates.ts"
import { expectRefusal } from "../../refusals.ts"

const rate = { perMinute: 60, burst: 3 }

describe("a bucket", () => {
  test("gives its burst, then as much as comes back", () => {
    let now = 0
    const buckets = createBuckets(() => now)
    const take = () => buckets.take("a", rate, 1, 1) !== undefined
    expect([take(), take(), take(), take()]).toEqual([true, true, true, false])
    now += 999
    expect(take()).toBe(false)
    now += 1
    expect([take(), take()]).toEqual([true, false])
    now += 3_600_000
    expect(buckets.left("a", rate)).toBe(3)
    expect(buckets.take("b", rate, 1, 1)).toBe(2)
  })

  test("can be in debt, which is waited for", () => {
    let now = 0
    const buckets = createBuckets(() => now)
    expect(buckets.take("a", rate, 100, 0)).toBe(-97)
    expect(buckets.take("a", rate, 1, 0)).toBeUndefined()
    now += 97_000
    expect(buckets.take("a", rate, 1, 1)).toBeUndefined()
    now += 1_000
    expect(buckets.take("a", rate, 1, 1)).toBe(0)
  })

  test("a million addresses take no more memory than some thousand", () => {
    const buckets = createBuckets(() => 0)
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 1_000_000; i++) {
      assertHeld(buckets.take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, rate, 1, 1))
    }
    expect(buckets.count()).toBe(16_384)
    // A limiter that forgot nothing would hold some 200 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024)
  })
})

/** Without the cost of an assertion each. */
function assertHeld(left: number | undefined): void {
  if (left !== 2) throw new Error("a full bucket gave nothing")
}

describe("a limit as it is written", () => {
  test.each([
    ["submit=600/min", { submit: { perMinute: 600, burst: 600 } }],
    ["submit=600/min,2000", { submit: { perMinute: 600, burst: 2000 } }],
    ["search=off", { search: undefined }],
    ["key=1/min,1", { key: { perMinute: 1, burst: 1 } }],
  ])("%s", (text, limit) => {
    expect(parseLimit(text)).toEqual(limit)
  })

  test.each([
    ...["", "submit", "submit=", "submit=0/min", "submit=600", "submit=600/s", "submit=-1/min"],
    ...["tiles=1/min", "submit=1/min,", "submit=1/min,0", "submit=1e9/min", "Submit=1/min"],
    ...["constructor=1/min", "submit=on", "submit=1/min,2,3", "submit=9999999999/min"],
  ])("%j is none", (text) => {
    const { message } = expectRefusal("malformed", () => parseLimit(text))
    expect(message).toMatch(/expected CLASS=N\/min\[,BURST\] or CLASS=off with a class of submit, /)
  })

  test("every class has a default that a burst of a CI fits into", () => {
    for (const { perMinute, burst } of Object.values(defaultRates)) {
      expect(perMinute).toBeGreaterThanOrEqual(60)
      expect(burst).toBeGreaterThanOrEqual(perMinute)
    }
    expect(defaultRates.submit.burst).toBeGreaterThanOrEqual(5_000)
  })
})
