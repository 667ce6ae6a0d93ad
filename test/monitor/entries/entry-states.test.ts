import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  createEntryNotes,
  type EntryState,
  entryCountsOf,
  MOST_UNEXPLAINED,
  type NotedEntry,
  unexplainedEntries,
} from "../../../src/monitor/entries/entry-states.ts"
import { judgeExplanations } from "../../../src/monitor/entries/explanation-rule.ts"
import type { Case } from "../../../src/monitor/findings/case.ts"
import type { Finding } from "../../../src/monitor/findings/finding.ts"
import type { Watch } from "../../../src/monitor/watch/watch.ts"
import { newDocuments, ORIGIN, watchOf } from "./watched-entries.ts"

const HOUR = 3_600_000

function noted(index: number, state: EntryState, isListed = false): NotedEntry {
  return { index, state, isListed, digest: `sha256:${index}`, passedOver: [], isAgain: false }
}

describe("what is noted of entries", () => {
  test("is the sum of their states, however often and in which order they are examined", () => {
    const state = fc.constantFrom<EntryState>("understood", "opaque", "pending")
    const entry = fc.tuple(fc.nat(9_000), state, fc.boolean())
    const batches = fc.array(fc.array(entry, { maxLength: 20 }), { maxLength: 6 })
    fc.assert(
      fc.property(batches, (all) => {
        const documents = newDocuments()
        const last = new Map<number, NotedEntry>()
        for (const batch of all) {
          const entries = batch.map((each) => noted(...each))
          // As after a restart: what is remembered is in the documents alone.
          createEntryNotes(ORIGIN, true)(documents, entries, 0)
          for (const each of entries) last.set(each.index, each)
        }
        const count = (isCounted: (each: NotedEntry) => boolean): number =>
          [...last.values()].filter(isCounted).length
        const isUnexplained = (each: NotedEntry): boolean =>
          each.state === "opaque" && each.isListed
        expect(entryCountsOf(documents, ORIGIN)).toMatchObject({
          opaqueStrangers: count((each) => each.state === "opaque" && !each.isListed),
          opaqueListed: count(isUnexplained),
          pending: count((each) => each.state === "pending"),
        })
        expect(documents.list(unexplainedEntries)).toHaveLength(count(isUnexplained))
      }),
      { numRuns: 200 },
    )
  })

  test("is nothing where all is understood", () => {
    const documents = newDocuments()
    createEntryNotes(ORIGIN, true)(documents, [noted(0, "understood"), noted(1, "understood")], 0)
    expect(documents.changes()).toEqual([])
  })

  test("counts what was passed over once", () => {
    const documents = newDocuments()
    const note = createEntryNotes(ORIGIN, false)
    const odd = { ...noted(0, "understood"), passedOver: ["odd-statement"] } as const
    note(documents, [odd, { ...odd, index: 1 }], 0)
    note(documents, [{ ...odd, isAgain: true }], 0)
    expect(entryCountsOf(documents, ORIGIN)).toMatchObject({ oddStatements: 2, badSignatures: 0 })
  })

  test("is of one log", () => {
    const documents = newDocuments()
    createEntryNotes(ORIGIN, false)(documents, [noted(0, "opaque", true)], 0)
    expect(entryCountsOf(documents, "other.example").opaqueListed).toBe(0)
  })
})

function findingsOf(cases: readonly Case[]): readonly Finding[] {
  return cases.flatMap((each) => ("grade" in each ? [each] : []))
}

async function explaining(...lines: readonly string[]) {
  const watch: Watch = await watchOf(lines)
  const documents = newDocuments()
  const note = createEntryNotes(ORIGIN, watch.explainWithin !== undefined)
  return {
    documents,
    note: (entries: readonly NotedEntry[], now: number) => note(documents, entries, now),
    judge: (now: number) => judgeExplanations(documents, ORIGIN, watch, now),
    unexplained: () => entryCountsOf(documents, ORIGIN).unexplained,
  }
}

describe("an opaque entry by a listed signer", () => {
  test.each([
    [[], 2],
    [["opaque count"], 2],
    [["opaque closed"], 2],
    [["opaque ignore"], 0],
    [["explain within 24"], 0],
  ] as const)("is with %j a matter of the exit code", async (lines, unexplained) => {
    const made = await explaining(...lines)
    made.note([noted(0, "opaque", true), noted(1, "opaque", true), noted(2, "opaque")], 0)
    expect(findingsOf(made.judge(0))).toEqual([])
    expect(made.unexplained()).toBe(unexplained)
    made.note([noted(0, "understood"), noted(1, "understood")], 0)
    made.judge(0)
    expect(made.unexplained()).toBe(0)
  })

  test("is unexplained-entry by its digest when its time is over, until it is explained", async () => {
    const { note, judge } = await explaining("explain within 24")
    const twin = { ...noted(9, "opaque", true), digest: "sha256:7" }
    note([noted(7, "opaque", true), twin, noted(8, "opaque")], HOUR)
    expect(findingsOf(judge(25 * HOUR - 1))).toEqual([])
    const found = findingsOf(judge(25 * HOUR))
    expect(found).toMatchObject([
      {
        kind: "unexplained-entry",
        grade: "ATTESTED",
        index: 7,
        key: `unexplained-entry ${ORIGIN} sha256:7`,
      },
    ])
    note([{ ...noted(7, "understood"), isAgain: true }], 26 * HOUR)
    expect(findingsOf(judge(26 * HOUR))).toMatchObject([{ index: 9 }])
    note([{ ...twin, state: "understood", isAgain: true }], 26 * HOUR)
    expect(judge(26 * HOUR)).toEqual([
      { kinds: ["unexplained-entry"], origin: ORIGIN, but: new Set() },
    ])
  })

  test("keeps its time when it is examined again", async () => {
    const { note, judge } = await explaining("explain within 1")
    note([noted(7, "opaque", true)], 0)
    note([{ ...noted(7, "opaque", true), isAgain: true }], HOUR)
    expect(findingsOf(judge(HOUR))).toHaveLength(1)
  })

  test("is one of too many to be named only beside a finding that says so", async () => {
    const { note, judge } = await explaining("explain within 1")
    const entries = Array.from({ length: MOST_UNEXPLAINED + 5 }, (_, i) => noted(i, "opaque", true))
    note(entries, 0)
    const found = findingsOf(judge(HOUR))
    expect(found).toHaveLength(MOST_UNEXPLAINED + 1)
    expect(found.at(-1)?.summary).toContain("5 more entries")
  })
})
