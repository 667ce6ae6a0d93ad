import { describe, expect, it } from "vitest"
import { refuse } from "../../src/core/base/errors.ts"
import { decodeBundle } from "../../src/core/tree/bundle.ts"
import { portableHasher } from "../../src/core/tree/hash.ts"
import { verifyConsistency, verifyInclusion } from "../../src/core/tree/proof.ts"
import type { Proposal, SignatureVerifier } from "../../src/entry/entry.ts"
import type { Log } from "../../src/log/ports/log.ts"
import type { LogStore } from "../../src/log/ports/store.ts"
import { credulous, type Disk, newDisk, openLogOn, proposalOf, startTime } from "./opened-log.ts"

const leafHashOf = (text: string) => portableHasher.leaf(new TextEncoder().encode(text))

async function addMany(log: Log, from: number, to: number): Promise<void> {
  const adding = Array.from({ length: to - from }, (_, i) => log.add(proposalOf(`e${from + i}`)))
  await Promise.all(adding)
}

describe("adding an entry", () => {
  it("answers with a proof that leads from its leaf hash to the signed head", async () => {
    const { log } = await openLogOn(newDisk())
    await addMany(log, 0, 300)
    const receipt = await log.add(proposalOf("mine"))
    expect(receipt.isNew).toBe(true)
    expect(receipt.head).toBe(log.head())
    verifyInclusion(leafHashOf("mine"), receipt.index, receipt.head, receipt.hashes)
  })

  it("gives the same body its first index and a proof to the newest head", async () => {
    const { log } = await openLogOn(newDisk())
    const first = await log.add(proposalOf("again"))
    await addMany(log, 1, 40)
    const second = await log.add(proposalOf("again"))
    expect(second).toMatchObject({ index: first.index, isNew: false })
    expect(second.head.size).toBe(40)
    verifyInclusion(leafHashOf("again"), second.index, second.head, second.hashes)
    expect(log.head().size).toBe(40)
  })

  it("makes one entry of equal bodies that come at the same time, in every interleaving", async () => {
    const { log } = await openLogOn(newDisk(), { batchEntries: 3 })
    const adding = Array.from({ length: 200 }, (_, i) => log.add(proposalOf(`twin ${i % 20}`)))
    const receipts = await Promise.all(adding)
    expect(log.head().size).toBe(20)
    expect(receipts.filter(({ isNew }) => isNew).length).toBe(20)
    receipts.forEach(({ index }, i) => {
      expect(index).toBe(receipts[i % 20]?.index)
    })
  })

  it("refuses a signature that does not verify and stores nothing", async () => {
    const verifier: SignatureVerifier = { ...credulous, verify: () => Promise.resolve(false) }
    const { log } = await openLogOn(newDisk(), {}, verifier)
    const check = {
      algorithm: "PKIX_ED25519",
      spki: new Uint8Array(44),
      signature: new Uint8Array(64),
      signed: { form: "message", message: new Uint8Array(0) },
    } as const
    const proposal = { ...proposalOf("no"), claims: [[check]] }
    await expect(log.add(proposal)).rejects.toMatchObject({ code: "bad-signature" })
    expect(log.head().size).toBe(0)
  })

  it("refuses more than may be under way and takes on again afterwards", async () => {
    const { log } = await openLogOn(newDisk(), { entriesUnderWay: 5 })
    const adding = Array.from({ length: 8 }, (_, i) => log.add(proposalOf(`${i}`)))
    const outcomes = await Promise.allSettled(adding)
    const refused = outcomes.filter(({ status }) => status === "rejected")
    expect(refused.length).toBe(3)
    expect(refused[0]).toMatchObject({ reason: { code: "try-later" } })
    expect((await log.add(proposalOf("later"))).index).toBe(5)
  })

  it("asks the operator's rule first and stores nothing that it refuses", async () => {
    const admit = ({ kind }: Proposal): void => refuse("not-allowed", `no ${kind}`)
    const { log } = await openLogOn(newDisk(), {}, credulous, admit)
    await expect(log.add(proposalOf("x"))).rejects.toMatchObject({ code: "not-allowed" })
    expect(log.head().size).toBe(0)
  })

  it("refuses a body that no entry bundle can hold", async () => {
    const { log } = await openLogOn(newDisk())
    const adding = log.add(proposalOf("x".repeat(65_536)))
    await expect(adding).rejects.toMatchObject({ code: "too-large" })
  })

  it("stops for good when the sequencer fails, and goes on serving reads", async () => {
    const disk = newDisk()
    let broken = false
    const store: LogStore = {
      ...disk.store,
      commit: (commit) =>
        broken ? Promise.reject(new Error("injected")) : disk.store.commit(commit),
    }
    const { log, fatal } = await openLogOn({ ...disk, store })
    await log.add(proposalOf("good"))
    broken = true
    await expect(log.add(proposalOf("bad"))).rejects.toThrow("injected")
    expect(fatal.length).toBe(1)
    expect(log.status().accepting).toBe(false)
    await expect(log.add(proposalOf("after"))).rejects.toMatchObject({ code: "try-later" })
    expect((await log.entry(0)).index).toBe(0)
  })

  it("writes nothing of what waits after a write that failed, until the process has ended", async () => {
    const disk = newDisk()
    let commits = 0
    const store: LogStore = {
      ...disk.store,
      async commit(commit) {
        commits += 1
        await disk.store.commit(commit)
      },
    }
    const signer = {
      ...disk.signer,
      sign: (text: string) =>
        commits === 0 ? disk.signer.sign(text) : refuse("conflict", "the signer says no"),
    }
    const { log, fatal } = await openLogOn({ ...disk, store, signer }, { batchEntries: 1 })
    const adding = ["one", "two", "three"].map((text) => log.add(proposalOf(text)))
    const answers = await Promise.allSettled(adding)
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"])
    expect([commits, fatal.length]).toEqual([1, 1])
  })

  it("finishes what it took when it is closed", async () => {
    const disk = newDisk()
    const { log } = await openLogOn(disk, { batchEntries: 4 })
    const adding = Array.from({ length: 30 }, (_, i) => log.add(proposalOf(`${i}`)))
    await new Promise((resolve) => setImmediate(resolve))
    await log.close()
    const receipts = await Promise.all(adding)
    expect(receipts.length).toBe(30)
    expect((await disk.store.head()).size).toBe(30)
    await expect(log.add(proposalOf("late"))).rejects.toMatchObject({ code: "try-later" })
  })
})

it("closing a log waits for entries whose signatures are still being verified", async () => {
  let verified: (holds: boolean) => void = () => {}
  const verifier: SignatureVerifier = {
    ...credulous,
    verify: () =>
      new Promise((resolve) => {
        verified = resolve
      }),
  }
  const disk = newDisk()
  const { log } = await openLogOn(disk, {}, verifier)
  const check = {
    algorithm: "PKIX_ED25519",
    spki: new Uint8Array(44),
    signature: new Uint8Array(64),
    signed: { form: "message", message: new Uint8Array(0) },
  } as const
  const adding = log.add({ ...proposalOf("late"), claims: [[check]] })
  let closed = false
  const closing = log.close().then(() => {
    closed = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toBe(false)
  verified(true)
  expect((await adding).index).toBe(0)
  await closing
  expect((await disk.store.head()).size).toBe(1)
})

describe("reading the log", () => {
  async function grown(size: number, disk: Disk = newDisk()) {
    const { log } = await openLogOn(disk, { cachedTiles: 1, cachedBundleBytes: 1 })
    await addMany(log, 0, size)
    return log
  }

  it("proves every entry at past sizes, with all tiles in storage", async () => {
    const disk = newDisk()
    await (await grown(700, disk)).close()
    const { log } = await openLogOn(disk, { cachedTiles: 1 })
    for (const size of [1, 255, 256, 257, 511, 512, 513, 699, 700]) {
      for (const index of [0, 1, 254, 255, 256, 511, 512, 698].filter((i) => i < size)) {
        const { head, hashes, leafHash } = await log.inclusionAt(index, size)
        expect(leafHash).toEqual(leafHashOf(`e${index}`))
        verifyInclusion(leafHash, index, head, hashes)
        expect(head.size).toBe(size)
      }
    }
  })

  it("proves consistency between sizes", async () => {
    const log = await grown(600)
    for (const [from, to] of [
      [1, 2],
      [255, 256],
      [256, 600],
      [300, 599],
      [600, 600],
    ] as const) {
      const older = (await log.inclusionAt(0, from)).head
      const newer = (await log.inclusionAt(0, to)).head
      verifyConsistency(older, newer, await log.consistency(from, to))
    }
    await expect(log.consistency(1, 601)).rejects.toMatchObject({ code: "beyond-tree" })
    await expect(log.consistency(3, 2)).rejects.toMatchObject({ code: "malformed" })
  })

  it("finds an entry by its leaf hash, also after it was opened again", async () => {
    const disk = newDisk()
    await (await grown(600, disk)).close()
    const { log } = await openLogOn(disk)
    for (const index of [0, 255, 256, 599]) {
      expect(await log.indexOf(leafHashOf(`e${index}`))).toBe(index)
    }
    expect(await log.indexOf(leafHashOf("e600"))).toBeUndefined()
  })

  it("serves every width of a bundle and a tile up to the size, and nothing beyond", async () => {
    const log = await grown(300)
    for (const width of [1, 7, 255, 256]) {
      const bundle = (await log.bundle(0, width)) as Uint8Array
      const bodies = decodeBundle(bundle, width)
      const tile = (await log.tile({ level: 0, index: 0 }, width)) as Uint8Array
      const leaves = Buffer.concat(bodies.map(portableHasher.leaf))
      expect(leaves).toEqual(Buffer.from(tile))
    }
    expect(await log.bundle(1, 44)).toBeDefined()
    expect(await log.bundle(1, 45)).toBeUndefined()
    expect(await log.tile({ level: 0, index: 1 }, 45)).toBeUndefined()
    expect(await log.tile({ level: 1, index: 0 }, 1)).toBeDefined()
    expect(await log.tile({ level: 1, index: 0 }, 2)).toBeUndefined()
    expect(await log.tile({ level: 40, index: 0 }, 1)).toBeUndefined()
  })

  it("gives entries their body and the time of their commit", async () => {
    const disk = newDisk()
    const log = await grown(300, disk)
    disk.clock.time = startTime + 9_000
    await log.add(proposalOf("late"))
    expect((await log.entry(299)).time).toBe(startTime)
    expect(await log.entry(300)).toMatchObject({ index: 300, time: startTime + 9_000 })
    await expect(log.entry(301)).rejects.toMatchObject({ code: "not-found" })
  })
})

describe("damage in storage", () => {
  async function damagedLog(damage: (store: LogStore) => Partial<LogStore>) {
    const disk = newDisk()
    const { log: first } = await openLogOn(disk)
    await addMany(first, 0, 700)
    await first.close()
    const armed = { now: false }
    const damaged = damage(disk.store)
    const store = new Proxy(disk.store, {
      get: (target, name: keyof LogStore) =>
        (armed.now ? damaged[name] : undefined) ?? target[name],
    })
    const { log } = await openLogOn({ ...disk, store })
    armed.now = true
    return log
  }

  it("in a tile is never served and never becomes part of a proof", async () => {
    const log = await damagedLog((store) => ({
      tiles: async (ids) =>
        (await store.tiles(ids)).map((tile) =>
          tile?.map((byte, i) => (i === 77 ? byte ^ 4 : byte)),
        ),
    }))
    const reading = log.tile({ level: 0, index: 1 }, 256)
    await expect(reading).rejects.toMatchObject({ code: "damaged" })
    await expect(log.inclusion(300)).rejects.toMatchObject({ code: "damaged" })
  })

  it("in a bundle is never served as an entry or a bundle", async () => {
    const log = await damagedLog((store) => ({
      bundle: async (index) =>
        (await store.bundle(index))?.map((byte, i) => (i === 1000 ? byte ^ 1 : byte)),
    }))
    await expect(log.bundle(0, 256)).rejects.toMatchObject({ code: "damaged" })
    await expect(log.entry(3)).rejects.toMatchObject({ code: "damaged" })
  })
})
