// What a log can never be blamed for, and what it never gets away with, over histories at random.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { verifyEvidence } from "../../../src/evidence/verification.ts"
import type { Vantage } from "../../../src/monitor/findings/case.ts"
import type { Finding } from "../../../src/monitor/findings/finding.ts"
import { judgeFreshness } from "../../../src/monitor/freshness.ts"
import { natively } from "../../evidence/made-cases.ts"
import { type TestSigner, testSigner } from "../../signers.ts"
import {
  fakeRule,
  fakeSigner,
  forkedAt,
  headOf,
  honest,
  logKey,
  MINUTE,
  type Monitor,
  monitorAt,
  NOON,
  ORIGIN,
  type Signing,
  signedNote,
  witnessKeys,
} from "./judged-log.ts"

const SECOND = 1000
const plainKey = fakeSigner(ORIGIN, 1, 1)
const timedKey = fakeSigner(ORIGIN, 4, 2)
const fakeWitnesses = [3, 4].map((seed) => fakeSigner(`witness.example/w${seed}`, 4, seed))
const vantages: readonly Vantage[] = ["log", "mirror a", "witness w1", "verifier"]

interface Step {
  /** Milliseconds since the step before. */
  readonly wait: number
  readonly action: "sign" | "publish" | "see" | "read"
  /** Which vantage point, how many entries, how old an answer: whatever the action asks for. */
  readonly choice: number
  readonly age: number
  /** Bit i: witness i takes part. */
  readonly witnesses: number
  /** `cut`: the answer ends early. `old`: a cache gives what it should have forgotten. */
  readonly hiccup: "none" | "cut" | "old"
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  wait: fc.oneof(
    { weight: 3, arbitrary: fc.nat(20 * SECOND) },
    { weight: 3, arbitrary: fc.nat(70 * SECOND) },
    { weight: 1, arbitrary: fc.nat(25 * MINUTE) },
  ),
  action: fc.constantFrom("sign", "publish", "publish", "see", "see", "see", "see", "read"),
  choice: fc.nat(255),
  age: fc.nat(59).map((age) => age / 59),
  witnesses: fc.nat(3),
  hiccup: fc.constantFrom("none", "none", "none", "cut", "old"),
})

interface History {
  readonly steps: readonly Step[]
  /** Seconds by which the log's and the witnesses' clocks are wrong. */
  readonly skews: readonly number[]
  /** Whether the log's own signatures carry times. */
  readonly isTimed: boolean
  /** Whether observations are judged in another order than they were made in. */
  readonly isShuffled: boolean
}

const anyHistory: fc.Arbitrary<History> = fc.record({
  steps: fc.array(anyStep, { minLength: 2, maxLength: 6 }),
  skews: fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 3, maxLength: 3 }),
  isTimed: fc.boolean(),
  isShuffled: fc.boolean(),
})

interface Shown {
  readonly at: number
  readonly note: string
  readonly size: number
}

/** What was to be seen at a place at `at`, or the first of it. */
function shownAt(past: readonly Shown[], at: number): Shown | undefined {
  return past.findLast((shown) => shown.at <= at) ?? past[0]
}

/** An honest log with its witnesses, and a monitor that looks at it through caches. */
function createWorld({ skews, isTimed, isShuffled }: History) {
  const fakeLogKey = isTimed ? timedKey : plainKey
  let at = 0
  let size = 0
  const signed: Shown[] = []
  const published: Shown[] = []
  const cosigned = fakeWitnesses.map((): Shown[] => [])
  const waiting: (() => Promise<readonly Finding[]>)[] = []
  const monitor: Monitor = monitorAt(0, {
    logKeys: [fakeLogKey],
    witnesses: fakeWitnesses,
    holds: fakeRule,
  })

  const clock = (skew: number) => NOON + Math.floor(at / SECOND) + skew
  const byLog = (): Signing[] => [{ by: fakeLogKey, time: clock(skews[0] ?? 0) }]

  /** The log signs whenever it grows, before it publishes. */
  function sign(added: number): void {
    size += added
    signed.push({ at, size, note: signedNote(headOf(honest, size), byLog()) })
  }

  function publish(witnesses: number): void {
    const own = byLog()
    const taking = fakeWitnesses.map((by, i) => ({ by, i, time: clock(skews[i + 1] ?? 0) }))
    const cosigning = taking.filter(({ i }) => Math.floor(witnesses / 2 ** i) % 2 === 1)
    for (const { by, i, time } of cosigning) {
      const note = signedNote(headOf(honest, size), [...own, { by, time }])
      cosigned[i]?.push({ at, size, note })
    }
    published.push({ at, size, note: signedNote(headOf(honest, size), [...own, ...cosigning]) })
  }

  function pastOf(vantage: Vantage, age: number): Shown | undefined {
    if (vantage === "verifier") return signed[Math.floor(age * (signed.length - 1))]
    if (vantage === "log") return shownAt(published, at - age * 59 * SECOND)
    const copied = at - age * 59 * MINUTE
    if (vantage.startsWith("mirror")) return shownAt(published, copied)
    return shownAt(cosigned[0] ?? [], copied)
  }

  async function see(vantage: Vantage, age: number): Promise<void> {
    const shown = pastOf(vantage, age)
    const seenAt = at
    if (shown === undefined) return
    waiting.push(() => monitor.see(vantage, seenAt, shown.note))
    if (waiting.length > 4) await flush()
  }

  /** An answer that no honest path gives twice; then a sound one. */
  async function stumble(hiccup: "cut" | "old", vantage: Vantage, age: number): Promise<void> {
    const shown = pastOf(vantage, age)
    if (shown === undefined) return
    await flush()
    const cut = shown.note.slice(0, Math.floor(age * shown.note.length))
    const old = published[Math.floor(age * (published.length - 1))]?.note ?? ""
    expectCalm(await monitor.see(vantage, at, hiccup === "cut" ? cut : old))
    at += SECOND
    expectCalm(await monitor.see(vantage, at, pastOf(vantage, 0)?.note ?? ""))
  }

  async function flush(): Promise<void> {
    const batch = waiting.splice(0)
    for (const judge of isShuffled ? batch.reverse() : batch) expectSilent(await judge())
  }

  function expectSilent(findings: readonly Finding[]): void {
    if (findings.length > 0) throw new Error(findings.map(({ summary }) => summary).join("\n"))
  }

  function expectCalm(findings: readonly Finding[]): void {
    expectSilent(findings.filter(({ grade }) => grade !== "SUSPECTED"))
  }

  /** One round of the monitor: the log's newest head, its entries, what was waiting. */
  async function read(): Promise<void> {
    await see("log", 0)
    await flush()
    expectSilent(await monitor.grow(published.at(-1)?.size ?? 0, at))
    const judged = judgeFreshness({ ...monitor.scope(at), threshold: 1 })
    expectSilent(monitor.settle(at, judged))
  }

  async function run({ wait, action, choice, age, witnesses, hiccup }: Step): Promise<void> {
    at += wait
    if (action === "sign" || action === "publish") sign(choice % 5)
    if (action === "publish") {
      publish(witnesses)
    } else if (action === "see") {
      const vantage = vantages[choice % vantages.length] as Vantage
      await (hiccup === "none" ? see(vantage, age) : stumble(hiccup, vantage, age))
    } else if (action === "read") {
      await read()
    }
    if (wait > 10 * MINUTE) {
      publish(witnesses)
      await read()
    }
  }

  return {
    async live(steps: readonly Step[]): Promise<void> {
      sign(1)
      publish(3)
      for (const step of steps) await run(step)
      publish(3)
      await read()
    },
  }
}

describe("an honest log", () => {
  test("gives nothing but suspicions in any of 10,000 histories", {
    timeout: 180_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        await createWorld(history).live(history.steps)
      }),
      { numRuns: 10_000 },
    )
  })
})

interface Pair {
  /** Sizes of a head of the monitor's branch and of one of the other branch. */
  readonly own: number
  readonly other: number
  /** The leaf that differs, below the size of the other head. */
  readonly changed: number
  /** The size of the tree when the heads are seen. */
  readonly tree: number
  readonly isOtherFirst: boolean
}

const anyPair: fc.Arbitrary<Pair> = fc
  .record({ own: fc.integer({ min: 1, max: 70 }), other: fc.integer({ min: 1, max: 70 }) })
  .chain(({ own, other }) =>
    fc.record({
      own: fc.constant(own),
      other: fc.constant(other),
      changed: fc.nat(other - 1),
      tree: fc.nat(own),
      isOtherFirst: fc.boolean(),
    }),
  )

describe("a log that replaced one leaf", () => {
  test("is proven guilty once both heads were seen and the tree reaches them", async () => {
    await fc.assert(
      fc.asyncProperty(anyPair, async ({ own, other, changed, tree, isOtherFirst }) => {
        const monitor = monitorAt(tree, { holds: natively })
        const forged = signedNote(headOf(forkedAt(changed), other), [{ by: logKey }])
        const sound = signedNote(headOf(honest, own), [{ by: logKey }])
        const [first, second] = isOtherFirst ? [forged, sound] : [sound, forged]
        const seen = [await monitor.see("log", 0, first), await monitor.see("mirror a", 1, second)]
        const last = Math.max(own, other)
        seen.push(await monitor.see("log", 2, signedNote(headOf(honest, last), [{ by: logKey }])))
        seen.push(await monitor.grow(last, 3))
        const proven = seen.flat().filter(({ grade }) => grade === "PROVEN")
        expect(proven.length).toBeGreaterThan(0)
        for (const { kind, evidence } of proven) {
          expect(kind).toBe("fork")
          expect(verifyEvidence(evidence?.text ?? "", undefined, natively).convicted).toEqual(
            logKey.vkey,
          )
        }
      }),
      { numRuns: 150 },
    )
  })
})

const madeUpKeys = [
  testSigner(ORIGIN, 1, 20),
  testSigner(ORIGIN, 4, 21),
  testSigner("witness.example/w1", 4, 22),
  testSigner("other.example", 1, 23),
]

interface MadeUp {
  readonly vantage: Vantage
  readonly wait: number
  readonly size: number
  readonly changed: number
  readonly keys: readonly number[]
  readonly origin: string
  /** Which character of a genuine note is another one; beyond its end, none is genuine. */
  readonly flipped: number
}

const anyMadeUp: fc.Arbitrary<MadeUp> = fc.record({
  vantage: fc.constantFrom(...vantages),
  wait: fc.nat(5 * MINUTE),
  size: fc.nat(20),
  changed: fc.nat(20),
  keys: fc.uniqueArray(fc.nat(madeUpKeys.length - 1), { minLength: 1 }),
  origin: fc.constantFrom(ORIGIN, `${ORIGIN} - 7`, "other.example"),
  flipped: fc.nat(600),
})

const genuine = signedNote(headOf(honest, 12), [{ by: logKey }, { by: witnessKeys[0] }])

function madeUpNote({ size, changed, keys, origin, flipped }: MadeUp): string {
  if (flipped < genuine.length) {
    const other = genuine[flipped] === "B" ? "C" : "B"
    return genuine.slice(0, flipped) + other + genuine.slice(flipped + 1)
  }
  const signings = keys.map((key) => ({ by: madeUpKeys[key] as TestSigner }))
  return signedNote(headOf(forkedAt(changed), size), signings, { origin })
}

describe("made-up notes", () => {
  /** What a path serves; none of it says that the log has signed anything. */
  const ofPaths = new Set(["bad-head-signature", "bad-head", "trust-changed"])

  test("convict neither a log nor a witness, and from verifiers they are nothing", async () => {
    const anyForgery = fc.array(anyMadeUp, { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(anyForgery, async (forgeries) => {
        const monitor = monitorAt(12, { holds: natively })
        expect(await monitor.see("log", 0, genuine)).toEqual([])
        let at = 0
        for (const forgery of forgeries) {
          at += forgery.wait
          const findings = await monitor.see(forgery.vantage, at, madeUpNote(forgery))
          if (forgery.vantage === "verifier") expect(findings).toEqual([])
          expect(findings.filter(({ kind }) => !ofPaths.has(kind))).toEqual([])
          expect(findings.filter(({ grade }) => grade === "PROVEN")).toEqual([])
        }
        expect(await monitor.grow(20, at)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
