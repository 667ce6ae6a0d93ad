// Cases against what is open: what is new opens, what is gone heals, and the same again changes nothing.
import { describe, expect, test } from "vitest"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { absent, type Case, type SuspectedCase } from "../../../src/monitor/findings/case.ts"
import { settle, suspicions } from "../../../src/monitor/findings/settle.ts"
import { openFindings } from "../../../src/monitor/findings/stored.ts"
import { createDocumentSet, createDraft } from "../../../src/monitor/state/set.ts"
import { findingOf } from "../state/durable-documents.ts"

const T = 1_800_000_000_000
const MINUTE = 60_000

function world() {
  const documents = createDraft(createDocumentSet([], portableHasher))
  return {
    documents,
    /** Settles and gives the grades of what was seen. */
    see: (at: number, ...cases: readonly Case[]) =>
      settle(documents, cases, T + at).map(({ grade }) => grade),
    open: () => openFindings(documents).map(({ key, grade }) => `${key} ${grade}`),
  }
}

function suspected(shownBy: SuspectedCase["shownBy"], at: number, patience?: number): Case {
  const about = { key: "rollback o", kind: "rollback", origin: "o", summary: "less" } as const
  return { ...about, shownBy, at: T + at, ...(patience !== undefined && { patience }) }
}

describe("a suspected case", () => {
  test("is attested once the same vantage point shows it for a minute", () => {
    const { see, open } = world()
    expect(see(0, suspected("log", 0))).toEqual(["SUSPECTED"])
    expect(see(MINUTE - 1, suspected("log", MINUTE - 1))).toEqual(["SUSPECTED"])
    expect(see(MINUTE, suspected("log", MINUTE))).toEqual(["ATTESTED"])
    expect(open()).toEqual(["rollback o ATTESTED"])
  })

  test("is given as long as the judge says", () => {
    const { see } = world()
    see(0, suspected("log", 0, 5 * MINUTE))
    expect(see(MINUTE, suspected("log", MINUTE, 5 * MINUTE))).toEqual(["SUSPECTED"])
    expect(see(5 * MINUTE, suspected("log", 5 * MINUTE, 5 * MINUTE))).toEqual(["ATTESTED"])
  })

  test("is attested at once by a second vantage point, and heals with the last that shows it", () => {
    const { see, open, documents } = world()
    expect(see(0, suspected("log", 0), suspected("mirror m", 0))).toEqual(["SUSPECTED", "ATTESTED"])
    see(1, absent("rollback o", "log"))
    expect(open()).toEqual(["rollback o ATTESTED"])
    see(2, absent("rollback o", "mirror m"))
    expect(open()).toEqual([])
    expect(documents.list(suspicions)).toEqual([])
  })

  test("is healed by no vantage point that never showed it", () => {
    const { see, open } = world()
    see(0, findingOf({ key: "rollback o", kind: "rollback" }), absent("rollback o", "log"))
    see(1, absent("rollback o", "log"))
    expect(open()).toEqual(["rollback o ATTESTED"])
  })
})

describe("an absent case", () => {
  test("heals what is open, whoever showed it, and begins anew when it is seen again", () => {
    const { see, open } = world()
    see(0, suspected("log", 0), suspected("mirror m", 0))
    see(1, absent("rollback o"))
    expect(open()).toEqual([])
    expect(see(MINUTE, suspected("log", MINUTE))).toEqual(["SUSPECTED"])
  })

  test("never heals what is proven", () => {
    const { see, open } = world()
    see(0, findingOf({ grade: "PROVEN" }))
    see(1, absent("fork log.example"))
    expect(open()).toEqual(["fork log.example PROVEN"])
  })

  test("does not outweigh the same case in the same round", () => {
    const { see, open } = world()
    see(0, findingOf(), absent("fork log.example"))
    expect(open()).toEqual(["fork log.example ATTESTED"])
  })
})

test("nothing else closes what is not named, of these kinds and this origin only", () => {
  const { see, open } = world()
  const missing = (key: string, origin = "o") =>
    findingOf({ key, kind: "not-logged", origin }) satisfies Case
  see(0, missing("a"), missing("b"), missing("c", "other"), findingOf({ key: "d", origin: "o" }))
  see(1, missing("e"), { kinds: ["not-logged"], origin: "o", but: new Set(["b", "e"]) })
  expect(open()).toEqual(["b ATTESTED", "c ATTESTED", "d ATTESTED", "e ATTESTED"])
})

test("the same cases again change nothing", () => {
  const disk = createDocumentSet([], portableHasher)
  const cases = [findingOf(), suspected("log", 0), absent("unreachable o log")]
  const first = createDraft(disk)
  settle(first, cases, T)
  disk.apply(first.changes())
  const second = createDraft(disk)
  settle(second, cases, T)
  expect(second.changes()).toEqual([])
})
