import { expect, test } from "vitest"
import { cosignedHeads, keepCosigned, MOST_COSIGNED } from "../../../src/monitor/heads/pending.ts"
import { keptStatement } from "../../../src/monitor/heads/statement.ts"
import {
  fakeSigner,
  honest,
  memoryDocuments,
  NOON,
  ORIGIN,
  signedNote,
} from "../heads/judged-log.ts"

const log = fakeSigner(ORIGIN, 1, 1)
const witness = fakeSigner("witness.example", 4, 2)
const keys = {
  origin: ORIGIN,
  logKeys: [log.vkey],
  witnesses: [{ name: "w", vkey: witness.vkey }],
}

function statement(size: number, time: number) {
  const head = { size, root: honest.rootAt(size) }
  return keptStatement(signedNote(head, [{ by: log }, { by: witness, time }]), keys)
}

test("cosigned heads keep the earliest and the latest time of a size", () => {
  const documents = memoryDocuments()
  for (const time of [NOON + 5, NOON, NOON + 9, NOON + 7]) {
    keepCosigned(documents, keys, statement(3, time))
  }
  const heads = cosignedHeads(documents, keys)
  expect(heads.map(({ size }) => size)).toEqual([3])
  expect(heads[0]?.first.witnesses[0]?.time).toBe(NOON)
  expect(heads[0]?.last.witnesses[0]?.time).toBe(NOON + 9)
})

test("cosigned heads are bounded, keep the newest and the oldest, and spread over the time between", () => {
  const documents = memoryDocuments()
  for (let size = 1; size <= 200; size++) {
    keepCosigned(documents, keys, statement(size, NOON + 60 * size))
  }
  const sizes = cosignedHeads(documents, keys).map(({ size }) => size)
  expect(sizes).toHaveLength(MOST_COSIGNED)
  expect(sizes[0]).toBe(1)
  expect(sizes.slice(-16)).toEqual(Array.from({ length: 16 }, (_, i) => 185 + i))
  const gaps = sizes.slice(1).map((size, i) => size - (sizes[i] ?? 0))
  expect(Math.max(...gaps)).toBeLessThanOrEqual(8)
})

test("a head without a witness's line is no cosigned one", () => {
  const documents = memoryDocuments()
  const head = { size: 3, root: honest.rootAt(3) }
  keepCosigned(documents, keys, keptStatement(signedNote(head, [{ by: log }]), keys))
  expect(cosignedHeads(documents, keys)).toEqual([])
})
