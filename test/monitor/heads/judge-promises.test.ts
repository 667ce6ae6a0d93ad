// Promises are kept, broken for everyone to see, or overdue; and what anybody could have made up is no promise.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { formatBase64 } from "../../../src/core/base/text.ts"
import { canonicalJson } from "../../../src/entry/canonical-json.ts"
import { verifyEvidence } from "../../../src/evidence/verification.ts"
import { judgeFreshness } from "../../../src/monitor/freshness.ts"
import { judgePromises } from "../../../src/monitor/promises/promise.ts"
import {
  keepReceipt,
  keepTimestamp,
  type PromisedEntry,
  type PromisedTimestamp,
  promises,
} from "../../../src/monitor/promises/promise-record.ts"
import { ecdsaLog } from "../../evidence/made-cases.ts"
import { nodeHasher } from "../../reference.ts"
import { expectRefusal } from "../../refusals.ts"
import {
  type Branch,
  forkedAt,
  HOUR,
  headOf,
  honest,
  logKey,
  type Monitor,
  makeBranch,
  monitorAt,
  NOON,
  ORIGIN,
  signedNote,
  strangerKey,
  summaryOf,
} from "./judged-log.ts"

const NOW = NOON * 1000
const rekorKey = ecdsaLog(ORIGIN)

function receipt(index: number, size: number, branch: Branch = honest): PromisedEntry {
  return {
    index,
    leafHash: branch.leafHash(index),
    checkpoint: signedNote(headOf(branch, size), [{ by: logKey }]),
    path: branch.inclusion(index, size),
  }
}

function promise(monitor: Monitor, entry: PromisedEntry): void {
  keepReceipt(monitor.documents, monitor.scope(0), entry, NOW)
}

async function outcome(monitor: Monitor, at: number): Promise<string[]> {
  return summaryOf(monitor.settle(at, await judgePromises(monitor.scope(at))))
}

function waiting(monitor: Monitor): number {
  return monitor.documents.keys(promises).length
}

describe("a receipt", () => {
  test("that the tree keeps is forgotten without a finding", async () => {
    const monitor = monitorAt(8)
    promise(monitor, receipt(4, 6))
    expect(waiting(monitor)).toBe(1)
    expect(await outcome(monitor, 0)).toEqual([])
    expect(waiting(monitor)).toBe(0)
  })

  test("beyond the tree waits, and is attested once it is overdue", async () => {
    const monitor = monitorAt(4)
    promise(monitor, receipt(4, 6))
    expect(await outcome(monitor, HOUR)).toEqual([])
    expect(await outcome(monitor, HOUR + 1)).toEqual(["broken-promise ATTESTED"])
    await monitor.grow(8, 2 * HOUR)
    expect(await outcome(monitor, 2 * HOUR)).toEqual([])
    expect(waiting(monitor)).toBe(0)
  })

  test("of another tree is proven broken by the fork of the heads", async () => {
    const monitor = monitorAt(8)
    await monitor.see("log", 0, signedNote(headOf(honest, 8), [{ by: logKey }]))
    promise(monitor, receipt(4, 6, forkedAt(4)))
    const findings = monitor.settle(1, await judgePromises(monitor.scope(1)))
    expect(summaryOf(findings)).toEqual(["fork PROVEN", "broken-promise PROVEN"])
    expect(findings[1]?.index).toBe(4)
    expect(verifyEvidence(findings[1]?.evidence?.text ?? "").kind).toBe("fork")
    expect(waiting(monitor)).toBe(0)
  })

  test("may have its head under another name of the log, and is proven broken by it all the same", async () => {
    const monitor = monitorAt(8, { logKeys: [logKey, rekorKey] })
    const keys = [{ by: logKey }, { by: rekorKey }]
    await monitor.see("log", 0, signedNote(headOf(honest, 8), keys))
    const alias = (branch: Branch, name = `${ORIGIN} - 7`) =>
      signedNote(headOf(branch, 6), [{ by: rekorKey }], { origin: name })
    promise(monitor, { ...receipt(4, 6), checkpoint: alias(honest) })
    expect(await outcome(monitor, 0)).toEqual([])
    const forged = forkedAt(4)
    promise(monitor, { ...receipt(4, 6, forged), checkpoint: alias(forged) })
    expect(await outcome(monitor, 1)).toEqual(["fork PROVEN", "broken-promise PROVEN"])
    const foreign = { ...receipt(4, 6), checkpoint: alias(honest, "other.example") }
    expectRefusal("mismatch", () => promise(monitor, foreign))
  })

  test("of the monitor's own canary needs no proof and is attested if another entry is there", async () => {
    const monitor = monitorAt(8)
    const { path: _, ...own } = receipt(4, 6)
    promise(monitor, own)
    promise(monitor, { ...own, index: 5 })
    expect(await outcome(monitor, 1)).toEqual(["broken-promise ATTESTED"])
  })

  test("that anybody could have made up is refused", () => {
    const { documents, scope } = monitorAt(8)
    const keep = (entry: PromisedEntry) => () => keepReceipt(documents, scope(0), entry, NOW)
    const sound = receipt(4, 6)
    const foreign = signedNote(headOf(honest, 6), [{ by: strangerKey }])
    const other = signedNote(headOf(honest, 6), [{ by: logKey }], { origin: "other.example" })
    expectRefusal("untrusted", keep({ ...sound, checkpoint: foreign }))
    expectRefusal("mismatch", keep({ ...sound, checkpoint: other }))
    expectRefusal("malformed", keep({ ...sound, checkpoint: "" }))
    expectRefusal("bad-proof", keep({ ...sound, leafHash: honest.leafHash(5) }))
    expectRefusal("bad-proof", keep({ ...sound, index: 6 }))
    expect(documents.keys(promises)).toEqual([])
  })

  test("is kept once, and up to a bound", () => {
    const monitor = monitorAt(4)
    promise(monitor, receipt(4, 6))
    keepReceipt(monitor.documents, monitor.scope(0), receipt(4, 6), NOW + 5)
    expect(waiting(monitor)).toBe(1)
    const { path: _, ...own } = receipt(4, 6)
    const kept = { ...own, kind: "receipt", at: NOW } as const
    for (let i = 1; i < 1024; i++) {
      const leafHash = nodeHasher.leaf(utf8(String(i)))
      monitor.documents.put(promises, `${ORIGIN} ${i}`, { ...kept, leafHash })
    }
    expectRefusal("try-later", () => promise(monitor, { ...own, index: 5 }))
  })
})

describe("a signed entry timestamp", () => {
  const body = utf8("a body")
  /** The tree with the body "4 4" at index 4. */
  const withBody: Branch = makeBranch((at) => `${at}`)

  function timestamp(logIndex: number, signed: Uint8Array = body): PromisedTimestamp {
    const fields = {
      body: formatBase64(signed),
      integratedTime: NOON,
      logID: rekorKey.logID,
      logIndex,
    }
    const signature = rekorKey.signBytes(canonicalJson(fields))
    return { ...fields, signedEntryTimestamp: formatBase64(signature) }
  }

  function rekorMonitor(size: number): Monitor {
    return monitorAt(size, { branch: withBody, logKeys: [rekorKey] })
  }

  test("over another entry than the tree's is proven broken", async () => {
    const monitor = rekorMonitor(8)
    const note = signedNote(headOf(withBody, 8), [{ by: rekorKey }])
    keepTimestamp(monitor.documents, monitor.scope(0), timestamp(4), NOW)
    expect(await outcome(monitor, 0)).toEqual(["broken-promise ATTESTED"])
    await monitor.see("log", 0, note)
    const findings = monitor.settle(1, await judgePromises(monitor.scope(1)))
    expect(summaryOf(findings)).toEqual(["broken-promise PROVEN"])
    const { kind, convicted } = verifyEvidence(findings[0]?.evidence?.text ?? "")
    expect({ kind, convicted }).toEqual({ kind: "broken-promise", convicted: rekorKey.vkey })
    expect(waiting(monitor)).toBe(0)
  })

  test("over the tree's own entry is kept", async () => {
    const monitor = rekorMonitor(8)
    keepTimestamp(monitor.documents, monitor.scope(0), timestamp(4, utf8("4 4")), NOW)
    expect(await outcome(monitor, 0)).toEqual([])
    expect(waiting(monitor)).toBe(0)
  })

  test("beyond the tree is attested once it is overdue", async () => {
    const monitor = rekorMonitor(8)
    keepTimestamp(monitor.documents, monitor.scope(0), timestamp(8), NOW)
    expect(await outcome(monitor, HOUR)).toEqual([])
    expect(await outcome(monitor, HOUR + 1)).toEqual(["broken-promise ATTESTED"])
  })

  test("that the log has not signed is refused, and so is one that is too long", () => {
    const { documents, scope } = rekorMonitor(8)
    const keep = (one: PromisedTimestamp) => () => keepTimestamp(documents, scope(0), one, NOW)
    expectRefusal("untrusted", keep({ ...timestamp(4), logIndex: 5 }))
    expectRefusal("untrusted", keep({ ...timestamp(4), logID: "00".repeat(32) }))
    expectRefusal("too-large", keep(timestamp(4, new Uint8Array(300_000))))
  })
})

test("a head that stands still while a promised entry is due is stale", async () => {
  const monitor = monitorAt(4)
  const see = (at: number) =>
    monitor.see("log", at, signedNote(headOf(honest, 4), [{ by: logKey }]))
  await see(0)
  promise(monitor, receipt(4, 6))
  await see(HOUR)
  const judged = (at: number) =>
    summaryOf(
      monitor.settle(at, judgeFreshness({ ...monitor.scope(at), witnesses: [], threshold: 0 })),
    )
  expect(judged(HOUR)).toEqual([])
  expect(judged(HOUR + 1)).toEqual(["stale-head ATTESTED"])
})
