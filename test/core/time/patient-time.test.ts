import { expect, test } from "vitest"
import { createPatientTime } from "../../../src/core/time/patient-time.ts"

const start = 1_800_000_000_000
const minute = 60_000
const hour = 60 * minute
const decade = 3_652 * 24 * hour

function machine() {
  const at = { true: start, off: 0 }
  const time = createPatientTime({
    wall: () => at.true + at.off,
    steady: () => at.true - start,
    patience: 10 * minute,
  })
  return { at, time, now: () => time().now - start }
}

test.each([
  ["ten years forward", decade],
  ["an hour forward", hour],
  ["two minutes back", -2 * minute],
  ["ten years back", -decade],
])("%s is not believed before it has lasted", (_, off) => {
  const { at, time, now } = machine()
  expect(time()).toEqual({ now: start, doubt: undefined })
  at.off = off
  expect(time().doubt).toMatch(off > 0 ? /forward at once$/ : /back at once$/)
  at.true += 9 * minute
  // What is believed follows the wall clock by a thousandth, where that is behind.
  expect(Math.abs(now() - 9 * minute)).toBeLessThan(minute)
  at.true += minute
  expect(time()).toEqual({ now: start + 10 * minute + off, doubt: undefined })
  at.true += minute
  expect(now()).toBe(11 * minute + off)
})

test("a step that is over counts for nothing, however often it comes", () => {
  const { at, time, now } = machine()
  time()
  for (let round = 0; round < 20; round++) {
    at.true += 5 * minute
    at.off = round % 2 === 0 ? decade : -decade
    expect(time().doubt).toBeDefined()
    at.true += minute
    at.off = 0
    expect(time().doubt).toBeUndefined()
  }
  expect(now()).toBe(120 * minute)
})

test("is no number nor anything that comes of it", () => {
  const { at, time } = machine()
  time()
  at.off = Number.NaN
  at.true += hour
  time()
  at.off = 0
  expect(time()).toEqual({ now: start + hour, doubt: undefined })
})
