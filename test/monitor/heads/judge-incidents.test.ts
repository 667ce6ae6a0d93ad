// What has happened to real logs, as far as it concerned their heads: every one of these must be caught, and
// what was a false alarm must not be.
import { describe, expect, test } from "vitest"
import { verifyEvidence } from "../../../src/evidence/verification.ts"
import {
  type Branch,
  forkedAt,
  HOUR,
  headOf,
  honest,
  logKey,
  MINUTE,
  makeBranch,
  monitorAt,
  NOON,
  ORIGIN,
  signedNote,
  summaryOf,
  timedLogKey,
  witnessKeys,
} from "./judged-log.ts"

function logHead(size: number, branch: Branch = honest): string {
  return signedNote(headOf(branch, size), [{ by: logKey }])
}

describe("as it happened", () => {
  test("Venafi 2017: heads a few entries apart that do not fit are proven from the raw notes", async () => {
    const monitor = monitorAt(967)
    await monitor.see("log", 0, logHead(967))
    const findings = await monitor.see("mirror m", 1, logHead(961, forkedAt(960)))
    expect(summaryOf(findings)).toEqual(["fork PROVEN"])
    const { claims } = verifyEvidence(findings[0]?.evidence?.text ?? "")
    expect(claims.join(" ")).toContain("size 961")
    expect(claims.join(" ")).toContain("size 967")
  })

  test("TrustAsia 2020: heads that lie far apart are proven as well", async () => {
    const monitor = monitorAt(935)
    expect(await monitor.see("verifier", 0, logHead(2040, forkedAt(3)))).toEqual([])
    await monitor.see("log", HOUR / 2, logHead(2962))
    expect(summaryOf(await monitor.grow(2962, HOUR / 2))).toEqual(["fork PROVEN"])
  })

  test("a restored backup: the log goes back, grows anew, and is convicted by its own regrowth", async () => {
    const monitor = monitorAt(100)
    const regrown = makeBranch((at) => (at < 90 ? "" : "after the restore"))
    await monitor.see("log", 0, logHead(100))
    expect(summaryOf(await monitor.see("log", 2 * MINUTE, logHead(90, regrown)))).toEqual([
      "rollback SUSPECTED",
    ])
    expect(summaryOf(await monitor.see("log", 3 * MINUTE, logHead(90, regrown)))).toEqual([
      "rollback ATTESTED",
    ])
    expect(summaryOf(await monitor.see("log", 4 * MINUTE, logHead(92, regrown)))).toEqual([
      "fork PROVEN",
    ])
  })

  test("two writers of one log: two trees of one size are proven without any entry", async () => {
    const monitor = monitorAt(0)
    await monitor.see("log", 0, logHead(7000))
    expect(summaryOf(await monitor.see("mirror m", 1, logHead(7000, forkedAt(6999))))).toEqual([
      "fork PROVEN",
    ])
  })

  test("Mammoth 2024: clocks of nodes that differ by minutes are no finding, by hours they are", async () => {
    const timed = (size: number, time: number) =>
      signedNote(headOf(honest, size), [{ by: timedLogKey, time }])
    const monitor = monitorAt(8, { logKeys: [timedLogKey] })
    expect(await monitor.see("log", 0, timed(4, NOON + 240))).toEqual([])
    expect(summaryOf(await monitor.see("log", 1, timed(5, NOON + 7200)))).toEqual([
      "head-time ATTESTED",
    ])
    expect(summaryOf(await monitor.see("log", 2, timed(6, NOON)))).toEqual(["head-time PROVEN"])
  })

  test("TrustAsia 2026: a gateway that mixes up answers is a suspicion that heals", async () => {
    const monitor = monitorAt(50)
    for (let minute = 0; minute < 20; minute++) {
      const at = minute * MINUTE
      await monitor.see("log", at, logHead(10 + minute))
      const isMixedUp = minute % 5 === 4
      const findings = isMixedUp ? await monitor.see("log", at + 1000, logHead(10)) : []
      expect(summaryOf(findings)).toEqual(isMixedUp ? ["rollback SUSPECTED"] : [])
    }
  })

  test("Nimbus 2021: what clients hold convicts or reminds a log that shows less to monitors", async () => {
    const monitor = monitorAt(10)
    await monitor.see("log", 0, logHead(10))
    expect(await monitor.see("verifier", 0, logHead(40))).toEqual([])
    await monitor.see("log", 2 * HOUR, logHead(10))
    expect(summaryOf(await monitor.grow(10, 2 * HOUR))).toEqual(["unreconciled-head ATTESTED"])
  })

  test("a witness restored from its backup is proven, and the log is not blamed", async () => {
    const [w1] = witnessKeys
    const seen = (size: number, time: number) =>
      signedNote(headOf(honest, size), [{ by: logKey }, { by: w1, time }])
    const monitor = monitorAt(100)
    await monitor.see("log", 0, seen(100, NOON))
    const findings = await monitor.see("witness w1", MINUTE, seen(90, NOON + 60))
    expect(summaryOf(findings)).toEqual(["witness-rollback PROVEN"])
    const { convicted, origin, freezes } = verifyEvidence(findings[0]?.evidence?.text ?? "")
    expect({ convicted, origin, freezes }).toEqual({
      convicted: w1.vkey,
      origin: ORIGIN,
      freezes: false,
    })
  })
})
