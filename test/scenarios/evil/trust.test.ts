// Rows 10, 11, 15, 16, 28, 29 and 31 of the taxonomy of misbehaviour: what is signed wrongly or at the wrong time, and
// what is changed underneath.
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { formatNote, parseNote } from "../../../src/core/note/note.ts"
import { openEvilLog } from "../../evil-log/evil-log.ts"
import { type EvilWitness, openEvilWitness } from "../../evil-log/evil-witness.ts"
import { freezingWitness } from "../../evil-log/frozen-witness.ts"
import { grow, grownLog } from "../../evil-log/grown-log.ts"
import { expectQuiet, HOUR, inRounds, MINUTE, postTimestamp } from "../../evil-log/rounds.ts"
import { watchLog } from "../../evil-log/watched.ts"
import { countersign } from "../process.ts"

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** The note with every signature changed. */
function withBadSignatures(text: string): string {
  const note = parseNote(text)
  const signatures = note.signatures.map((line) => {
    const signature = Uint8Array.from(line.signature)
    signature[20] = (signature[20] ?? 0) ^ 1
    return { ...line, signature }
  })
  return formatNote(note.text, signatures)
}

test("row 10: a head whose signature does not hold is SUSPECTED, and ATTESTED a minute later", async () => {
  const evil = await grownLog(3)
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front })
  front.lies.checkpoint = withBadSignatures
  const start = Date.now() - 5 * MINUTE
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    expect(open()).toEqual(["SUSPECTED bad-head-signature"])
    await round(start + MINUTE)
    expect(open()).toEqual(["ATTESTED bad-head-signature"])
  })
  await watched.expectTold({ kind: "bad-head-signature", grade: "ATTESTED" })
  expect(await watched.once()).toMatchObject({ code: 1 })
})

test("row 11: the log's key under another origin is PROVEN and freezes the log", async () => {
  const evil = await grownLog(3)
  const witness = await freezingWitness(evil)
  const front = await evil.front("log")
  const note = await evil.sign(evil.honest.log.head(), "other.example")
  const watched = await watchLog(evil, { front, sinks: [witness.sink] })
  await expectQuiet(watched)
  front.lies.checkpoint = () => note
  expect(await watched.once()).toMatchObject({ code: 3 })
  await watched.expectTold({ kind: "key-misuse", grade: "PROVEN", evidence: "key-misuse" })
  await witness.expectFrozen()
})

test("row 11: another key under the log's name is ATTESTED and never accepted", async () => {
  const [evil, stranger] = [await grownLog(3), await openEvilLog()]
  onTestFinished(stranger.close)
  const front = await evil.front("log")
  await grow(stranger.honest, "another log")
  front.lies.world = stranger.honest
  const watched = await watchLog(evil, { front })
  const start = Date.now() - 5 * MINUTE
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    expect(open()).toEqual(["SUSPECTED trust-changed"])
    await round(start + MINUTE)
    expect(open()).toEqual(["ATTESTED trust-changed"])
  })
  await watched.expectTold({ kind: "trust-changed", grade: "ATTESTED" })
  const { code, status } = await watched.once()
  expect([code, status.logs[0]?.size]).toEqual([1, 0])
})

test.each([
  // A witness cosigns an old head again when asked to, so that a head without the entry is old accuses nobody.
  ["a day too early", -86_400, "presents", 2],
  ["a day too late", 86_400, "convicts", 3],
] as const)(
  "row 15: an entry that was dated %s is PROVEN by the witness's clock",
  async (_, wrong, effect, code) => {
    const evil = await grownLog(3)
    const own = await freezingWitness(evil)
    const witness = await openEvilWitness("witness.example/clock", evil.origin)
    onTestFinished(witness.close)
    const front = await evil.front("log")
    const options = { front, witnesses: [witness], quorum: 1, sinks: [own.sink] }
    const watched = await watchLog(evil, options)
    const start = Date.now() - 20 * MINUTE
    const show = (now: number): void => {
      front.lies.checkpoint = (honest) => witness.cosign(honest, Math.floor(now / 1000))
    }
    await inRounds(watched, async (rounds) => {
      for (let minutes = 0; minutes < 3; minutes++) {
        const now = start + minutes * MINUTE
        show(now)
        await rounds.round(now)
        await grow(evil.honest, `entry of minute ${minutes}`)
      }
      const bodies = await evil.honest.bodies()
      const time = (index: number): number => Math.floor(start / 1000) + 60 * (index - 3)
      for (const [index, body] of bodies.entries()) {
        await postTimestamp(rounds, evil, { body, index, time: time(Math.max(3, index)) })
      }
      await rounds.round(start + 3 * MINUTE)
      expect(rounds.open()).toEqual([])
      const body = bodies[4] as Uint8Array
      await postTimestamp(rounds, evil, { body, index: 4, time: time(4) + wrong })
      await rounds.round(start + 4 * MINUTE)
    })
    const about = { kind: "entry-time", grade: "PROVEN", evidence: "time", index: 4 } as const
    await watched.expectTold({ ...about, effect, known: [witness.vkey] })
    expect(await watched.once()).toMatchObject({ code })
    await own.expectCosigning()
  },
)

/** A key of the log whose signatures have times, and a front that shows what it signs. */
async function timedLog(size: number) {
  const evil = await grownLog(size)
  const clock: EvilWitness = await openEvilWitness(evil.origin, evil.origin)
  onTestFinished(clock.close)
  return { evil, clock, front: await evil.front("log"), logKeys: [clock.vkey] }
}

test("row 16: a log whose time runs backwards is PROVEN and frozen", async () => {
  const { evil, clock, front, logKeys } = await timedLog(3)
  const first = clock.cosign(evil.honest.log.head().checkpoint, nowSeconds() - 100)
  const witness = await freezingWitness(evil, logKeys, first)
  front.lies.checkpoint = () => first
  const watched = await watchLog(evil, { front, logKeys, sinks: [witness.sink] })
  await expectQuiet(watched)
  await grow(evil.honest, "newer")
  front.lies.checkpoint = (honest) => clock.cosign(honest, nowSeconds() - 200)
  expect(await watched.once()).toMatchObject({ code: 3 })
  const key = clock.vkey
  await watched.expectTold({ kind: "head-time", grade: "PROVEN", evidence: "time", key })
  await witness.expectFrozen()
})

test("row 16: a head of the future is ATTESTED", async () => {
  const { evil, clock, front, logKeys } = await timedLog(3)
  front.lies.checkpoint = (honest) => clock.cosign(honest, nowSeconds() + 3_600)
  const watched = await watchLog(evil, { front, logKeys })
  expect(await watched.once()).toMatchObject({ code: 1 })
  await watched.expectTold({ kind: "head-time", grade: "ATTESTED" })
})

test("row 28: a cache that ignores the query is SUSPECTED only, while the log itself goes on", async () => {
  const evil = await grownLog(3)
  const [front, mirror] = [await evil.front("log"), await evil.front("other")]
  const kept = new Map<string, string>()
  front.lies.change = (path, reply) => {
    const [name = ""] = path.split("?", 1)
    const known = kept.get(name)
    if (known !== undefined) return { status: 200, headers: {}, body: Buffer.from(known, "latin1") }
    if (reply.status === 200) kept.set(name, reply.body.toString("latin1"))
    return reply
  }
  const watched = await watchLog(evil, { front, mirrors: [mirror] })
  const start = Date.now() - HOUR
  await inRounds(watched, async ({ round, open }) => {
    await round(start)
    await grow(evil.honest, "newer")
    await round(start + 2 * MINUTE)
    await round(start + 4 * MINUTE)
    await round(start + 6 * MINUTE)
    expect(open()).toEqual(["SUSPECTED replayed-head"])
  })
  expect(watched.told()).toEqual([])
  expect(await watched.once()).toMatchObject({ code: 1 })
  delete front.lies.change
  await expectQuiet(watched)
})

test("row 29: another policy than the pinned one is ATTESTED and does not come into force", async () => {
  const evil = await grownLog(3)
  const stranger = await openEvilLog()
  onTestFinished(stranger.close)
  const front = await evil.front("log")
  const watched = await watchLog(evil, { front })
  const edited = join(watched.folder, "edited.policy")
  const text = readFileSync(watched.policy, "utf8")
  writeFileSync(edited, `log ${stranger.vkeys[1]}\n${text}`)
  const round = await watched.once("--policy", edited)
  expect(round).toMatchObject({ code: 1, stderr: /--accept-policy/ })
  await watched.expectTold({ kind: "trust-changed", grade: "ATTESTED" })
  expect(round.status.logs[0]?.size).toBe(3)
})

test("row 31: a state that another monitor has signed is refused, and nothing is changed", async () => {
  const evil = await grownLog(3)
  const front = await evil.front("log")
  const [own, other] = [await watchLog(evil, { front }), await watchLog(evil, { front })]
  const file = join(own.data, "monitor.db")
  cpSync(join(other.data, "monitor.db"), file)
  const before = readFileSync(file)
  const asked = front.asked.length
  const { code, stderr } = await countersign("monitor", "run", ...own.runWords, "--once")
  expect([code, stderr]).toEqual([4, expect.stringContaining("nothing was changed")])
  expect(readFileSync(file).equals(before)).toBe(true)
  expect(front.asked.length).toBe(asked)
  expect(own.told()).toEqual([])
})
