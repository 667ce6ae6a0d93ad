import { describe, expect, test } from "vitest"
import { equalBytes } from "../../../src/core/base/bytes.ts"
import { Trouble } from "../../../src/core/base/errors.ts"
import { encodeBundle } from "../../../src/core/tree/bundle.ts"
import { planConsistency, rootsFromConsistency } from "../../../src/core/tree/proof.ts"
import { createStateSigner, newStateKey } from "../../../src/crypto/signers/state-signer.ts"
import type { Grade } from "../../../src/monitor/findings/finding.ts"
import {
  type FollowOptions,
  type FollowOutcome,
  follow,
  type Gap,
} from "../../../src/monitor/follow/follower.ts"
import type { DataFault } from "../../../src/monitor/follow/target-tree.ts"
import { createState, type MonitorState, openState } from "../../../src/monitor/state/state.ts"
import type { MonitorStore } from "../../../src/monitor/state/store.ts"
import { createMemoryMonitorStore } from "../../storage/memory/monitor-store.ts"
import { hasher, type MadeLog, makeLog, origin } from "../made-log.ts"

const signer = createStateSigner(newStateKey())

interface Followed {
  readonly state: MonitorState
  readonly visited: number[]
  readonly reports: string[]
  readonly gaps: Gap[]
  grade: Grade
  follow(log: MadeLog, options?: Partial<FollowOptions>): Promise<FollowOutcome>
}

async function newFollowed(store: MonitorStore = createMemoryMonitorStore()): Promise<Followed> {
  return followedOver(await createState({ store, signer, hasher }, () => {}))
}

function followedOver(state: MonitorState): Followed {
  const followed: Followed = {
    state,
    visited: [],
    reports: [],
    gaps: [],
    grade: "SUSPECTED",
    async follow(log, options = {}) {
      const own = await state.tree(origin)
      return await follow({
        own,
        source: log.source,
        target: log.head(),
        hasher,
        report(fault: DataFault) {
          followed.reports.push(`${fault.kind} ${fault.place}`)
          return Promise.resolve(followed.grade)
        },
        async commit({ leafHashes, entries, gaps }) {
          await state.change(() => {}, { origin, leafHashes })
          followed.gaps.push(...gaps)
          for (const { index, body, leafHash } of entries) {
            if (!equalBytes(hasher.leaf(body), leafHash)) throw new Error(`entry ${index}`)
            followed.visited.push(index)
          }
        },
        ...options,
      })
    },
  }
  return followed
}

async function expectCaughtUp({ state }: Followed, log: MadeLog): Promise<void> {
  expect((await state.tree(origin)).head).toEqual(log.head())
}

function upTo(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i)
}

function madeLog(size: number): MadeLog {
  const log = makeLog()
  log.append(size)
  return log
}

describe("follow()", () => {
  test.each([1, 255, 256, 257, 512, 1000, 66_000])(
    "reads all %i entries of a new log, in order, once each",
    async (size) => {
      const log = madeLog(size)
      const followed = await newFollowed()
      expect(await followed.follow(log)).toEqual({ kind: "reached" })
      expect(followed.visited).toEqual(upTo(size))
      expect(followed.reports).toEqual([])
      await expectCaughtUp(followed, log)
    },
  )

  test("goes on from where it was, entry by entry and across bundles", async () => {
    const log = makeLog()
    const followed = await newFollowed()
    for (const count of [1, 1, 253, 1, 1, 300, 512, 3]) {
      log.append(count)
      expect(await followed.follow(log)).toEqual({ kind: "reached" })
      await expectCaughtUp(followed, log)
    }
    expect(followed.visited).toEqual(upTo(log.bodies.length))
  })

  test("an old head of a log that has grown is reached as well", async () => {
    const log = madeLog(1000)
    const followed = await newFollowed()
    const target = log.head(700)
    log.bodies.length = 1000
    const source = { ...log.source, tile: widthOf(log, 700), bundle: log.source.bundle }
    expect(await followed.follow(log, { target, source })).toEqual({ kind: "reached" })
    expect((await followed.state.tree(origin)).head).toEqual(target)
  })

  test("takes the tile's leaf hash for an entry that was changed, names it, and goes on", async () => {
    const log = madeLog(700)
    const changed = [...log.bodies.slice(256, 512)]
    changed[4] = new TextEncoder().encode("another body")
    log.answer = (question) => (question.startsWith("bundle 1") ? encodeBundle(changed) : true)
    const followed = await newFollowed()
    expect(await followed.follow(log)).toEqual({ kind: "reached" })
    expect(followed.reports).toEqual(["entry-mismatch entry 260"])
    expect(followed.gaps).toEqual([{ place: "entry 260", from: 260, to: 261 }])
    expect(followed.visited).toEqual(upTo(700).filter((index) => index !== 260))
    expect(log.asked).toContain("bundle 1 fresh")
    await expectCaughtUp(followed, log)
  })

  test("names a changed entry also where there is no way past the caches", async () => {
    const log = madeLog(300)
    const changed = log.bodies.slice(0, 256)
    changed[4] = new TextEncoder().encode("another body")
    log.answer = (question) => {
      if (question === "bundle 0 fresh") return new TextEncoder().encode("no such page")
      return question === "bundle 0" ? encodeBundle(changed) : true
    }
    const followed = await newFollowed()
    expect(await followed.follow(log)).toEqual({ kind: "reached" })
    expect(followed.reports).toEqual(["entry-mismatch entry 4"])
  })

  test.each([
    ["missing", undefined],
    ["cut", new Uint8Array(3)],
  ])(
    "waits for a bundle that is %s, and passes over it once that is attested",
    async (_, bytes) => {
      const log = madeLog(700)
      log.answer = (question) => (question.startsWith("bundle 1") ? bytes : true)
      const followed = await newFollowed()
      expect(await followed.follow(log)).toMatchObject({
        kind: "stopped",
        fault: { kind: "missing-data", place: "entry bundle 1" },
      })
      expect((await followed.state.tree(origin)).head.size).toBe(256)
      followed.grade = "ATTESTED"
      expect(await followed.follow(log)).toEqual({ kind: "reached" })
      expect(followed.gaps).toEqual([{ place: "entry bundle 1", from: 256, to: 512 }])
      expect(followed.visited).toEqual([...upTo(256), ...upTo(700).slice(512)])
      await expectCaughtUp(followed, log)
    },
  )

  test("a bundle that a cache had damaged is read again and no fault", async () => {
    const log = madeLog(700)
    log.answer = (question) => (question === "bundle 1" ? new Uint8Array(9) : true)
    const followed = await newFollowed()
    expect(await followed.follow(log)).toEqual({ kind: "reached" })
    expect(followed.reports).toEqual([])
    expect(followed.visited).toEqual(upTo(700))
  })

  test.each<[string, string, () => Uint8Array | undefined]>([
    ["missing", "missing-data", () => undefined],
    ["damaged", "tile-mismatch", () => new Uint8Array(8192)],
    ["too short", "tile-mismatch", () => new Uint8Array(32)],
  ])("lets the bundle stand in for a tile that is %s", async (_, kind, bytes) => {
    const log = madeLog(700)
    log.answer = (question) => (question.startsWith("tile 0/1") ? bytes() : true)
    const followed = await newFollowed()
    expect(await followed.follow(log)).toEqual({ kind: "reached" })
    expect(followed.reports).toEqual([`${kind} tile 0/1`])
    expect(followed.visited).toEqual(upTo(700))
    await expectCaughtUp(followed, log)
  })

  test("stops where neither tile nor bundle leads to the root, and has no entry of it", async () => {
    const log = madeLog(700)
    log.answer = (question) => (/^(tile 0|bundle)[ /]1/.test(question) ? undefined : true)
    const followed = await newFollowed()
    followed.grade = "ATTESTED"
    expect(await followed.follow(log)).toMatchObject({ kind: "stopped" })
    expect((await followed.state.tree(origin)).head).toEqual(log.head(256))
    expect(followed.visited).toEqual(upTo(256))
  })

  test.each([
    ["tile 0/2", "tile-mismatch tile 0/2"],
    ["tile 1/0", "tile-mismatch the edge"],
  ])("rebuilds the tree from the bundles when %s of the edge is damaged", async (name, report) => {
    const log = madeLog(700)
    log.answer = (question) => (question.startsWith(name) ? new Uint8Array(64) : true)
    const followed = await newFollowed()
    expect(await followed.follow(log)).toEqual({ kind: "reached" })
    expect(followed.reports[0]).toBe(report)
    expect(followed.visited).toEqual(upTo(700))
    await expectCaughtUp(followed, log)
  })

  test("takes nothing of a log whose tiles and bundles are another tree than the head's", async () => {
    const [log, other] = [madeLog(700), makeLog()]
    other.append(700, "other")
    const followed = await newFollowed()
    const outcome = await followed.follow(log, { source: other.source })
    expect(outcome).toMatchObject({ kind: "stopped", fault: { kind: "tile-mismatch" } })
    expect((await followed.state.tree(origin)).head.size).toBe(0)
    expect(followed.visited).toEqual([])
  })

  test("a larger tree that does not begin with the own one is a fork, and can be proven by", async () => {
    const [log, other] = [madeLog(300), makeLog()]
    other.append(300, "other")
    other.append(500)
    const followed = await newFollowed()
    await followed.follow(log)
    const outcome = await followed.follow(other)
    if (outcome.kind !== "fork") throw new Error(outcome.kind)
    const implied = await outcome.target.rootAt(300)
    expect(implied).toEqual(other.head(300).root)
    const hashes = await outcome.target.prove(planConsistency(300, 800))
    expect(rootsFromConsistency(300, 800, implied, hashes).new).toEqual(other.head().root)
    expect((await followed.state.tree(origin)).head).toEqual(log.head())
  })

  test("stops between two bundles when its time is over, and goes on from there", async () => {
    const log = madeLog(3000)
    const followed = await newFollowed()
    for (let times = 1; times <= 11; times++) {
      expect(await followed.follow(log, { isOver: () => true })).toEqual({ kind: "cut" })
      expect((await followed.state.tree(origin)).head).toEqual(log.head(times * 256))
    }
    expect(await followed.follow(log, { isOver: () => true })).toEqual({ kind: "reached" })
    expect(followed.visited).toEqual(upTo(3000))
    await expectCaughtUp(followed, log)
  })

  test("names many entries of a bundle that were changed by their bundle, not one by one", async () => {
    const log = madeLog(700)
    const changed = log.bodies
      .slice(256, 512)
      .map((body, i) => (i % 2 === 0 ? body : body.slice(1)))
    const followed = await newFollowed()
    log.answer = (question) => (question.startsWith("bundle 1") ? encodeBundle(changed) : true)
    expect(await followed.follow(log)).toEqual({ kind: "reached" })
    expect(followed.reports).toEqual(["entry-mismatch entries of bundle 1"])
    expect(followed.gaps).toEqual([{ place: "entries of bundle 1", from: 256, to: 512 }])
    expect(followed.visited).toHaveLength(700 - 128)
    await expectCaughtUp(followed, log)
  })

  test("keeps what it has read when the network breaks, and goes on from there", async () => {
    const log = madeLog(3000)
    const followed = await newFollowed()
    log.answer = (question) => {
      if (question === "bundle 9") throw new Trouble("network", "gone")
      return true
    }
    await expect(followed.follow(log)).rejects.toMatchObject({ code: "network" })
    const { size } = (await followed.state.tree(origin)).head
    expect(size).toBe(9 * 256)
    log.answer = () => true
    expect(await followed.follow(log)).toEqual({ kind: "reached" })
    expect(followed.visited).toEqual(upTo(3000))
  })

  test("after a kill at any commit, before or after it, no entry is lost", async () => {
    const log = madeLog(20_000)
    for (const dying of [0, 1, 2]) {
      for (const isWritten of [false, true]) {
        const store = createMemoryMonitorStore()
        const state = await createState({ store, signer, hasher }, () => {})
        let commits = 0
        const dies: MonitorStore = {
          ...store,
          async commit(commit): Promise<void> {
            if (commits++ !== dying) return await store.commit(commit)
            if (isWritten) await store.commit(commit)
            throw new Error("killed")
          },
        }
        const first = followedOver(await openState({ store: dies, signer, hasher }))
        await expect(first.follow(log)).rejects.toThrow("killed")
        const second = followedOver(await openState({ store, signer, hasher }))
        const { size } = (await second.state.tree(origin)).head
        expect(await second.follow(log)).toEqual({ kind: "reached" })
        expect(second.visited).toEqual(upTo(20_000).slice(size))
        await expectCaughtUp(second, log)
        expect(state.sequence).toBe(1)
      }
    }
  })
})

/** Tiles as they were when the log had this size. */
function widthOf(log: MadeLog, size: number): MadeLog["source"]["tile"] {
  const then = makeLog()
  then.bodies.push(...log.bodies.slice(0, size))
  return then.source.tile
}
