import { expect, test } from "vitest"
import { createClockVotes } from "../../../src/log/publishing/clock-votes.ts"

const start = 1_800_000_000

function votesOf(witnesses: number) {
  const at = { wall: start, steady: 0 }
  const votes = createClockVotes({
    witnesses,
    wall: () => at.wall * 1_000,
    steady: () => at.steady * 1_000,
  })
  return { at, votes }
}

test.each([
  [1, ["a"]],
  [2, ["a", "b"]],
  [3, ["a", "b"]],
  [5, ["a", "b", "c"]],
] as const)("of %d witnesses more than half confirm the time", (count, names) => {
  const { votes } = votesOf(count)
  const offsets = names.map((name) => votes.heard(name, [start + 2]))
  expect(offsets).toEqual(names.map((_, i) => (i + 1 === names.length ? start * 1_000 : undefined)))
})

test("none confirms a time that is not its own, nor twice over, nor an earlier one", () => {
  const { at, votes } = votesOf(3)
  expect(votes.heard("a", [start + 61])).toBeUndefined()
  expect(votes.heard("b", [start - 61])).toBeUndefined()
  expect(votes.heard("b", [])).toBeUndefined()
  for (let round = 0; round < 9; round++) expect(votes.heard("a", [start])).toBeUndefined()
  at.wall += 3_600
  expect(votes.heard("b", [start + 3_600])).toBeUndefined()
  expect(votes.heard("c", [start + 3_600])).toBe((start + 3_600) * 1_000)
  expect(votes.heard("b", [start])).toBeUndefined()
})

test("what was heard counts on while the clocks go on", () => {
  const { at, votes } = votesOf(3)
  expect(votes.heard("a", [start])).toBeUndefined()
  at.wall += 600
  at.steady += 600
  expect(votes.heard("b", [start + 600])).toBe(start * 1_000)
})
