import { describe, expect, it } from "vitest"
import { Refusal, Trouble } from "../../src/core/base/errors.ts"
import { openCheckpoint, parseCheckpoint } from "../../src/core/note/checkpoint.ts"
import { parseVkey } from "../../src/core/note/note.ts"
import { asHash, EMPTY_HEAD, type Head, portableHasher } from "../../src/core/tree/hash.ts"
import { verifyConsistency } from "../../src/core/tree/proof.ts"
import type { HeadGuard } from "../../src/log/ports/guard.ts"
import type { LogSigner } from "../../src/log/ports/signer.ts"
import type { LogStore } from "../../src/log/ports/store.ts"
import { openSequencer, type Sequencer } from "../../src/log/sequencer.ts"
import { referenceRoot } from "../reference.ts"
import { createMemoryGuard, createMemoryStore } from "../storage/memory/log-store.ts"
import { type Disk, newDisk, openDisk, origin, startTime } from "./opened-log.ts"

function bodiesFrom(index: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new TextEncoder().encode(`entry ${index + i}`))
}

async function append(sequencer: Sequencer, bodies: readonly Uint8Array[]) {
  const leafHashes = bodies.map(portableHasher.leaf)
  return await sequencer.append({ bodies, leafHashes })
}

function openNoteOf(disk: Disk, checkpoint: string): Head {
  return openCheckpoint(checkpoint, disk.signer.vkeys.map(parseVkey), origin)
}

async function everyBody(store: LogStore): Promise<Uint8Array[]> {
  const { size } = await store.head()
  return await store.bodies(0, size)
}

/** Rebuilds the tree from nothing but the stored bodies, as RFC 6962 defines it. */
async function expectWhole(disk: Disk): Promise<void> {
  const head = await disk.store.head()
  const bodies = await everyBody(disk.store)
  expect(bodies.length).toBe(head.size)
  expect(referenceRoot(bodies)).toEqual(Buffer.from(head.root))
  const guarded = await disk.guard.read()
  expect([guarded.size, guarded.root]).toEqual([head.size, head.root])
}

describe("the sequencer", () => {
  it("signs a checkpoint of the empty tree before the first entry", async () => {
    const disk = newDisk()
    const { opened } = await openDisk(disk)
    expect(openNoteOf(disk, opened.checkpoint).size).toBe(0)
  })

  it("signs, for batches of every size, the root that RFC 6962 defines, by both keys", async () => {
    const disk = newDisk()
    const sequencer = await openDisk(disk)
    let size = 0
    for (const count of [1, 1, 2, 60, 192, 1, 255, 256, 257, 600]) {
      const head = await append(sequencer, bodiesFrom(size, count))
      size += count
      for (const vkey of disk.signer.vkeys) {
        const opened = openCheckpoint(head.checkpoint, [parseVkey(vkey)], origin)
        expect(opened.size).toBe(size)
      }
      expect(referenceRoot(await everyBody(disk.store))).toEqual(Buffer.from(head.root))
    }
    await expectWhole(disk)
  })

  it("goes on where it stopped when it is opened again at every size around a tile", async () => {
    const disk = newDisk()
    for (let size = 0; size < 260; size += 13) {
      await append(await openDisk(disk), bodiesFrom(size, 13))
      await expectWhole(disk)
    }
  })

  it("never lets head times run backwards, and signs on at the newest while the clock is behind", async () => {
    const disk = newDisk()
    const sequencer = await openDisk(disk)
    disk.clock.time = startTime + 5_000
    expect((await append(sequencer, bodiesFrom(0, 1))).time).toBe(startTime + 5_000)
    const back = [startTime + 4_000, startTime - 120_000, startTime - 3_600_000, 0]
    for (const [i, time] of back.entries()) {
      disk.clock.time = time
      expect((await append(sequencer, bodiesFrom(1 + i, 1))).time).toBe(startTime + 5_000)
    }
    const again = await openDisk(disk)
    expect((await append(again, bodiesFrom(5, 1))).time).toBe(startTime + 5_000)
    disk.clock.time = startTime + 6_000
    expect((await append(again, bodiesFrom(6, 1))).time).toBe(startTime + 6_000)
    await expectWhole(disk)
  })

  it("refuses a clock that is far ahead of what is known before anything happens", async () => {
    const disk = newDisk()
    disk.clock.time = startTime + 31 * 86_400_000
    const sequencer = await openDisk(disk)
    await expect(append(sequencer, bodiesFrom(0, 1))).rejects.toMatchObject({ code: "clock" })
    await expect(sequencer.attach([])).rejects.toMatchObject({ code: "clock" })
    disk.clock.time = startTime + 29 * 86_400_000
    expect((await append(sequencer, bodiesFrom(0, 1))).time).toBe(disk.clock.time)
    await expectWhole(disk)
  })
})

describe("opening the sequencer", () => {
  async function grown(): Promise<Disk> {
    const disk = newDisk()
    await append(await openDisk(disk), bodiesFrom(0, 3))
    return disk
  }

  it("refuses a database that is behind the guard and says that it is an older copy", async () => {
    const disk = await grown()
    const older = createMemoryStore(disk.identity, { time: startTime })
    const opening = openDisk({ ...disk, store: older })
    await expect(opening).rejects.toThrow(/older copy of the database/)
    await expect(opening).rejects.toBeInstanceOf(Refusal)
  })

  it("refuses a database of the same size with another tree", async () => {
    const disk = await grown()
    const other = createMemoryStore(disk.identity, { time: startTime })
    const guard = createMemoryGuard(disk.identity, await other.head())
    await append(await openDisk({ ...disk, store: other, guard }), bodiesFrom(7, 3))
    await expect(openDisk({ ...disk, store: other })).rejects.toThrow(/different trees/)
  })

  it("refuses a longer database that does not begin with the guarded tree", async () => {
    const disk = await grown()
    const other = createMemoryStore(disk.identity, { time: startTime })
    const guard = createMemoryGuard(disk.identity, await other.head())
    await append(await openDisk({ ...disk, store: other, guard }), bodiesFrom(7, 9))
    await expect(openDisk({ ...disk, store: other })).rejects.toMatchObject({ code: "bad-proof" })
    expect((await disk.guard.read()).size).toBe(3)
  })

  it("refuses another log's guard and other keys, naming both", async () => {
    const disk = await grown()
    const other = newDisk()
    const alien = createMemoryGuard({ ...disk.identity, treeId: "4712" }, await disk.guard.read())
    await expect(openDisk({ ...disk, guard: alien })).rejects.toThrow(/tree 4712.*tree 4711/)
    await expect(openDisk({ ...disk, signer: other.signer })).rejects.toThrow(
      /never changes its keys/,
    )
  })

  it("takes heads that others hold if its tree has them, and refuses any other before signing", async () => {
    const disk = newDisk()
    const sequencer = await openDisk(disk)
    const held: Head[] = [sequencer.opened]
    for (const count of [3, 300, 7]) {
      held.push(await append(sequencer, bodiesFrom((await disk.store.head()).size, count)))
    }
    const openWith = (...heads: readonly Head[]) => {
      const { store, guard, clock } = disk
      let signed = 0
      const signer = {
        ...disk.signer,
        sign(text: string) {
          signed += 1
          return disk.signer.sign(text)
        },
      }
      const now = () => clock.time
      const opening = openSequencer({
        store,
        guard,
        signer,
        hasher: portableHasher,
        now,
        held: heads,
      })
      return { opening, signed: () => signed }
    }
    expect((await openWith(...held).opening).opened.size).toBe(310)
    const root = asHash(new Uint8Array(32).fill(7))
    for (const [head, words] of [
      [{ size: 311, root }, "an older copy of the database was put in place"],
      [{ size: 310, root }, "the log was forked"],
      [{ size: 303, root }, "the log was forked"],
      [{ size: 0, root }, "the log was forked"],
    ] as const) {
      const { opening, signed } = openWith(...held, head)
      await expect(opening).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining(words),
      })
      expect(signed()).toBe(0)
    }
  })

  it("refuses a store whose entries do not give the stored root", async () => {
    const disk = await grown()
    const store: LogStore = {
      ...disk.store,
      bodies: async (from, to) => flipped(await disk.store.bodies(from, to)),
    }
    await expect(openDisk({ ...disk, store })).rejects.toMatchObject({ code: "damaged" })
  })
})

/** A signer that believes nothing: every head it signed before must be the beginning of the next one. */
function rememberingSigner(signer: LogSigner): LogSigner {
  const signed: Head[] = [EMPTY_HEAD]
  return {
    ...signer,
    async sign(text, prove) {
      const head = parseCheckpoint(text)
      for (const older of signed) verifyConsistency(older, head, await prove(older.size))
      signed.push(head)
      return await signer.sign(text, prove)
    },
  }
}

describe("a signer that asks for proofs", () => {
  it("gets the proof from any head it remembers, of every batch and at every opening", async () => {
    const disk = newDisk()
    const openWith = (signer: LogSigner) => {
      const { store, guard, clock } = disk
      const now = () => clock.time
      return openSequencer({ store, guard, signer, hasher: portableHasher, now })
    }
    const signer = rememberingSigner(disk.signer)
    let size = 0
    for (const counts of [[1, 2, 60], [193, 1, 255], [600]]) {
      const sequencer = await openWith(signer)
      for (const count of counts) {
        await append(sequencer, bodiesFrom(size, count))
        size += count
      }
    }
    expect((await openWith(signer)).opened.size).toBe(1_112)
  })

  it("is refused a proof from a size that the head does not have", async () => {
    const disk = newDisk()
    const { store, guard, clock } = disk
    const signer: LogSigner = {
      ...disk.signer,
      sign: async (text, prove) => {
        await prove(parseCheckpoint(text).size + 1)
        return text
      },
    }
    const now = () => clock.time
    const opening = openSequencer({ store, guard, signer, hasher: portableHasher, now })
    await expect(opening).rejects.toMatchObject({ code: "malformed" })
  })
})

function flipped(bodies: Uint8Array[]): Uint8Array[] {
  const first = bodies[0]
  if (first !== undefined) first[0] = (first[0] as number) ^ 1
  return bodies
}

/** Where a step fails: before it did anything, or after it did everything. */
type Moment = "before" | "after"

function failing(
  moment: Moment,
  step: () => Promise<void>,
  armed: () => boolean,
): () => Promise<void> {
  return async () => {
    const fails = armed()
    if (fails && moment === "before") throw new Trouble("disk", "injected")
    await step()
    if (fails) throw new Trouble("disk", "injected")
  }
}

interface Fault {
  readonly step: "commit" | "guard" | "sign" | "read back"
  readonly moment: Moment
}

const faults: readonly Fault[] = [
  { step: "commit", moment: "before" },
  { step: "commit", moment: "after" },
  { step: "read back", moment: "before" },
  { step: "guard", moment: "before" },
  { step: "guard", moment: "after" },
  { step: "sign", moment: "before" },
]

/** The disk with one step that fails the next `times` times. */
function withFault(disk: Disk, { step, moment }: Fault, counter: { times: number }): Disk {
  const armed = (): boolean => counter.times > 0 && counter.times-- > 0
  const store: LogStore = {
    ...disk.store,
    commit: (commit) =>
      step === "commit"
        ? failing(moment, () => disk.store.commit(commit), armed)()
        : disk.store.commit(commit),
    async bodies(from, to) {
      if (step === "read back" && armed()) throw new Trouble("disk", "injected")
      return await disk.store.bodies(from, to)
    },
  }
  const guard: HeadGuard = {
    ...disk.guard,
    advance: (from, to) =>
      step === "guard"
        ? failing(moment, () => disk.guard.advance(from, to), armed)()
        : disk.guard.advance(from, to),
  }
  const signer = {
    ...disk.signer,
    async sign(text: string) {
      if (step === "sign" && armed()) throw new Trouble("disk", "injected")
      return await disk.signer.sign(text)
    },
  }
  return { ...disk, store, guard, signer }
}

describe.each(faults)("a fault $moment the step: $step", (fault) => {
  it.each([1, 255, 256, 300])(
    "loses no signed entry and forks nothing, with batches of %i, also twice in a row",
    async (count) => {
      const disk = newDisk()
      const first = await append(await openDisk(disk), bodiesFrom(0, count))
      const counter = { times: 0 }
      const faulty = withFault(disk, fault, counter)
      const sequencer = await openDisk(faulty)
      counter.times = 2
      await expect(append(sequencer, bodiesFrom(count, count))).rejects.toThrow("injected")
      // The second fault may hit recovery itself; then opening again is the next try.
      await openDisk(faulty).catch(() => undefined)
      counter.times = 0
      const reopened = await openDisk(faulty)
      await expectWhole(disk)
      expect(reopened.opened.size).toBeGreaterThanOrEqual(first.size)
      const kept = (await everyBody(disk.store)).slice(0, count)
      expect(kept).toEqual(bodiesFrom(0, count))
      await append(reopened, bodiesFrom(reopened.opened.size, count))
      await expectWhole(disk)
    },
  )
})

describe("a bit that flips on the append path", () => {
  it("in a committed body is found before anything is signed", async () => {
    const disk = newDisk()
    let signed = 0
    const damaged: Disk = {
      ...disk,
      store: {
        ...disk.store,
        bodies: async (from, to) => flipped(await disk.store.bodies(from, to)),
      },
      signer: {
        ...disk.signer,
        sign: (text) => {
          signed += 1
          return disk.signer.sign(text)
        },
      },
    }
    const sequencer = await openDisk(damaged)
    await expect(append(sequencer, bodiesFrom(0, 5))).rejects.toMatchObject({ code: "damaged" })
    expect(signed).toBe(1)
    expect((await disk.guard.read()).size).toBe(0)
  })

  it("in a leaf hash is found before anything is signed", async () => {
    const disk = newDisk()
    const sequencer = await openDisk(disk)
    const bodies = bodiesFrom(0, 5)
    const leafHashes = bodies.map(portableHasher.leaf)
    leafHashes[2] = asHash(new Uint8Array(32))
    const appending = sequencer.append({ bodies, leafHashes })
    await expect(appending).rejects.toMatchObject({ code: "damaged" })
    expect((await disk.guard.read()).size).toBe(0)
  })
})
