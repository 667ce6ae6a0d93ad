import { afterEach, describe, expect, it } from "vitest"
import { refuse } from "../../../src/core/base/errors.ts"
import { parseNote, parseVkey } from "../../../src/core/note/note.ts"
import { checkPolicy, type Policy } from "../../../src/core/note/policy.ts"
import { EMPTY_HEAD, type Head } from "../../../src/core/tree/hash.ts"
import type { Contradiction } from "../../../src/log/held-head.ts"
import type { Log } from "../../../src/log/ports/log.ts"
import type { Publisher } from "../../../src/log/ports/publishing.ts"
import {
  openPublisher,
  type PublisherOptions,
  type PublishingEvent,
} from "../../../src/log/publishing/publisher.ts"
import { type FakeClock, fakeClock, settle } from "../fake-clock.ts"
import { type Disk, newDisk, openLogOn, proposalOf } from "../opened-log.ts"
import { type FakeWitness, fakeStore, fakeWitness, holds, policyOver } from "./fake-witnesses.ts"

const TWO_OF_THREE = "group G 2 a b c\nquorum G"

interface Published {
  readonly disk: Disk
  readonly log: Log
  readonly publisher: Publisher
  readonly witnesses: readonly [FakeWitness, FakeWitness, FakeWitness]
  readonly policy: Policy
  readonly clock: FakeClock
  readonly store: ReturnType<typeof fakeStore>
  readonly events: readonly PublishingEvent[]
  readonly contradictions: readonly Contradiction[]
}

const opened: Publisher[] = []
afterEach(() => {
  for (const publisher of opened.splice(0)) publisher.close()
})

interface Given {
  readonly rules?: string
  readonly disk?: Disk
  readonly store?: ReturnType<typeof fakeStore>
  readonly modes?: readonly FakeWitness["mode"][]
  readonly heads?: readonly Head[]
  readonly options?: Partial<PublisherOptions>
}

async function publish(given: Given = {}): Promise<Published> {
  const disk = given.disk ?? newDisk()
  const { log } = await openLogOn(disk)
  const witnesses = [fakeWitness("a", 2), fakeWitness("b", 3), fakeWitness("c", 4)] as const
  for (const [i, witness] of witnesses.entries()) {
    witness.mode = given.modes?.[i] ?? "honest"
    witness.head = given.heads?.[i] ?? EMPTY_HEAD
  }
  const policy = policyOver(witnesses, given.rules ?? TWO_OF_THREE)
  const clock = fakeClock()
  const store = given.store ?? fakeStore()
  const events: PublishingEvent[] = []
  const contradictions: Contradiction[] = []
  const publisher = await openPublisher({
    log,
    policy,
    witnesses: witnesses.map(({ port }) => port),
    store,
    holds,
    clock,
    onEvent: (event) => events.push(event),
    onContradiction: (contradiction) => contradictions.push(contradiction),
    ...given.options,
  })
  opened.push(publisher)
  await settle()
  return { disk, log, publisher, witnesses, policy, clock, store, events, contradictions }
}

async function add(log: Log, from: number, to = from + 1): Promise<void> {
  for (let i = from; i < to; i++) await log.add(proposalOf(`entry ${i}`))
}

/** The names of the witnesses whose cosignatures hold under the policy. */
function cosigners({ publisher, log, policy }: Published): readonly string[] {
  const { checkpoint = "" } = publisher.published() ?? {}
  const logs = log.vkeys.map((vkey) => ({ vkey: parseVkey(vkey) }))
  const { cosignatures } = checkPolicy({ ...policy, logs }, parseNote(checkpoint))
  return cosignatures.map(({ name }) => name.slice("witness.example/".length))
}

describe("publishing with witnesses", () => {
  it("publishes the newest head every second, with the lines of all that answer", async () => {
    const all = await publish()
    await all.clock.pass(100)
    expect(all.publisher.published()?.size).toBe(0)
    await add(all.log, 0, 5)
    expect(all.publisher.published()?.size).toBe(0)
    await all.clock.pass(1_000)
    expect(all.publisher.published()).toMatchObject({ size: 5, root: all.log.head().root })
    expect(cosigners(all)).toEqual(["a", "b", "c"])
    expect(all.store.kept).toBe(all.publisher.published()?.checkpoint)
    const newest = all.log.head().checkpoint
    expect(all.publisher.published()?.checkpoint.startsWith(newest)).toBe(true)
  })

  it("publishes with a quorum, a moment after it, and goes on without the one that hangs", async () => {
    const all = await publish({ modes: ["honest", "honest", "hangs"] })
    expect(all.publisher.published()).toBeUndefined()
    await all.clock.pass(49)
    expect(all.publisher.published()).toBeUndefined()
    await all.clock.pass(1)
    expect(cosigners(all)).toEqual(["a", "b"])
    await add(all.log, 0)
    await all.clock.pass(1_050)
    expect(all.publisher.published()?.size).toBe(1)
    expect(all.witnesses[2].asked).toBe(1)
    all.witnesses[2].mode = "honest"
    all.witnesses[2].release()
    await add(all.log, 1)
    await all.clock.pass(1_000)
    expect(cosigners(all)).toEqual(["a", "b", "c"])
  })

  it("keeps the last witnessed checkpoint without the quorum, and catches up", async () => {
    const all = await publish()
    await all.clock.pass(0)
    for (const witness of all.witnesses.slice(1)) witness.mode = "down"
    await add(all.log, 0, 3)
    await all.clock.pass(3_000)
    expect(all.publisher.published()?.size).toBe(0)
    expect(all.log.head().size).toBe(3)
    expect(all.publisher.status()).toMatchObject({ published: 0, newest: 3, isReached: false })
    expect(all.publisher.status()?.reason).toBe(
      "the quorum G is not reached (b: unreachable, c: unreachable)",
    )
    const quorum = all.events.filter(({ type }) => type === "quorum")
    expect(quorum).toMatchObject([{ isReached: true }, { isReached: false }])
    all.witnesses[1].mode = "honest"
    await all.clock.pass(1_000)
    expect(all.publisher.published()?.size).toBe(3)
    expect(cosigners(all)).toEqual(["a", "b"])
    expect(all.publisher.status()).toMatchObject({ isReached: true, reason: undefined })
  })

  it("reports a witness that fails once, not every second", async () => {
    const all = await publish({ modes: ["down"] })
    await all.clock.pass(100)
    await add(all.log, 0)
    await all.clock.pass(5_000)
    all.witnesses[0].mode = "honest"
    await add(all.log, 1)
    await all.clock.pass(1_000)
    expect(all.events.filter(({ type }) => type === "witness")).toEqual([
      { type: "witness", name: "a", failure: "unreachable", reason: "connection refused" },
      { type: "witness", name: "a", failure: undefined, reason: "" },
    ])
  })

  it("counts groups of groups", async () => {
    const rules = "group X any a b\ngroup Y all X c\nquorum Y"
    const all = await publish({ rules, modes: ["honest", "honest", "down"] })
    await all.clock.pass(2_000)
    expect(all.publisher.published()).toBeUndefined()
    all.witnesses[2].mode = "honest"
    all.witnesses[0].mode = "down"
    await all.clock.pass(2_000)
    expect(cosigners(all)).toEqual(["b", "c"])
  })

  it("asks a witness that failed again within the round that waits for another", async () => {
    const all = await publish({
      rules: "group G all a b\nquorum G",
      modes: ["down", "hangs", "down"],
    })
    await all.clock.pass(2_500)
    expect(all.witnesses[0].asked).toBe(3)
    expect(all.witnesses[1].asked).toBe(1)
    expect(all.publisher.status()?.isReached).toBe(false)
    await all.clock.pass(2_500)
    expect(all.publisher.status()?.reason).toContain("b does not answer")
  })

  it("catches up with a witness that is at another size, by one more request", async () => {
    const disk = newDisk()
    const first = await publish({ disk })
    await add(first.log, 0, 7)
    await first.clock.pass(1_100)
    first.publisher.close()
    const all = await publish({
      disk,
      heads: first.witnesses.map(({ head }) => head),
    })
    await all.clock.pass(0)
    expect(all.witnesses.map(({ asked }) => asked)).toEqual([2, 2, 2])
    await add(all.log, 7, 300)
    await all.clock.pass(1_000)
    expect(all.publisher.published()?.size).toBe(300)
    expect(all.witnesses.map(({ asked }) => asked)).toEqual([3, 3, 3])
  })

  it.each(["false-line", "other-key", "no-time"] as const)(
    "appends no line of a witness in the mode %s",
    async (mode) => {
      const all = await publish({ modes: [mode] })
      await all.clock.pass(100)
      expect(cosigners(all)).toEqual(["b", "c"])
      expect(parseNote(all.publisher.published()?.checkpoint ?? "").signatures).toHaveLength(4)
      expect(all.publisher.status()?.witnesses[0]).toMatchObject({ failure: "false-signature" })
      all.witnesses[1].mode = mode
      await add(all.log, 0)
      await all.clock.pass(2_000)
      expect(all.publisher.published()?.size).toBe(0)
    },
  )

  it("cosigns the same head again after ten minutes, and no earlier", async () => {
    const all = await publish()
    await all.clock.pass(599_000)
    expect(all.witnesses.map(({ asked }) => asked)).toEqual([1, 1, 1])
    await all.clock.pass(2_000)
    expect(all.witnesses.map(({ asked }) => asked)).toEqual([2, 2, 2])
  })

  it("publishes nothing that it cannot keep", async () => {
    const all = await publish()
    await all.clock.pass(0)
    all.store.fails = true
    await add(all.log, 0)
    await all.clock.pass(2_000)
    expect(all.publisher.published()?.size).toBe(0)
    expect(all.publisher.status()).toMatchObject({ isReached: false })
    expect(all.publisher.status()?.reason).toContain("cannot be kept")
    all.store.fails = false
    await all.clock.pass(1_000)
    expect(all.publisher.published()?.size).toBe(1)
  })
})

describe("a checkpoint that cannot be published", () => {
  it("with more lines than a note may have is not, and the log goes on", async () => {
    const refused = () => refuse("too-large", "note: expected up to 100 signatures, found more")
    const store = { ...fakeStore(), write: async () => refused() }
    const all = await publish({ store })
    await add(all.log, 0)
    expect(await Promise.all([all.publisher.witnessed(1), all.clock.pass(10_000)])).toEqual([
      undefined,
      undefined,
    ])
    expect(all.publisher.published()).toBeUndefined()
    expect(all.publisher.status()?.reason).toContain("expected up to 100 signatures")
  })
})

describe("publishing without a quorum in the policy", () => {
  it("publishes the newest head at once and with cosignatures when there are some", async () => {
    const all = await publish({ rules: "quorum none" })
    await add(all.log, 0)
    expect(all.publisher.published()).toBe(all.log.head())
    await all.clock.pass(1_000)
    expect(cosigners(all)).toEqual(["a", "b", "c"])
    for (const witness of all.witnesses) witness.mode = "down"
    await add(all.log, 1)
    await all.clock.pass(2_000)
    expect(all.publisher.published()).toBe(all.log.head())
    expect(all.publisher.status()).toMatchObject({ isReached: true })
  })

  it("asks witnesses that fail once a second, however many submitters wait for them", async () => {
    const all = await publish({ rules: "quorum none", modes: ["down", "refuses", "down"] })
    await all.clock.pass(10)
    await add(all.log, 0)
    const waiting = [1, 1, 1].map((size) => all.publisher.witnessed(size))
    await all.clock.pass(3_000)
    expect(all.witnesses.map(({ asked }) => asked)).toEqual([4, 4, 4])
    all.witnesses[0].mode = "honest"
    await all.clock.pass(1_000)
    expect((await Promise.all(waiting)).map((head) => head?.size)).toEqual([1, 1, 1])
  })
})

describe("waiting for a witnessed checkpoint", () => {
  it("begins a round at once and gives the checkpoint that covers the size", async () => {
    const all = await publish()
    await all.clock.pass(10)
    await add(all.log, 0, 2)
    const waiting = all.publisher.witnessed(2)
    await settle()
    expect((await waiting)?.size).toBe(2)
    expect((await all.publisher.witnessed(1))?.size).toBe(2)
    expect(all.witnesses[0].asked).toBe(2)
  })

  it("ends with nothing after its time, and asks failing witnesses once a second only", async () => {
    const all = await publish({ modes: ["down", "down"] })
    await all.clock.pass(10)
    await add(all.log, 0)
    const waiting = Promise.all(Array.from({ length: 50 }, () => all.publisher.witnessed(1)))
    await all.clock.pass(10_000)
    expect(new Set(await waiting)).toEqual(new Set([undefined]))
    expect(all.witnesses[0].asked).toBe(11)
  })

  it("ends with nothing at once when ten thousand others wait", async () => {
    const all = await publish({ modes: ["down", "down"] })
    const others = Array.from({ length: 10_000 }, () => all.publisher.witnessed(0))
    expect(await all.publisher.witnessed(0)).toBeUndefined()
    all.publisher.close()
    expect(new Set(await Promise.all(others))).toEqual(new Set([undefined]))
    expect(all.clock.pending()).toBe(0)
  })

  it("ends with nothing when the publisher is closed", async () => {
    const all = await publish({ modes: ["hangs", "hangs"] })
    const waiting = all.publisher.witnessed(0)
    all.publisher.close()
    expect(await waiting).toBeUndefined()
    expect(await all.publisher.witnessed(0)).toBeUndefined()
  })

  it("leaves no timer and says nothing more of witnesses once the publisher is closed", async () => {
    const all = await publish({ modes: ["hangs", "hangs", "hangs"] })
    void all.publisher.witnessed(0)
    all.publisher.close()
    expect(all.clock.pending()).toBe(0)
    for (const witness of all.witnesses) witness.release()
    await settle()
    expect(all.events).toEqual([])
    expect(all.store.kept).toBeUndefined()
  })
})

describe("a log that is opened again", () => {
  it("publishes what it had published, before any witness answers", async () => {
    const disk = newDisk()
    const first = await publish({ disk })
    await add(first.log, 0, 3)
    await first.clock.pass(1_100)
    first.publisher.close()
    await add(first.log, 3)
    const { store } = first
    const all = await publish({
      disk,
      store,
      modes: ["down", "down", "down"],
    })
    expect(all.publisher.published()).toEqual(first.publisher.published())
    expect(all.log.head().size).toBe(4)
  })

  it("refuses a kept checkpoint that its tree has not, and sets one aside that it never signed", async () => {
    const disk = newDisk()
    const first = await publish({ disk })
    await add(first.log, 0, 3)
    await first.clock.pass(1_100)
    first.publisher.close()
    await expect(publish({ disk: newDisk(disk.keys), store: first.store })).rejects.toMatchObject({
      code: "conflict",
    })
    const store = fakeStore(first.store.kept)
    const other = await publish({ store })
    const reason = expect.stringContaining("published.other")
    expect(other.events[0]).toMatchObject({ type: "forgotten", reason })
    expect(store.aside).toBe(first.store.kept)
  })
})

describe("a witness that says that it is ahead", () => {
  it("stops nothing by a bare number, nor by a note of another log", async () => {
    const other = await publish()
    await add(other.log, 0, 9)
    const all = await publish()
    await all.clock.pass(0)
    const [a, b] = all.witnesses
    a.claims = 1_000_000
    b.mode = "refuses"
    a.note = other.log.head().checkpoint
    b.note = "nonsense"
    await add(all.log, 0)
    await all.clock.pass(3_000)
    expect(all.contradictions).toEqual([])
    expect(all.publisher.status()?.witnesses).toMatchObject([
      { failure: "ahead" },
      { failure: "refuses" },
      { failure: undefined },
    ])
    expect(all.log.status().accepting).toBe(true)
    a.claims = undefined
    await all.clock.pass(1_000)
    expect(all.publisher.published()?.size).toBe(1)
  })

  it.each([
    ["larger", 5, "ahead", undefined],
    ["equally large", 3, "refuses", undefined],
    ["smaller", 2, "refuses", 1],
    ["much smaller", 1, "refuses", 2],
  ] as const)(
    "stops the log with a %s head under the log's own key",
    async (_what, size, failure, hashes) => {
      const all = await publish()
      await add(all.log, 0, 2)
      await all.clock.pass(1_000)
      const twin = await openLogOn(newDisk(all.disk.keys))
      for (let i = 0; i < size; i++) await twin.log.add(proposalOf(`other ${i}`))
      const [a] = all.witnesses
      a.note = twin.log.head().checkpoint
      if (failure === "ahead") a.claims = size
      else a.mode = "refuses"
      await add(all.log, 2)
      await all.clock.pass(1_000)
      const published = all.publisher.published()
      const [contradiction] = all.contradictions
      expect(contradiction).toMatchObject({ held: a.note, own: all.log.head().checkpoint })
      expect(contradiction?.proof?.hashes.length).toBe(hashes)
      expect(all.log.status()).toMatchObject({ accepting: false })
      await expect(all.log.add(proposalOf("more"))).rejects.toMatchObject({ code: "try-later" })
      await all.clock.pass(20_000)
      expect(all.log.head().size).toBe(3)
      expect(all.contradictions).toHaveLength(1)
      expect(all.publisher.published()).toBe(published)
      expect(all.publisher.status()?.reason).toContain("signed another tree")
      expect((await all.log.inclusion(0)).head.size).toBe(3)
    },
  )
})
