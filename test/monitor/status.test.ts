import { expect, test } from "vitest"
import { formatBase64 } from "../../src/core/base/text.ts"
import { monitorStatus, type StatusSource } from "../../src/monitor/status.ts"
import {
  HOUR,
  headOf,
  honest,
  logKey,
  MINUTE,
  monitorAt,
  NOON,
  ORIGIN,
  policyWitness,
  signedNote,
  witnessKeys,
} from "./heads/judged-log.ts"
import { findingOf, raise } from "./state/durable-documents.ts"

const T = NOON * 1000

function sourceOf(documents: StatusSource["documents"], size: number, now: number): StatusSource {
  const witnesses = witnessKeys.map(policyWitness)
  const log = { origin: ORIGIN, witnesses, threshold: 2, head: headOf(honest, size) }
  return { documents, logs: [log], lastCompleteAt: T, interval: MINUTE, now }
}

test("monitorStatus() tells where each log, witness and quorum stands", async () => {
  const monitor = monitorAt(8)
  const [w1, w2] = witnessKeys
  const noteAt = (size: number, ...witnesses: (typeof witnessKeys)[number][]) =>
    signedNote(headOf(honest, size), [{ by: logKey }, ...witnesses.map((by) => ({ by }))])
  await monitor.see("log", 0, noteAt(8, w1))
  await monitor.see("witness w2", MINUTE, noteAt(5, w2))
  await monitor.see("mirror m", 2 * MINUTE, noteAt(12))
  const status = monitorStatus(sourceOf(monitor.documents, 8, T + 3 * MINUTE))
  expect(status.logs).toMatchObject([
    {
      origin: ORIGIN,
      size: 8,
      root: formatBase64(honest.rootAt(8)),
      newest: 12,
      backlog: 4,
      headAt: T + 2 * MINUTE,
      answeredAt: T,
      witnesses: [
        { name: "w1", lastAt: T, size: 8 },
        { name: "w2", lastAt: T, size: 5 },
        { name: "w3" },
      ],
      quorum: { now: 1, threshold: 2, lately: 2, needed: 2 },
      entries: { opaque: { strangers: 0, listed: 0 }, pending: { total: 0 }, undecided: 0 },
      rescan: { judged: 8, of: 8, isComplete: true },
    },
  ])
  expect(status).toMatchObject({
    isBlind: false,
    worst: 0,
    findings: [],
    sinks: [],
    undelivered: 0,
  })
  const late = monitorStatus(sourceOf(monitor.documents, 8, T + 13 * HOUR))
  expect(late.isBlind).toBe(true)
  expect(late.logs[0]?.quorum).toEqual({ now: 1, threshold: 2, lately: 0, needed: 2 })
})

test("monitorStatus() shows open findings, acknowledged or not, and no tests", () => {
  const { documents } = monitorAt(8)
  raise(documents, findingOf({ grade: "PROVEN" }), T)
  raise(documents, findingOf({ key: "test", isCanary: true, index: 3 }), T)
  const { findings, worst } = monitorStatus(sourceOf(documents, 8, T))
  expect(findings.map(({ key }) => key)).toEqual(["fork log.example"])
  expect(worst).toBe(3)
})

test("monitorStatus() of a monitor that has seen nothing is blind and says so", () => {
  const { documents } = monitorAt(0)
  const status = monitorStatus({ ...sourceOf(documents, 0, T), lastCompleteAt: undefined })
  expect(status.isBlind).toBe(true)
  expect(status.logs[0]).toMatchObject({ size: 0, newest: 0, backlog: 0 })
  expect(status.logs[0]).not.toHaveProperty("headAt")
})
