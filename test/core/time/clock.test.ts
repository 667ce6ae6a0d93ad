import { describe, expect, test } from "vitest"
import { createClock } from "../../../src/core/time/clock.ts"

const start = 1_800_000_000_000
const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const decade = 3_652 * day

/** A machine whose wall clock is `off` the true time. */
function machine(options: { readonly known?: number; readonly accepted?: number } = {}) {
  const at = { true: start, off: 0 }
  const clock = createClock({
    wall: () => at.true + at.off,
    steady: () => at.true - start + 5 * hour,
    accepts: (wall) => wall === options.accepted,
  })
  clock.know(options.known ?? start)
  let newest = options.known ?? start
  return {
    at,
    clock,
    /** What is signed now, as it differs from the start; undefined if nothing is. */
    sign(): number | undefined {
      try {
        newest = clock.timeAfter(newest)
        return newest - start
      } catch (reason) {
        expect(reason).toMatchObject({ name: "Trouble", code: "clock" })
        expect(clock.state().doubt).toBe((reason as Error).message)
        return undefined
      }
    },
  }
}

/** After each step of true time, at a wall clock that is so far off, this is signed. */
type Moment = readonly [passed: number, off: number, signed: number | undefined]

const stories: Record<string, readonly Moment[]> = {
  "goes on as ever": [
    [0, 0, 0],
    [second, 0, second],
    [hour, 0, hour + second],
    [60 * day, 0, 60 * day + hour + second],
  ],
  "ten years ahead for one reading": [
    [0, 0, 0],
    [second, decade, undefined],
    [second, 0, 2 * second],
    [second, 0, 3 * second],
  ],
  "ten years ahead, and staying": [
    [0, 0, 0],
    [second, decade, undefined],
    [hour, decade, undefined],
    [30 * day, decade, undefined],
    [0, 0, 30 * day + hour + second],
  ],
  "two minutes back": [
    [0, 0, 0],
    [minute, -2 * minute, 0],
    [minute, -2 * minute, 0],
    [minute, -2 * minute, minute],
    [minute, 0, 4 * minute],
  ],
  "an hour back, and right again": [
    [0, 0, 0],
    [minute, -hour, 0],
    [minute, -hour, 0],
    [minute, 0, 3 * minute],
  ],
  "ten years back": [
    [minute, 0, minute],
    [minute, -decade, minute],
    [hour, -decade, minute],
    [0, 0, hour + 2 * minute],
  ],
  "a clock that stands still": [
    [0, 0, 0],
    [minute, -minute, 0],
    [minute, -2 * minute, 0],
    [minute, 0, 3 * minute],
  ],
  "a step below the bound": [
    [0, 0, 0],
    [second, 59 * second, 60 * second],
    [second, 0, 60 * second],
    [minute, 0, 62 * second],
  ],
  "steps below the bound do not add up": [
    [0, 0, 0],
    [second, 50 * second, 51 * second],
    [second, 100 * second, undefined],
    [second, 50 * second, 53 * second],
  ],
  "slow drift is followed": [
    [0, 0, 0],
    [day, 50 * second, day + 50 * second],
    [day, 100 * second, 2 * day + 100 * second],
    [day, 150 * second, 3 * day + 150 * second],
  ],
  // The steady clock of a virtual machine that was paused stands still with it.
  "a pause of which the steady clock knows nothing": [
    [0, 0, 0],
    [second, 8 * hour, undefined],
  ],
}

describe("a clock that is watched", () => {
  test.each(Object.entries(stories))("%s", (_, moments) => {
    const { at, sign } = machine()
    for (const [passed, off, signed] of moments) {
      at.true += passed
      at.off = off
      expect(sign()).toBe(signed)
    }
  })

  test("says that times stand still, by how much, and when that is over", () => {
    const { at, clock, sign } = machine()
    sign()
    at.off = -hour
    expect(clock.state()).toMatchObject({ believed: start, ahead: 0 })
    expect(clock.state().standing).toContain("60 minutes before the newest time that was signed")
    at.off = 0
    expect(clock.state()).toEqual({ believed: start, ahead: 0 })
  })

  test("a reading that is no number is doubted", () => {
    const { at, sign } = machine()
    at.off = Number.NaN
    expect(sign()).toBeUndefined()
    at.off = 0
    expect(sign()).toBe(0)
    at.off = Number.POSITIVE_INFINITY
    expect(sign()).toBeUndefined()
  })

  test("a steady clock that gives no number leads to doubt, and never to a time", () => {
    const at = { steady: 0 }
    const clock = createClock({ wall: () => start, steady: () => at.steady })
    expect(clock.timeAfter(start)).toBe(start)
    at.steady = Number.NaN
    expect(() => clock.timeAfter(start)).toThrow(/went NaN/)
  })

  test("goes on with a time that is confirmed, and with no other", () => {
    const { at, clock, sign } = machine()
    sign()
    at.off = 8 * hour
    expect(sign()).toBeUndefined()
    clock.confirm(start - 5 * hour)
    expect(sign()).toBeUndefined()
    clock.confirm(start - 5 * hour + 8 * hour + 200)
    expect(sign()).toBe(8 * hour)
    at.off = 16 * hour
    expect(sign()).toBeUndefined()
  })
})

describe("a clock at the start", () => {
  test.each([
    ["twenty-nine days later", 29 * day, 29 * day],
    ["thirty-one days later", 31 * day, undefined],
    ["ten years later", decade, undefined],
  ])("%s than what is known", (_, off, signed) => {
    const { at, sign } = machine()
    at.off = off
    expect(sign()).toBe(signed)
    at.off = 2 * second
    expect(sign()).toBe(signed ?? 2 * second)
  })

  test("of which nothing is known is believed", () => {
    const { sign } = machine({ known: 0 })
    expect(sign()).toBe(0)
  })

  test("that an operator accepts is believed, whatever is known", () => {
    const { at, sign } = machine({ accepted: start + decade })
    at.off = decade
    expect(sign()).toBe(decade)
    at.off = 2 * decade
    expect(sign()).toBeUndefined()
  })

  test("that witnesses confirm is believed", () => {
    const { at, clock, sign } = machine()
    at.off = decade
    expect(sign()).toBeUndefined()
    clock.confirm(start + decade - 5 * hour)
    expect(sign()).toBe(decade)
  })

  test("behind what is known may be set right at any step, but not beyond", () => {
    const { at, clock, sign } = machine({ known: start })
    at.off = -decade
    expect(sign()).toBe(0)
    expect(clock.state()).toMatchObject({ ahead: decade, believed: start - decade })
    at.off = decade
    expect(sign()).toBeUndefined()
    at.off = hour
    expect(sign()).toBe(hour)
    at.off = decade
    expect(sign()).toBeUndefined()
  })

  test("of a log whose times ran away long ago stands still, and says how far they are ahead", () => {
    const { clock, sign } = machine({ known: start + decade })
    expect(sign()).toBe(decade)
    expect(clock.state()).toMatchObject({ ahead: decade, believed: start })
    expect(clock.state().standing).toContain("3652 days before")
  })
})
