import { describe, expect, test } from "vitest"
import { asHash, EMPTY_ROOT } from "../../../src/core/tree/hash.ts"
import { verifyEvidence } from "../../../src/evidence/verification.ts"
import type { Finding } from "../../../src/monitor/findings/finding.ts"
import { suspicions } from "../../../src/monitor/findings/settle.ts"
import { openFindings } from "../../../src/monitor/findings/stored.ts"
import { newestSigned } from "../../../src/monitor/heads/judge.ts"
import { MOST_PENDING_HEADS, pending } from "../../../src/monitor/heads/pending.ts"
import { signerRecord, signerRecords } from "../../../src/monitor/heads/record.ts"
import { vantageRecords, vantages } from "../../../src/monitor/heads/vantage.ts"
import { type Collection, textCollection } from "../../../src/monitor/state/collection.ts"
import { testSigner } from "../../signers.ts"
import {
  type Branch,
  forkedAt,
  HOUR,
  headOf,
  honest,
  logKey,
  MINUTE,
  type MonitorOptions,
  monitorAt,
  NOON,
  ORIGIN,
  type Signing,
  signedNote,
  strangerKey,
  summaryOf,
  timedLogKey,
  witnessKeys,
} from "./judged-log.ts"

const [w1, w2] = witnessKeys
const byLog: readonly Signing[] = [{ by: logKey }]

function logHead(size: number, branch: Branch = honest, more: readonly Signing[] = []): string {
  return signedNote(headOf(branch, size), [...byLog, ...more])
}

/** The claims of evidence that holds under nothing but the key it names. */
function provenKinds(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ evidence }) =>
    evidence === undefined ? [] : [verifyEvidence(evidence.text).kind],
  )
}

function timed(size: number, time: number, branch: Branch = honest): string {
  return signedNote(headOf(branch, size), [{ by: timedLogKey, time }])
}

const withTimes: MonitorOptions = { logKeys: [timedLogKey] }

describe("heads of an honest log", () => {
  test("give no finding and are remembered for each vantage point and each witness", async () => {
    const monitor = monitorAt(8)
    const note = logHead(8, honest, [{ by: w1 }])
    expect(await monitor.see("log", 0, note)).toEqual([])
    expect(await monitor.see("witness w1", 10, logHead(5, honest, [{ by: w1 }]))).toEqual([])
    expect(vantageRecords(monitor.documents, ORIGIN).map(({ vantage }) => vantage)).toEqual([
      "log",
      "witness w1",
    ])
    expect(newestSigned(monitor.documents, ORIGIN)).toEqual({
      note,
      head: { origin: ORIGIN, ...headOf(honest, 8), extensions: [] },
    })
    expect(signerRecord(monitor.documents, ORIGIN, w1.vkey)?.newest).toEqual({
      note,
      size: 8,
      time: NOON,
      at: NOON * 1000,
    })
  })

  test("may be larger than the tree and are judged once it has grown", async () => {
    const monitor = monitorAt(4)
    expect(await monitor.see("log", 0, logHead(9))).toEqual([])
    expect(newestSigned(monitor.documents, ORIGIN)?.head.size).toBe(9)
    expect(monitor.documents.list(pending)).toHaveLength(1)
    expect(await monitor.grow(9, MINUTE)).toEqual([])
    expect(monitor.documents.list(pending)).toEqual([])
  })

  test("may have lines of unknown keys and extension lines", async () => {
    const monitor = monitorAt(4)
    const extended = signedNote(headOf(honest, 4), byLog, { extensions: ["timestamp 1"] })
    expect(await monitor.see("log", 0, extended)).toEqual([])
    expect(await monitor.see("log", 1, logHead(4, honest, [{ by: strangerKey }]))).toEqual([])
    expect(await monitor.see("mirror m", 2, logHead(4))).toEqual([])
  })

  test("may be signed for Rekor v1 under a name with a tree ID", async () => {
    const monitor = monitorAt(4)
    const note = signedNote(headOf(honest, 4), byLog, { origin: `${ORIGIN} - 123` })
    expect(await monitor.see("verifier", 0, note)).toEqual([])
    const other = signedNote(headOf(forkedAt(1), 4), byLog, { origin: `${ORIGIN} - 123` })
    // Rekor v1 has no bare name; without a head under it nobody can tell the trees of one key apart.
    expect(summaryOf(await monitor.see("verifier", 0, other))).toEqual(["fork ATTESTED"])
  })
})

describe("row 1 and 2, a fork", () => {
  for (const [size, name] of [
    [5, "a smaller size"],
    [4, "a smaller size that is a power of two"],
    [8, "the same size"],
  ] as const) {
    test(`is proven at ${name} from the monitor's own tree`, async () => {
      const monitor = monitorAt(8)
      await monitor.see("log", 0, logHead(8))
      const findings = await monitor.see("mirror m", 1, logHead(size, forkedAt(2)))
      expect(summaryOf(findings)).toEqual(["fork PROVEN"])
      expect(verifyEvidence(findings[0]?.evidence?.text ?? "", logKey.vkey).freezes).toBe(true)
    })
  }

  test("is proven at a larger size as soon as the tree reaches it", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, logHead(8))
    expect(await monitor.see("verifier", 1, logHead(10, forkedAt(2)))).toEqual([])
    await monitor.see("log", 2, logHead(12))
    const findings = await monitor.grow(12, MINUTE)
    expect(summaryOf(findings)).toEqual(["fork PROVEN"])
    expect(provenKinds(findings)).toEqual(["fork"])
    expect(monitor.documents.list(pending)).toEqual([])
  })

  test("is attested while no larger head by the same key is known, and proven with one", async () => {
    const monitor = monitorAt(8)
    expect(summaryOf(await monitor.see("log", 0, logHead(7, forkedAt(2))))).toEqual([
      "fork ATTESTED",
    ])
    await monitor.see("log", 1, logHead(8))
    expect(summaryOf(await monitor.grow(8, 2))).toEqual(["fork PROVEN"])
  })

  test("is proven beyond the tree by two roots of one size", async () => {
    const monitor = monitorAt(2)
    await monitor.see("log", 0, logHead(9))
    const findings = await monitor.see("verifier", 1, logHead(9, forkedAt(5)))
    expect(summaryOf(findings)).toEqual(["fork PROVEN"])
    expect(provenKinds(findings)).toEqual(["fork"])
  })

  test("is proven beyond the tree by one root at two sizes", async () => {
    const monitor = monitorAt(2)
    await monitor.see("log", 0, logHead(9))
    const note = signedNote({ size: 11, root: honest.rootAt(9) }, byLog)
    expect(summaryOf(await monitor.see("mirror m", 1, note))).toEqual(["fork PROVEN"])
  })

  test("is not one because extension lines differ", async () => {
    const monitor = monitorAt(2)
    const extended = signedNote(headOf(honest, 9), byLog, { extensions: ["a"] })
    await monitor.see("log", 0, logHead(9))
    expect(await monitor.see("mirror m", 1, extended)).toEqual([])
    expect(await monitor.grow(9, 2)).toEqual([])
  })

  test("convicts by any key of the log, also where another line of it does not hold", async () => {
    const second = testSigner(ORIGIN, 1, 7)
    const monitor = monitorAt(8, { logKeys: [logKey, second] })
    const both = [{ by: logKey }, { by: second }]
    await monitor.see("log", 0, signedNote(headOf(honest, 8), both))
    const forged = signedNote(headOf(forkedAt(1), 6), both)
    const spoilt = `${forged.slice(0, -9)}AAAAAAA=\n`
    expect(summaryOf(await monitor.see("mirror m", 1, spoilt))).toEqual([
      "bad-head-signature SUSPECTED",
      "fork PROVEN",
    ])
  })

  test("of a head of size 0 with another root is proven by that head alone", async () => {
    const monitor = monitorAt(3)
    const note = signedNote({ size: 0, root: asHash(new Uint8Array(32)) }, byLog)
    const findings = await monitor.see("log", 0, note)
    expect(summaryOf(findings)).toEqual(["bad-head PROVEN"])
    expect(provenKinds(findings)).toEqual(["fork"])
    const empty = signedNote({ size: 0, root: EMPTY_ROOT }, byLog)
    expect(await monitorAt(0).see("log", 0, empty)).toEqual([])
  })
})

describe("row 3, a rollback", () => {
  test("is suspected once caches should have expired, and attested a minute later", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, logHead(8))
    expect(await monitor.see("log", 30_000, logHead(6))).toEqual([])
    expect(summaryOf(await monitor.see("log", MINUTE, logHead(6)))).toEqual(["rollback SUSPECTED"])
    expect(summaryOf(await monitor.see("log", 2 * MINUTE, logHead(6)))).toEqual([
      "rollback ATTESTED",
    ])
  })

  test("is found in a log that grows all the time", async () => {
    const monitor = monitorAt(40)
    for (let i = 1; i <= 20; i++) await monitor.see("log", i * 10_000, logHead(10 + i))
    expect(await monitor.see("log", 201_000, logHead(29))).toEqual([])
    expect(summaryOf(await monitor.see("log", 202_000, logHead(11)))).toEqual([
      "rollback SUSPECTED",
    ])
  })

  test("heals when the log shows what it showed before", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, logHead(8))
    await monitor.see("log", MINUTE, logHead(6))
    expect(await monitor.see("log", 90_000, logHead(8))).toEqual([])
    expect(monitor.documents.list(suspicions)).toEqual([])
    expect(summaryOf(await monitor.see("log", 3 * MINUTE, logHead(6)))).toEqual([
      "rollback SUSPECTED",
    ])
  })

  test("is proven by the times of a log whose signatures carry them", async () => {
    const monitor = monitorAt(8, withTimes)
    await monitor.see("log", 0, timed(8, NOON))
    const findings = await monitor.see("log", 1000, timed(6, NOON + 1))
    expect(summaryOf(findings)).toEqual(["rollback PROVEN"])
    expect(provenKinds(findings)).toEqual(["time"])
  })

  test("is proven as a fork after regrowth", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, logHead(8))
    const regrown = forkedAt(6)
    expect(await monitor.see("log", 10, logHead(6, regrown))).toEqual([])
    expect(summaryOf(await monitor.see("log", 20, logHead(7, regrown)))).toEqual(["fork PROVEN"])
  })
})

describe("row 4, a replayed head", () => {
  test("is suspected where others show newer ones, and attested when it lasts", async () => {
    const monitor = monitorAt(20)
    await monitor.see("log", 0, logHead(8))
    const summaries: string[][] = []
    for (let minute = 1; minute <= 13; minute++) {
      const at = minute * MINUTE
      await monitor.see("mirror direct", at, logHead(8 + minute))
      summaries.push(summaryOf(await monitor.see("log", at, logHead(8))))
    }
    expect(summaries.slice(0, 2)).toEqual([[], ["replayed-head SUSPECTED"]])
    expect(summaries.at(10)).toEqual(["replayed-head SUSPECTED"])
    expect(summaries.at(11)).toEqual(["replayed-head ATTESTED"])
  })

  test("is told from a rollback by what another path to the log shows", async () => {
    const monitor = monitorAt(20)
    await monitor.see("log", 0, logHead(8))
    await monitor.see("mirror direct", MINUTE, logHead(8))
    expect(summaryOf(await monitor.see("log", MINUTE, logHead(6)))).toEqual([
      "replayed-head SUSPECTED",
    ])
  })

  test("is not a mirror that lags within its hour", async () => {
    const monitor = monitorAt(20)
    await monitor.see("mirror slow", 0, logHead(8))
    await monitor.see("log", MINUTE, logHead(12))
    expect(await monitor.see("mirror slow", 50 * MINUTE, logHead(8))).toEqual([])
  })

  test("is not a log that waits for its quorum while a witness is ahead", async () => {
    const monitor = monitorAt(20)
    await monitor.see("witness w1", 0, logHead(12, honest, [{ by: w1 }]))
    await monitor.see("log", MINUTE, logHead(8))
    expect(await monitor.see("log", 5 * HOUR, logHead(8))).toEqual([])
  })

  test("is never what a verifier has kept for long", async () => {
    const monitor = monitorAt(20)
    await monitor.see("verifier", 0, logHead(12))
    await monitor.see("log", 0, logHead(12))
    expect(await monitor.see("verifier", 24 * HOUR, logHead(3))).toEqual([])
  })
})

describe("row 10, a bad signature", () => {
  const spoilt = `${logHead(4).slice(0, -9)}AAAAAAA=\n`

  test("is suspected at first and attested from two vantage points", async () => {
    const monitor = monitorAt(4)
    expect(summaryOf(await monitor.see("log", 0, spoilt))).toEqual(["bad-head-signature SUSPECTED"])
    expect(summaryOf(await monitor.see("mirror m", 1, spoilt))).toEqual([
      "bad-head-signature ATTESTED",
    ])
  })

  test("is attested from one vantage point after a minute unless it healed", async () => {
    const monitor = monitorAt(4)
    await monitor.see("log", 0, spoilt)
    await monitor.see("log", 30_000, logHead(4))
    expect(summaryOf(await monitor.see("log", MINUTE, spoilt))).toEqual([
      "bad-head-signature SUSPECTED",
    ])
    expect(summaryOf(await monitor.see("log", 2 * MINUTE, spoilt))).toEqual([
      "bad-head-signature ATTESTED",
    ])
  })

  test("and no signature at all are the same", async () => {
    const note = signedNote(headOf(honest, 4), [{ by: w1 }])
    expect(summaryOf(await monitorAt(4).see("log", 0, note))).toEqual([
      "bad-head-signature SUSPECTED",
    ])
  })

  test("and what is no checkpoint are suspicions of a path, never of a verifier's", async () => {
    const monitor = monitorAt(4)
    const page = "<html>\nsign in\n</html>\n"
    expect(summaryOf(await monitor.see("log", 0, page))).toEqual(["bad-head SUSPECTED"])
    expect(summaryOf(await monitor.see("log", MINUTE, page))).toEqual(["bad-head ATTESTED"])
    for (const note of [page, spoilt, "", logHead(4).slice(0, 40)]) {
      expect(await monitor.see("verifier", 2 * MINUTE, note)).toEqual([])
    }
  })

  test("and a note that was cut on its way are not attested within minutes", async () => {
    const monitor = monitorAt(4)
    const cut = logHead(4).slice(0, -5)
    expect(summaryOf(await monitor.see("log", 0, cut))).toEqual(["bad-head SUSPECTED"])
    expect(summaryOf(await monitor.see("mirror m", 1, cut))).toEqual(["bad-head SUSPECTED"])
    expect(summaryOf(await monitor.see("log", 2 * MINUTE, cut))).toEqual(["bad-head SUSPECTED"])
  })
})

describe("row 11, a key under another name", () => {
  test("is proven misuse", async () => {
    const note = signedNote(headOf(honest, 4), byLog, { origin: "other.example/log" })
    const monitor = monitorAt(4)
    await monitor.see("log", 0, logHead(4))
    const findings = await monitor.see("verifier", 0, note)
    expect(summaryOf(findings)).toEqual(["key-misuse PROVEN"])
    expect(provenKinds(findings)).toEqual(["key-misuse"])
  })

  test("is not proven before a head under its own name was seen: the policy may lack the origin", async () => {
    const note = signedNote(headOf(honest, 4), byLog, { origin: "go.sum database tree" })
    const findings = await monitorAt(4).see("log", 0, note)
    expect(summaryOf(findings)).toEqual(["key-misuse ATTESTED"])
    expect(findings[0]?.summary).toContain('"#countersign:origin"')
  })

  test("is no finding for keys that also sign other logs' heads as witnesses", async () => {
    const note = signedNote(headOf(honest, 4), [{ by: timedLogKey }], { origin: "other.example" })
    expect(await monitorAt(4, withTimes).see("log", 0, note)).toEqual([])
  })

  test("and a new key under the log's name is a change of trust", async () => {
    const monitor = monitorAt(4)
    const note = signedNote(headOf(honest, 4), [{ by: strangerKey }])
    expect(summaryOf(await monitor.see("log", 0, note))).toEqual(["trust-changed SUSPECTED"])
    expect(summaryOf(await monitor.see("log", MINUTE, note))).toEqual(["trust-changed ATTESTED"])
  })
})

describe("row 16, times of heads", () => {
  test("backwards are proven", async () => {
    const monitor = monitorAt(8, withTimes)
    await monitor.see("log", 0, timed(5, NOON))
    const findings = await monitor.see("log", 1000, timed(6, NOON - 60))
    expect(summaryOf(findings)).toEqual(["head-time PROVEN"])
    expect(provenKinds(findings)).toEqual(["time"])
  })

  test("in the future are attested beyond five minutes", async () => {
    const monitor = monitorAt(8, withTimes)
    expect(await monitor.see("log", 0, timed(5, NOON + 300))).toEqual([])
    expect(summaryOf(await monitor.see("log", 0, timed(6, NOON + 301)))).toEqual([
      "head-time ATTESTED",
    ])
  })
})

describe("witnesses", () => {
  const cosigned = (size: number, time: number, branch: Branch = honest, by = w1) =>
    logHead(size, branch, [{ by, time }])

  test("that equivocate are proven (row 17), and so is the log if it signed both", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, cosigned(8, NOON))
    const findings = await monitor.see("witness w1", 1, cosigned(5, NOON - 9, forkedAt(3)))
    expect(summaryOf(findings)).toEqual(["fork PROVEN", "witness-equivocation PROVEN"])
    expect(provenKinds(findings)).toEqual(["fork", "witness-equivocation"])
  })

  test("that equivocate are proven where the log's signature is missing", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, cosigned(8, NOON))
    const note = signedNote(headOf(forkedAt(3), 8), [{ by: w1, time: NOON - 1 }])
    expect(summaryOf(await monitor.see("verifier", 1, note))).toEqual([
      "witness-equivocation PROVEN",
    ])
  })

  test("that equivocate beyond the tree are proven when both heads have one size", async () => {
    const monitor = monitorAt(2)
    await monitor.see("log", 0, cosigned(8, NOON))
    const note = signedNote(headOf(forkedAt(3), 8), [{ by: w1, time: NOON }])
    expect(summaryOf(await monitor.see("verifier", 1, note))).toEqual([
      "witness-equivocation PROVEN",
    ])
  })

  test("that were deceived by a fork alone are no finding", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, cosigned(8, NOON))
    const findings = await monitor.see("witness w2", 1, cosigned(5, NOON, forkedAt(3), w2))
    expect(summaryOf(findings)).toEqual(["fork PROVEN"])
  })

  test("that go back are proven (row 18)", async () => {
    const monitor = monitorAt(8)
    await monitor.see("witness w1", 0, cosigned(8, NOON))
    const findings = await monitor.see("witness w1", 2000, cosigned(6, NOON + 1))
    expect(summaryOf(findings)).toEqual(["witness-rollback PROVEN"])
    expect(provenKinds(findings)).toEqual(["witness-rollback"])
  })

  test("that go back are proven whichever head comes first, and beyond the tree", async () => {
    const monitor = monitorAt(2)
    await monitor.see("log", 0, cosigned(6, NOON + 1))
    expect(summaryOf(await monitor.see("verifier", 1, cosigned(8, NOON)))).toEqual([
      "witness-rollback PROVEN",
    ])
  })

  test("may cosign two sizes in one second, and one size again", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, cosigned(8, NOON))
    expect(await monitor.see("verifier", 1, cosigned(6, NOON))).toEqual([])
    expect(await monitor.see("log", 2, cosigned(8, NOON + 2))).toEqual([])
  })

  test("that state no time state nothing", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, cosigned(8, NOON))
    expect(await monitor.see("verifier", 1, cosigned(6, 0))).toEqual([])
    expect(signerRecord(monitor.documents, ORIGIN, w1.vkey)?.newest?.size).toBe(8)
  })

  const byAll = (times: readonly [number, number, number]) =>
    signedNote(headOf(honest, 8), [
      { by: logKey },
      ...witnessKeys.map((by, i) => ({ by, time: times[i] as number })),
    ])

  test("whose clock is ahead are suspected until the monitor's own was compared with those of others", async () => {
    const monitor = monitorAt(8)
    const see = async (minutes: number) => {
      const at = minutes * MINUTE
      return summaryOf(await monitor.see("log", at, cosigned(8, NOON + 60 * minutes + 360)))
    }
    expect(await see(0)).toEqual(["witness-time SUSPECTED"])
    expect(await see(29)).toEqual(["witness-time SUSPECTED"])
    expect(await see(30)).toEqual(["witness-time ATTESTED"])
  })

  test("are not accused of a clock that is behind: it is the monitor's own, and that is told", async () => {
    const monitor = monitorAt(8)
    const ahead = NOON + 600
    expect(summaryOf(await monitor.see("log", 0, byAll([ahead, ahead, ahead])))).toEqual([
      "own-clock ATTESTED",
    ])
    expect(openFindings(monitor.documents).map(({ kind }) => kind)).toEqual(["own-clock"])
    // Heads of one witness at a time, some of them older, change nothing.
    for (const [i, by] of witnessKeys.entries()) {
      const note = signedNote(headOf(honest, 8), [{ by: logKey }, { by, time: ahead + 60 * i }])
      const found = summaryOf(await monitor.see(`witness w${i + 1}`, 1000 + i, note))
      expect(found).toEqual(["own-clock ATTESTED"])
    }
    // The clock is set.
    const set = byAll([ahead + 300, ahead + 300, ahead + 300])
    expect(await monitor.see("log", 901_000, set)).toEqual([])
    expect(openFindings(monitor.documents)).toEqual([])
  })

  test("whose clock is ahead of most others' are attested, however the monitor's own is off", async () => {
    for (const off of [0, 120, 240]) {
      const monitor = monitorAt(8)
      const at = NOON + off
      const found = await monitor.see("log", 0, byAll([at + 301, at, at]))
      expect(summaryOf(found)).toEqual(["witness-time ATTESTED"])
    }
    const late = monitorAt(8)
    const found = await late.see("log", 0, byAll([NOON + 600 + 301, NOON + 600, NOON + 600]))
    expect(summaryOf(found)).toEqual(["own-clock ATTESTED", "witness-time ATTESTED"])
  })

  test("whose clock is ahead are attested", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, byAll([NOON, NOON, NOON]))
    expect(await monitor.see("log", 0, cosigned(8, NOON + 300))).toEqual([])
    expect(summaryOf(await monitor.see("log", 0, cosigned(8, NOON + 301)))).toEqual([
      "witness-time ATTESTED",
    ])
  })
})

describe("heads that the tree does not reach", () => {
  test("are attested as unreconciled after an hour", async () => {
    const monitor = monitorAt(4)
    await monitor.see("verifier", 0, logHead(9))
    expect(await monitor.grow(5, HOUR)).toEqual([])
    expect(summaryOf(await monitor.grow(5, HOUR + 1))).toEqual(["unreconciled-head ATTESTED"])
    expect(await monitor.grow(9, 2 * HOUR)).toEqual([])
  })

  test("are not the log's if only a witness signed them", async () => {
    const monitor = monitorAt(4)
    await monitor.see("verifier", 0, signedNote(headOf(honest, 9), [{ by: w1 }]))
    expect(await monitor.grow(5, 2 * HOUR)).toEqual([])
    expect(newestSigned(monitor.documents, ORIGIN)).toBeUndefined()
  })

  test("are kept up to a bound that spares the largest and the oldest", async () => {
    const monitor = monitorAt(2)
    const forged = forkedAt(1)
    await monitor.see("verifier", 0, logHead(10, forged))
    await monitor.see("verifier", 1, logHead(5000))
    for (let i = 0; i < 2 * MOST_PENDING_HEADS; i++) {
      await monitor.see("verifier", 2 + i, logHead(100 + i))
    }
    const witnessed = signedNote(headOf(forged, 9), [{ by: w1 }])
    await monitor.see("verifier", 9999, witnessed)
    expect(monitor.documents.list(pending)).toHaveLength(MOST_PENDING_HEADS)
    await monitor.see("log", 10_000, logHead(12))
    expect(summaryOf(await monitor.grow(12, 10_001))).toEqual(["fork PROVEN"])
    expect(await monitor.grow(5000, 10_002)).toEqual([])
    expect(monitor.documents.list(pending)).toEqual([])
  })

  test("collect the lines of all who signed the same text", async () => {
    const monitor = monitorAt(2)
    await monitor.see("log", 0, logHead(8, honest, [{ by: w1 }]))
    await monitor.see("witness w2", 1, logHead(8, honest, [{ by: w2 }]))
    expect(monitor.documents.list(pending)).toHaveLength(1)
    await monitor.grow(8, 2)
    for (const { vkey } of [w1, w2]) {
      expect(signerRecord(monitor.documents, ORIGIN, vkey)?.agreed?.size).toBe(8)
    }
  })

  test("are a finding of their own if they are too long to keep", async () => {
    const monitor = monitorAt(2)
    const extensions = ["x".repeat(140_000)]
    const note = signedNote(headOf(honest, 8), byLog, { extensions })
    expect(summaryOf(await monitor.see("log", 0, note))).toEqual(["bad-head ATTESTED"])
    expect(monitor.documents.list(pending)).toEqual([])
    await monitor.see("log", 1, logHead(2))
    const forged = signedNote(headOf(forkedAt(0), 1), byLog, { extensions })
    expect(summaryOf(await monitor.see("log", 2, forged))).toEqual([
      "fork PROVEN",
      "bad-head ATTESTED",
    ])
  })
})

test("damaged documents are refused", async () => {
  for (const collection of [vantages, signerRecords, pending] as Collection<unknown>[]) {
    const monitor = monitorAt(2)
    await monitor.see("log", 0, logHead(8, honest, [{ by: w1 }]))
    const [key = "", value] = monitor.documents.list(collection)[0] ?? []
    const damaged = collection.format(value).replace("{", "{ ")
    monitor.documents.put(textCollection(collection.kind), key, damaged)
    await expect(monitor.see("log", 1, logHead(9))).rejects.toThrow("canonical JSON")
  }
})
