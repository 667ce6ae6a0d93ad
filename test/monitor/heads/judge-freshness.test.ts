// What is missing: cosignatures, a growing head. And that a quiet log or a blind monitor is no log that lies.
import { describe, expect, test } from "vitest"
import { formatVkey } from "../../../src/core/note/note.ts"
import { parsePolicy } from "../../../src/core/note/policy.ts"
import { judgeFreshness } from "../../../src/monitor/freshness.ts"
import { monitorQuorum, smallestQuorum } from "../../../src/monitor/heads/quorum.ts"
import {
  forkedAt,
  HOUR,
  headOf,
  honest,
  logKey,
  MINUTE,
  type Monitor,
  monitorAt,
  NOON,
  type Signing,
  signedNote,
  summaryOf,
  witnessKeys,
} from "./judged-log.ts"

const [w1, w2, w3] = witnessKeys

/** The log's head with cosignatures of that moment. */
async function see(
  monitor: Monitor,
  at: number,
  size: number,
  witnesses: readonly (typeof w1)[],
): Promise<void> {
  const time = NOON + Math.floor(at / 1000)
  const signings: Signing[] = [{ by: logKey }, ...witnesses.map((by) => ({ by, time }))]
  await monitor.see("log", at, signedNote(headOf(honest, size), signings))
}

function judged(monitor: Monitor, at: number, threshold = 2): string[] {
  return summaryOf(monitor.settle(at, judgeFreshness({ ...monitor.scope(at), threshold })))
}

describe("row 19, a witness that is silent", () => {
  test("is suspected after its window and attested if that lasts", async () => {
    const monitor = monitorAt(8)
    await see(monitor, 0, 4, [w1, w2, w3])
    await see(monitor, 12 * HOUR, 5, [w1, w2])
    expect(judged(monitor, 12 * HOUR)).toEqual([])
    expect(judged(monitor, 12 * HOUR + 1)).toEqual(["witness-silent SUSPECTED"])
    expect(judged(monitor, 12 * HOUR + 5 * MINUTE)).toEqual(["witness-silent SUSPECTED"])
    expect(judged(monitor, 12 * HOUR + 11 * MINUTE)).toEqual(["witness-silent ATTESTED"])
    await see(monitor, 12 * HOUR + 12 * MINUTE, 6, [w3])
    expect(judged(monitor, 12 * HOUR + 12 * MINUTE)).toEqual([])
  })

  test("that never cosigned is silent only after the monitor has looked for so long", async () => {
    const monitor = monitorAt(8)
    await see(monitor, 0, 4, [w1, w2])
    expect(judged(monitor, 0)).toEqual([])
    await see(monitor, 11 * HOUR, 4, [w1, w2])
    expect(judged(monitor, 11 * HOUR)).toEqual([])
    await see(monitor, 13 * HOUR, 4, [w1, w2])
    expect(judged(monitor, 13 * HOUR)).toEqual(["witness-silent SUSPECTED"])
  })

  test("is not told from a monitor that sees nothing", async () => {
    const monitor = monitorAt(8)
    await see(monitor, 0, 4, [w1, w2, w3])
    expect(judged(monitor, 48 * HOUR)).toEqual([])
  })

  test("is not kept awake by a time in the future", async () => {
    const monitor = monitorAt(8)
    const ahead = { by: w3, time: NOON + 30 * 86_400 }
    await monitor.see("log", 0, signedNote(headOf(honest, 4), [{ by: logKey }, ahead]))
    await see(monitor, 13 * HOUR, 5, [w1, w2])
    expect(judged(monitor, 13 * HOUR)).toEqual(["witness-silent SUSPECTED"])
  })
})

describe("row 6, a view that only this monitor is shown", () => {
  test("is found when witnesses vouch for other heads only", async () => {
    const monitor = monitorAt(8)
    await see(monitor, 0, 8, [w1, w2, w3])
    const elsewhere = headOf(forkedAt(9), 12)
    const time = NOON + 13 * 3600
    for (const [i, by] of [w1, w2, w3].entries()) {
      const note = signedNote(elsewhere, [{ by, time }])
      await monitor.see(`witness w${i + 1}`, 13 * HOUR, note)
    }
    await see(monitor, 13 * HOUR, 8, [])
    expect(judged(monitor, 13 * HOUR)).toEqual(["stale-view SUSPECTED"])
    expect(judged(monitor, 13 * HOUR + 10 * MINUTE)).toEqual(["stale-view ATTESTED"])
  })

  test("needs more witnesses than a verifier does, and none for a policy without a quorum", async () => {
    expect(monitorQuorum(3, 2)).toBe(2)
    expect(monitorQuorum(5, 3)).toBe(4)
    expect(monitorQuorum(7, 5)).toBe(5)
    expect(monitorQuorum(1, 1)).toBe(1)
    expect(monitorQuorum(3, 0)).toBe(0)
    const monitor = monitorAt(8)
    await see(monitor, 0, 8, [w1])
    expect(judged(monitor, 0)).toEqual([])
    await see(monitor, 13 * HOUR, 8, [w1])
    expect(judged(monitor, 13 * HOUR, 0)).not.toContain("stale-view SUSPECTED")
    expect(judged(monitor, 13 * HOUR, 2)).toContain("stale-view SUSPECTED")
  })

  test("counts the cheapest way through nested groups", () => {
    const lines = witnessKeys.map(({ vkey }, i) => `witness w${i + 1} ${formatVkey(vkey)}`)
    const policy = (...rest: string[]) => parsePolicy(`${[...lines, ...rest].join("\n")}\n`)
    expect(smallestQuorum(policy("quorum none"))).toBe(0)
    expect(smallestQuorum(policy("quorum w2"))).toBe(1)
    expect(smallestQuorum(policy("group g 2 w1 w2 w3", "quorum g"))).toBe(2)
    expect(smallestQuorum(policy("group g all w1 w2", "group h any g w3", "quorum h"))).toBe(1)
    expect(smallestQuorum(policy("group g all w1 w2", "group h all g w3", "quorum h"))).toBe(3)
  })
})

describe("row 5, a head that stands still", () => {
  test("is suspected after a day if witnesses could have vouched for it", async () => {
    const monitor = monitorAt(8)
    await see(monitor, 0, 8, [w1, w2, w3])
    await see(monitor, 25 * HOUR, 8, [])
    expect(judged(monitor, 25 * HOUR, 0)).toContain("stale-head SUSPECTED")
    await see(monitor, 26 * HOUR, 8, [w1])
    expect(judged(monitor, 26 * HOUR, 0)).not.toContain("stale-head SUSPECTED")
  })

  test("is no finding in a quiet log without witnesses", async () => {
    const monitor = monitorAt(8, { witnesses: [] })
    await see(monitor, 0, 8, [])
    await see(monitor, 72 * HOUR, 8, [])
    expect(judged(monitor, 72 * HOUR, 0)).toEqual([])
  })

  test("is attested while the log has signed more elsewhere", async () => {
    const monitor = monitorAt(8, { witnesses: [] })
    await see(monitor, 0, 8, [])
    await monitor.see("verifier", 0, signedNote(headOf(honest, 9), [{ by: logKey }]))
    await see(monitor, 2 * HOUR, 8, [])
    expect(judged(monitor, 2 * HOUR, 0)).toEqual(["stale-head ATTESTED"])
  })
})
