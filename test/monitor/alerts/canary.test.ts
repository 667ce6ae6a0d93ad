import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { type Hash, portableHasher } from "../../../src/core/tree/hash.ts"
import { type AlertSink, deliverAlerts } from "../../../src/monitor/alerts/alert.ts"
import {
  type CanaryReceipt,
  type CanarySubmitter,
  canaryStates,
  isCanaryEntry,
  reviewCanaries,
  submitCanary,
} from "../../../src/monitor/alerts/canary.ts"
import { settle } from "../../../src/monitor/findings/settle.ts"
import { openFindings, worstOf } from "../../../src/monitor/findings/stored.ts"
import { textCollection } from "../../../src/monitor/state/collection.ts"
import { createDraft } from "../../../src/monitor/state/set.ts"
import type { TreeView } from "../../../src/monitor/state/tree.ts"
import { durableDocuments } from "../state/durable-documents.ts"

const MINUTE = 60_000
const T = 1_800_000_000_000
const origin = "log.example"

/** A log, a monitor that follows it, and a sink; each of them can fail. */
function world() {
  const disk = durableDocuments()
  const leaves: Hash[] = []
  const kept: CanaryReceipt[] = []
  const told: string[] = []
  const failing = { submit: undefined as Error | undefined, merge: false, sink: false }
  let number = 0

  const submitter: CanarySubmitter = {
    async prepare() {
      number += 1
      const leafHash = portableHasher.leaf(utf8(`canary ${number}`))
      return {
        leafHash,
        async submit() {
          // Whoever sees the entry from now on must know it for a test.
          expect(isCanaryEntry(disk.documents, leafHash)).toBe(true)
          if (failing.submit) throw failing.submit
          const index = leaves.length
          leaves.push(failing.merge ? portableHasher.leaf(utf8("another")) : leafHash)
          return { index, leafHash, checkpoint: "note" }
        },
      }
    },
  }
  const sink: AlertSink = {
    name: "sink",
    async deliver({ key, event, isCanary }) {
      if (failing.sink) throw new Error("out of order")
      told.push(`${event} ${key}${isCanary ? " (test)" : ""}`)
    },
  }
  const tree = {
    get head() {
      return { size: leaves.length, root: portableHasher.leaf(utf8("root")) }
    },
    leafHash: async (index: number) => leaves[index],
  } as TreeView

  /** One round: the canary is submitted, the rules see new entries, canaries are reviewed, alerts go out. */
  let examined = 0
  async function pass(now: number) {
    await submitCanary({
      origin,
      submitter,
      change: disk.change,
      now,
      keepPromise(_, receipt) {
        kept.push(receipt)
        throw new Refusal("try-later", "too many promises")
      },
    })
  }
  async function round(now: number, rules = true, isBehind = false) {
    await pass(now)
    const draft = createDraft(disk.documents)
    for (; examined < leaves.length; examined++) {
      const isCanary = isCanaryEntry(draft, leaves[examined] as Hash)
      if (!rules || !isCanary) continue
      const key = `unknown-signer ${origin} ${examined}`
      const summary = "an unknown key has signed"
      const about = { key, kind: "unknown-signer", grade: "PROVEN", origin, summary } as const
      settle(draft, [{ ...about, index: examined, isCanary }], now)
    }
    const review = { documents: draft, origin, tree, now, isBehind }
    settle(draft, await reviewCanaries(review), now)
    await disk.change((documents) => {
      for (const { kind, key, value } of draft.changes()) {
        if (value === undefined) documents.remove(textCollection(kind), key)
        else documents.put(textCollection(kind), key, value)
      }
    })
    await deliverAlerts({ change: disk.change, sinks: [sink], now })
  }
  const state = () => disk.documents.get(canaryStates, origin)
  const open = () => openFindings(disk.documents).map(({ kind, summary }) => `${kind}: ${summary}`)
  return { disk, failing, pass, round, kept, told, state, open, leaves }
}

describe("the canary", () => {
  test("comes back as a marked alert and leaves nothing behind", async () => {
    const { round, told, open, state, kept, leaves, disk } = world()
    await round(T)
    expect(told).toEqual([`opened unknown-signer ${origin} 0 (test)`])
    await round(T + MINUTE)
    expect(state()).toMatchObject({ submittedAt: T, seenAt: T, deliveredAt: T })
    expect(open()).toEqual([])
    expect(kept).toMatchObject([{ index: 0, checkpoint: "note" }])
    expect(worstOf(openFindings(disk.documents))).toBe(0)
    expect(isCanaryEntry(disk.documents, leaves[0] as Hash)).toBe(false)
    for (let minute = 2; minute < 180; minute++) await round(T + minute * MINUTE)
    expect(leaves).toHaveLength(3)
    expect(told).toHaveLength(3)
  })

  test("is missed if another entry is at its index", async () => {
    const { round, open, failing, told } = world()
    failing.merge = true
    for (let minute = 0; minute <= 15; minute++) await round(T + minute * MINUTE)
    expect(open()).toEqual([
      "canary-missing: a test entry was promised at index 0 and is not there",
    ])
    expect(told).toEqual([`opened canary-missing ${origin}`])
    failing.merge = false
    for (let minute = 16; minute <= 62; minute++) await round(T + minute * MINUTE)
    expect(open()).toEqual([])
    expect(told.at(-1)).toBe(`resolved canary-missing ${origin}`)
  })

  test("is not missed if the monitor was off for a day before it saw it", async () => {
    const { round, open, state, told, pass } = world()
    const DAY = 24 * 60 * MINUTE
    await pass(T)
    await round(T + DAY)
    expect(open()).toEqual([])
    await round(T + DAY + MINUTE)
    expect(told).toHaveLength(2)
    expect(state()).toMatchObject({ submittedAt: T + DAY, deliveredAt: T + DAY })
    expect(open()).toEqual([])
  })

  test("is not missed while the monitor has no time to read up to it", async () => {
    const { round, open, failing } = world()
    failing.merge = true
    for (let minute = 0; minute <= 15; minute++) await round(T + minute * MINUTE, true, true)
    expect(open()).toEqual([])
    await round(T + 16 * MINUTE)
    expect(open()).toHaveLength(1)
  })

  test("is missed if the rules do not notice it", async () => {
    const { round, open } = world()
    for (let minute = 0; minute <= 15; minute++) await round(T + minute * MINUTE, false)
    expect(open()).toEqual([
      "canary-missing: a test entry is at index 0, but not every sink has its alert",
    ])
  })

  test("is missed if the sinks do not take its alert", async () => {
    const { round, open, failing } = world()
    failing.sink = true
    for (let minute = 0; minute <= 15; minute++) await round(T + minute * MINUTE)
    expect(open().filter((text) => text.startsWith("canary"))).toEqual([
      "canary-missing: a test entry is at index 0, but not every sink has its alert",
    ])
  })

  test("is missed if the log takes no entries, and tried again every five minutes", async () => {
    for (const error of [new Trouble("network", "403"), new Refusal("not-allowed", "403")]) {
      const { round, open, failing, leaves, state } = world()
      failing.submit = error
      for (let minute = 0; minute <= 15; minute++) await round(T + minute * MINUTE)
      expect(open()).toEqual(["canary-missing: no test entry can be submitted: 403"])
      expect(state()).toMatchObject({ failingSince: T, failure: "403", triedAt: T + 15 * MINUTE })
      failing.submit = undefined
      for (let minute = 16; minute <= 22; minute++) await round(T + minute * MINUTE)
      expect(leaves).toHaveLength(1)
      expect(open()).toEqual([])
    }
  })

  test("passes on a bug of the submitter", async () => {
    const { round, failing } = world()
    failing.submit = new TypeError("bug")
    await expect(round(T)).rejects.toThrow("bug")
  })
})
