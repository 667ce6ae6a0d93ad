import { describe, expect, test } from "vitest"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import type { Evidence } from "../../../src/evidence/evidence.ts"
import { evidenceText, keptEvidence } from "../../../src/monitor/findings/evidence.ts"
import { type Finding, findingKinds } from "../../../src/monitor/findings/finding.ts"
import {
  acknowledge,
  alertLeft,
  LEAST_WATCHED,
  MOST_FINDINGS,
  MOST_IN_ALL,
  remind,
} from "../../../src/monitor/findings/life.ts"
import { keepItem, outbox, outboxItems } from "../../../src/monitor/findings/outbox.ts"
import {
  findingId,
  isHealthy,
  openFindings,
  severityOf,
  storedFinding,
  storedFindings,
  worstOf,
} from "../../../src/monitor/findings/stored.ts"
import { createDocumentSet, createDraft, type Draft } from "../../../src/monitor/state/set.ts"
import { findingOf, raise, resolve } from "../state/durable-documents.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR
const T = 1_800_000_000_000

function newDocuments(): Draft {
  return createDraft(createDocumentSet([], portableHasher))
}

function events(documents: Draft): string[] {
  return outboxItems(documents).map(({ alert }) => `${alert.event} ${alert.grade}`)
}

/** Empties the outbox, as if every sink had everything. */
function deliverAll(documents: Draft): string[] {
  const told = events(documents)
  for (const { place, alert } of outboxItems(documents)) {
    documents.remove(outbox, place)
    alertLeft(documents, alert.key)
  }
  return told
}

function evidenceOf(id: string, kind: Evidence["kind"] = "fork", length = 100): Evidence {
  const text = `tlog-evidence/v1\nkind ${kind}\n${"x".repeat(length)}\n`
  return { id: id.padStart(64, "0"), kind, text }
}

describe("raise()", () => {
  test("tells of a finding once, however often it is seen", () => {
    const documents = newDocuments()
    for (let i = 0; i < 5; i++) raise(documents, findingOf(), T + i)
    expect(events(documents)).toEqual(["opened ATTESTED"])
    expect(openFindings(documents)).toHaveLength(1)
  })

  test("tells again when the grade rises, and never when it falls", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    raise(documents, findingOf({ grade: "PROVEN", evidence: evidenceOf("a") }), T + 1)
    raise(documents, findingOf({ grade: "ATTESTED" }), T + 2)
    expect(events(documents)).toEqual(["opened ATTESTED", "upgraded PROVEN"])
    expect(openFindings(documents)[0]).toMatchObject({ grade: "PROVEN" })
    const [, upgraded] = outboxItems(documents)
    expect(upgraded?.alert.evidence).toEqual({
      id: evidenceOf("a").id,
      effect: "convicts",
      isKept: true,
      text: evidenceOf("a").text,
    })
  })

  test("tells of a suspicion only once it is attested, or has outlived its deadline", () => {
    const documents = newDocuments()
    raise(documents, findingOf({ grade: "SUSPECTED" }), T)
    raise(documents, findingOf({ key: "other", grade: "SUSPECTED" }), T)
    remind(documents, T + HOUR - 1)
    expect(events(documents)).toEqual([])
    raise(documents, findingOf(), T + HOUR - 1)
    expect(events(documents)).toEqual(["opened ATTESTED"])
    remind(documents, T + HOUR)
    expect(events(documents)).toEqual(["opened ATTESTED", "opened SUSPECTED"])
  })

  test("gives every alert an ID of its own that depends on the finding alone", () => {
    const [a, b] = [newDocuments(), newDocuments()]
    for (const documents of [a, b]) {
      raise(documents, findingOf(), T)
      raise(documents, findingOf({ key: "fork log.example 2" }), T)
      resolve(documents, "fork log.example", T + 1)
      raise(documents, findingOf(), T + DAY)
    }
    const ids = (documents: Draft) => outboxItems(documents).map(({ alert }) => alert.id)
    expect(ids(a)).toEqual(ids(b))
    expect(new Set(ids(a)).size).toBe(4)
  })

  test("keeps keys, summaries and origins of any form, shortened", () => {
    const documents = newDocuments()
    const hostile = `fork \u0000\ud800${"x".repeat(10_000)}`
    const finding = findingOf({ key: hostile, summary: hostile, origin: hostile })
    raise(documents, finding, T)
    raise(documents, finding, T + 1)
    const [stored] = openFindings(documents)
    expect(openFindings(documents)).toHaveLength(1)
    expect(stored?.summary.length).toBeLessThanOrEqual(1000)
    expect(stored?.summary.startsWith("fork ??xxx")).toBe(true)
    expect(acknowledge(documents, hostile, T + 2)).toBe(true)
    expect(worstOf(openFindings(documents))).toBe(0)
  })

  test("stands one finding for those beyond the limit, which reopens after it was acknowledged", () => {
    const documents = newDocuments()
    for (let i = 0; i < MOST_FINDINGS + 10; i++) {
      raise(documents, findingOf({ key: `fork log.example ${i}`, index: i }), T)
    }
    expect(openFindings(documents)).toHaveLength(MOST_FINDINGS + 1)
    const more = "fork log.example and more"
    expect(acknowledge(documents, more, T)).toBe(true)
    deliverAll(documents)
    raise(documents, findingOf({ key: "fork log.example x" }), T + DAY)
    expect(events(documents)).toEqual(["opened ATTESTED"])
    acknowledge(documents, "fork log.example 0", T + DAY)
    acknowledge(documents, "fork log.example 1", T + DAY)
    raise(documents, findingOf({ key: "fork log.example y" }), T + DAY)
    expect(openFindings(documents).some(({ key }) => key === "fork log.example y")).toBe(true)
    // Another kind and another origin have room of their own.
    raise(documents, findingOf({ key: "z", kind: "rollback" }), T)
    expect(openFindings(documents).some(({ key }) => key === "z")).toBe(true)
  })

  test("leaves room for what is watched, whatever the flood is about", () => {
    const documents = newDocuments()
    const unknown = (watched: string, index: number) => {
      const key = `unknown-signer log.example ${index} ${watched}`
      raise(documents, findingOf({ key, kind: "unknown-signer", index, watched }), T)
      return openFindings(documents).some((finding) => finding.key === key)
    }
    for (let i = 0; i < MOST_FINDINGS + 50; i++) unknown("decoy", i)
    expect(openFindings(documents)).toHaveLength(MOST_FINDINGS + 1)
    for (let i = 0; i < 2 * LEAST_WATCHED; i++) expect(unknown("target", 5_000 + i)).toBe(true)
    expect(unknown("decoy", 6_002)).toBe(false)
  })

  test("leaves room for what is watched even if the flood is about all else that is", () => {
    const documents = newDocuments()
    const unknown = (watched: string, index: number) => {
      const key = `unknown-signer log.example ${index} ${watched}`
      raise(documents, findingOf({ key, kind: "unknown-signer", index, watched }), T)
      return key
    }
    for (let i = 0; i < MOST_IN_ALL + 50; i++) unknown(`decoy ${i % 20}`, i)
    const isOpen = (key: string) => storedFinding(documents, key) !== undefined
    for (let i = 0; i < LEAST_WATCHED; i++) {
      expect(isOpen(unknown("target", 20_000 + i))).toBe(true)
    }
    expect(isOpen(unknown("target", 30_000))).toBe(false)
    const more = storedFinding(documents, "unknown-signer log.example target and more")
    expect(more).toMatchObject({ index: 30_000, watched: "target" })
    acknowledge(documents, "unknown-signer log.example 20000 target", T)
    acknowledge(documents, "unknown-signer log.example 20001 target", T)
    expect(isOpen(unknown("target", 30_001))).toBe(true)
  })

  test("names the entry about what is watched behind a thousand that are about nothing, and delivers its alert first", () => {
    const documents = newDocuments()
    for (let i = 0; i < MOST_FINDINGS + 300; i++) {
      const key = `outside-validity log.example ${i}`
      raise(documents, findingOf({ key, kind: "outside-validity", index: i }), T)
    }
    const key = "outside-validity log.example 7777 mine"
    raise(
      documents,
      findingOf({ key, kind: "outside-validity", index: 7_777, watched: "mine" }),
      T + 1,
    )
    expect(openFindings(documents).find((finding) => finding.key === key)?.index).toBe(7_777)
    const alerts = outboxItems(documents).filter(({ alert }) => alert.key === key)
    expect(alerts).toMatchObject([{ alert: { index: 7_777, watched: "mine", event: "opened" } }])
  })

  test("never lets a test stand for what is no test", () => {
    const documents = newDocuments()
    raise(documents, findingOf({ isCanary: true, evidence: evidenceOf("a") }), T)
    expect(worstOf(openFindings(documents))).toBe(0)
    expect(keptEvidence(documents)).toEqual([])
    raise(documents, findingOf({ grade: "PROVEN" }), T + 1)
    expect(worstOf(openFindings(documents))).toBe(3)
    expect(outboxItems(documents).map(({ alert }) => alert.isCanary)).toEqual([true, false])
  })
})

describe("resolve()", () => {
  test("closes what healed and tells whoever was told", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    raise(documents, findingOf({ key: "quiet", grade: "SUSPECTED" }), T)
    resolve(documents, "fork log.example", T + 1)
    resolve(documents, "quiet", T + 1)
    resolve(documents, "unknown", T + 1)
    expect(openFindings(documents)).toEqual([])
    expect(events(documents)).toEqual(["opened ATTESTED", "resolved ATTESTED"])
  })

  test("never closes what is proven", () => {
    const documents = newDocuments()
    raise(documents, findingOf({ grade: "PROVEN" }), T)
    resolve(documents, "fork log.example", T + 1)
    expect(openFindings(documents)).toHaveLength(1)
    expect(worstOf(openFindings(documents))).toBe(3)
  })

  test("does not tell at once of a finding that comes and goes", () => {
    const documents = newDocuments()
    for (let i = 0; i < 20; i++) {
      raise(documents, findingOf(), T + 2 * i)
      resolve(documents, "fork log.example", T + 2 * i + 1)
    }
    raise(documents, findingOf(), T + 100)
    expect(events(documents)).toEqual(["opened ATTESTED", "resolved ATTESTED"])
    remind(documents, T + 100 + HOUR)
    expect(events(documents)).toEqual(["opened ATTESTED", "resolved ATTESTED", "opened ATTESTED"])
  })

  test("tells at once of what comes back graver", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    resolve(documents, "fork log.example", T + 1)
    raise(documents, findingOf({ grade: "PROVEN" }), T + 2)
    expect(events(documents).at(-1)).toBe("opened PROVEN")
  })

  test("forgets what healed after a month", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    resolve(documents, "fork log.example", T)
    remind(documents, T + 31 * DAY)
    expect(storedFindings(documents)).toHaveLength(1)
    const [first] = outboxItems(documents)
    deliverAll(documents)
    remind(documents, T + 31 * DAY)
    expect(storedFindings(documents)).toEqual([])
    // A receiver that remembers IDs must not take the next case for this one.
    raise(documents, findingOf(), T + 32 * DAY)
    expect(outboxItems(documents)[0]?.alert.id).not.toBe(first?.alert.id)
  })
})

describe("remind()", () => {
  test("tells again every day until somebody takes notice", () => {
    const documents = newDocuments()
    raise(documents, findingOf({ grade: "PROVEN" }), T)
    const told = [deliverAll(documents)]
    for (let hour = 1; hour <= 72; hour++) {
      remind(documents, T + hour * HOUR)
      told.push(deliverAll(documents))
    }
    expect(told.flat()).toEqual(["opened PROVEN", ...Array(3).fill("reminder PROVEN")])
    expect(acknowledge(documents, "fork log.example", T + 73 * HOUR)).toBe(true)
    remind(documents, T + 10 * DAY)
    expect(events(documents)).toEqual([])
    expect(worstOf(openFindings(documents))).toBe(0)
    expect(openFindings(documents)).toHaveLength(1)
  })

  test("reminds in every run of a monitor that runs once a day, give or take an hour", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    deliverAll(documents)
    for (const hours of [23.5, 47, 71, 94.2]) {
      remind(documents, T + hours * HOUR)
      expect(deliverAll(documents)).toEqual(["reminder ATTESTED"])
    }
  })

  test("makes no second reminder while the first is on its way", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    for (let day = 1; day < 10; day++) remind(documents, T + day * DAY)
    expect(events(documents)).toEqual(["opened ATTESTED"])
    deliverAll(documents)
    remind(documents, T + 10 * DAY)
    expect(events(documents)).toEqual(["reminder ATTESTED"])
  })

  test("is not silenced by a clock that was put back", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    deliverAll(documents)
    remind(documents, T - 365 * DAY)
    expect(events(documents)).toEqual(["reminder ATTESTED"])
  })

  test("bounds what waits for a sink that never comes back", () => {
    const documents = newDocuments()
    for (let day = 0; day < 50; day++) {
      raise(documents, findingOf(), T + day * DAY)
      resolve(documents, "fork log.example", T + day * DAY + HOUR)
    }
    expect(outboxItems(documents).length).toBeLessThanOrEqual(8)
    raise(documents, findingOf(), T + 60 * DAY)
    deliverAll(documents)
    remind(documents, T + 61 * DAY)
    expect(events(documents)).toEqual(["opened ATTESTED"])
  })
})

describe("acknowledge()", () => {
  test("takes the key or the short ID of an open finding", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    expect(acknowledge(documents, "nothing", T)).toBe(false)
    expect(acknowledge(documents, "tally fork log.example", T)).toBe(false)
    expect(acknowledge(documents, findingId("fork log.example"), T + 5)).toBe(true)
    expect(openFindings(documents)[0]?.acknowledgedAt).toBe(T + 5)
  })

  test("holds only until the finding becomes graver", () => {
    const documents = newDocuments()
    raise(documents, findingOf(), T)
    acknowledge(documents, "fork log.example", T)
    raise(documents, findingOf({ grade: "PROVEN" }), T + 1)
    expect(worstOf(openFindings(documents))).toBe(3)
    expect(events(documents)).toEqual(["opened ATTESTED", "upgraded PROVEN"])
  })
})

describe("worstOf()", () => {
  const of = (kind: Finding["kind"], grade: Finding["grade"]) => severityOf({ kind, grade })

  test("grades misissuance, proven lies and everything else", () => {
    expect(of("unknown-signer", "PROVEN")).toBe(2)
    expect(of("not-logged", "ATTESTED")).toBe(2)
    expect(of("fork", "PROVEN")).toBe(3)
    // What is presented convicts nobody.
    expect(severityOf({ kind: "entry-time", grade: "PROVEN", effect: "presents" })).toBe(2)
    expect(severityOf({ kind: "entry-time", grade: "PROVEN", effect: "convicts" })).toBe(3)
    expect(of("duplicate-entry", "PROVEN")).toBe(2)
    expect(severityOf({ kind: "bad-signature", grade: "PROVEN", effect: "presents" })).toBe(2)
    expect(of("witness-rollback", "PROVEN")).toBe(3)
    expect(of("fork", "ATTESTED")).toBe(1)
    expect(of("sink-failing", "ATTESTED")).toBe(1)
    for (const kind of findingKinds) expect(of(kind, "SUSPECTED")).toBe(1)
  })

  test("and isHealthy() tell what a monitor found from what ails it", () => {
    const documents = newDocuments()
    raise(documents, findingOf({ key: "a", grade: "PROVEN" }), T)
    expect(isHealthy(openFindings(documents))).toBe(true)
    raise(documents, findingOf({ key: "b", kind: "unreachable", grade: "SUSPECTED" }), T)
    expect(isHealthy(openFindings(documents))).toBe(false)
    resolve(documents, "b", T)
    expect(isHealthy(openFindings(documents))).toBe(true)
  })

  test("counts the worst open finding", () => {
    const documents = newDocuments()
    expect(worstOf(openFindings(documents))).toBe(0)
    raise(documents, findingOf({ key: "a", kind: "unreachable" }), T)
    expect(worstOf(openFindings(documents))).toBe(1)
    raise(documents, findingOf({ key: "b", kind: "not-mine", grade: "PROVEN" }), T)
    expect(worstOf(openFindings(documents))).toBe(2)
    raise(documents, findingOf({ key: "c", grade: "PROVEN" }), T)
    expect(worstOf(openFindings(documents))).toBe(3)
  })
})

describe("evidence", () => {
  test("is kept once, as it is", () => {
    const documents = newDocuments()
    const evidence = evidenceOf("ab")
    raise(documents, findingOf({ evidence }), T)
    raise(documents, findingOf({ key: "other", evidence }), T)
    expect(keptEvidence(documents)).toEqual([
      { id: evidence.id, kind: "fork", effect: "convicts", size: evidence.text.length },
    ])
    expect(evidenceText(documents, evidence.id)).toBe(evidence.text)
    expect(evidenceText(documents, "tally log.example")).toBeUndefined()
  })

  test("about entries never crowds out what convicts the log", () => {
    const documents = newDocuments()
    for (let i = 0; i < 12; i++) {
      const evidence = evidenceOf(`${i}`, "bad-entry", 1024 * 1024)
      raise(documents, findingOf({ key: `bad ${i}`, kind: "bad-signature", evidence }), T)
    }
    expect(keptEvidence(documents)).toHaveLength(3)
    const evidence = evidenceOf("abc", "fork", 1024 * 1024)
    raise(documents, findingOf({ grade: "PROVEN", evidence }), T)
    expect(evidenceText(documents, evidence.id)).toBe(evidence.text)
    for (let i = 0; i < 12; i++) {
      const more = evidenceOf(`d${i}`, "fork", 1024 * 1024)
      raise(documents, findingOf({ key: `fork ${i}`, grade: "PROVEN", evidence: more }), T)
    }
    const convicting = keptEvidence(documents).filter(({ effect }) => effect === "convicts")
    const bytes = convicting.reduce((sum, { size }) => sum + size, 0)
    expect(bytes).toBeGreaterThan(7 * 1024 * 1024 - 1024)
    expect(bytes).toBeLessThanOrEqual(8 * 1024 * 1024)
    // The finding is told with the ID alone where the text was too much.
    const last = outboxItems(documents).find(({ alert }) => alert.key === "bad 11")
    expect(last?.alert.evidence).toEqual({
      id: evidenceOf("11").id,
      effect: "presents",
      isKept: false,
    })
    const stored = storedFinding(documents, "bad 11")
    expect(stored).toMatchObject({ isUnkept: true, effect: "presents" })
  })

  test("of certificates' dates never crowds out what convicts the log, nor what is watched", () => {
    const documents = newDocuments()
    const dates = (id: string): Evidence => {
      const evidence = evidenceOf(id, "time", 1024 * 1024)
      return { ...evidence, text: `tlog-evidence/v2\nkind time\npresents k\n${evidence.text}` }
    }
    const late = (id: string, watched?: string) => {
      const key = `outside-validity ${id}`
      const about = { key, kind: "outside-validity", grade: "PROVEN", evidence: dates(id) } as const
      raise(documents, findingOf({ ...about, ...(watched !== undefined && { watched }) }), T)
      return evidenceText(documents, dates(id).id) !== undefined
    }
    for (let i = 0; i < 20; i++) late(`a${i}`)
    expect(late("b0")).toBe(false)
    expect(late("b1", "mine")).toBe(true)
    const evidence = evidenceOf("abc", "fork", 1024 * 1024)
    raise(documents, findingOf({ grade: "PROVEN", evidence }), T)
    expect(evidenceText(documents, evidence.id)).toBe(evidence.text)
    expect(storedFinding(documents, "fork log.example")?.isUnkept).toBeUndefined()
  })

  test("that convicts and has no room goes along with its alert, which says so", () => {
    const documents = newDocuments()
    const fork = (i: number): Evidence => evidenceOf(`d${i}`, "fork", 1024 * 1024)
    for (let i = 0; i < 12; i++) {
      raise(documents, findingOf({ key: `fork ${i}`, grade: "PROVEN", evidence: fork(i) }), T)
    }
    const alertAbout = (key: string) =>
      outboxItems(documents).find(({ alert }) => alert.key === key)?.alert
    expect(alertAbout("fork 0")?.evidence).toMatchObject({ isKept: true, text: fork(0).text })
    expect(evidenceText(documents, fork(11).id)).toBeUndefined()
    expect(alertAbout("fork 11")?.evidence).toEqual({
      id: fork(11).id,
      effect: "convicts",
      isKept: false,
      text: fork(11).text,
    })
    expect(storedFinding(documents, "fork 11")).toMatchObject({ isUnkept: true, grade: "PROVEN" })
    // It is still there when one sink has taken it and another one has not.
    const item = outboxItems(documents).find(({ alert }) => alert.key === "fork 11")
    if (item !== undefined) keepItem(documents, { ...item, delivered: ["one"] })
    expect(alertAbout("fork 11")?.evidence?.text).toBe(fork(11).text)
  })
})
