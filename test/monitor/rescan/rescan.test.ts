import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { encodeBundle } from "../../../src/core/tree/bundle.ts"
import { makeSigner } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import { attestationOf, digestOf } from "../entries/watched-entries.ts"
import {
  MINUTE,
  START,
  signedBody,
  statementAbout,
  type Travelled,
  travel,
} from "../travelled-log.ts"

const owner = makeSigner("ecdsa-p256")
const stranger = makeSigner("ecdsa-p256")

const watchFor = (artifact: string, ...signers: (typeof owner)[]) => [
  `subject ${artifact}`,
  `  digest ${digestOf(artifact)}`,
  ...signers.map((each) => `  signer key ${keyOf(each)}`),
]

/** 600 entries, of which the stranger's are about `app` and `late`. */
async function withEntries(watch: readonly string[]): Promise<Travelled> {
  const travelled = await travel(watch)
  for (let i = 0; i < 600; i++) {
    const artifact = i === 7 ? "app" : i === 555 ? "late" : `artifact ${i}`
    travelled.add(signedBody(stranger, utf8(artifact)))
  }
  return travelled
}

describe("a watch file that changes", () => {
  test("is applied to entries that were read before", async () => {
    const travelled = await withEntries([])
    await travelled.round(START)
    expect(travelled.findings()).toEqual([])
    travelled.watch = [...watchFor("app", owner), ...watchFor("late", owner)]
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual([
      "PROVEN unknown-signer 555 late",
      "PROVEN unknown-signer 7 app",
    ])
    expect(travelled.status(START + MINUTE).logs[0]?.rescan).toMatchObject({
      judged: 600,
      of: 600,
      isComplete: true,
    })
    expect(travelled.monitor.counters().get("log.example")?.entries).toBe(600)
  })

  test("takes back what it no longer makes, even if that was proven", async () => {
    const travelled = await withEntries(watchFor("app", owner))
    await travelled.round(START)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 7 app"])
    travelled.watch = watchFor("app", owner, stranger)
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual([])
    travelled.watch = watchFor("app", owner)
    await travelled.round(START + 2 * MINUTE)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 7 app"])
  })

  test.each([
    ["does not answer", () => Promise.reject(new Trouble("network", "no answer"))],
    ["has lost it", () => undefined],
    ["has taken it away", () => Promise.reject(new Refusal("not-found", "taken away"))],
    ["gives another one", () => attestationOf([stranger], statementAbout("other")).envelope],
  ])("takes back nothing that rests on an envelope if the log %s now", async (_, answer) => {
    const travelled = await travel(watchFor("app", owner))
    travelled.add(attestationOf([stranger], statementAbout("app")))
    await travelled.round(START)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 0 app"])
    travelled.beside.envelope = answer as () => Uint8Array | undefined
    travelled.beside.saysKept = () => false
    travelled.watch = [...watchFor("app", owner), ...watchFor("late", owner)]
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toContain("PROVEN unknown-signer 0 app")
    // Once it is there again, what the watch file says counts.
    delete travelled.beside.envelope
    travelled.watch = watchFor("app", owner, stranger)
    await travelled.round(START + 2 * MINUTE)
    expect(travelled.findings()).toEqual([])
  })

  test("judges in turns, over restarts, and nothing is clean meanwhile", async () => {
    const travelled = await withEntries([])
    await travelled.round(START)
    travelled.watch = [...watchFor("app", owner), ...watchFor("late", owner)]
    travelled.isRescanOver = () => true
    await travelled.round(START + MINUTE)
    const status = travelled.status(START + MINUTE)
    expect(status.logs[0]?.rescan).toMatchObject({ judged: 256, of: 600, isComplete: false })
    expect(status.unclear.join()).toContain("256 of 600 entries are judged")
    expect(status.worst).toBe(2)
    await travelled.restart()
    await travelled.round(START + 2 * MINUTE)
    expect(travelled.status(START).logs[0]?.rescan.judged).toBe(512)
    await travelled.round(START + 3 * MINUTE)
    expect(travelled.findings()).toHaveLength(2)
    expect(travelled.status(START).unclear).toEqual([])
  })

  test("is applied to all entries, also if it changes again while they are judged", async () => {
    const travelled = await withEntries([])
    await travelled.round(START)
    travelled.isRescanOver = () => true
    travelled.watch = watchFor("late", owner)
    await travelled.round(START + MINUTE)
    travelled.watch = [...watchFor("app", owner), ...watchFor("late", owner)]
    for (let i = 2; i < 12; i++) await travelled.round(START + i * MINUTE)
    expect(travelled.findings()).toHaveLength(2)
    expect(travelled.status(START).logs[0]?.rescan.isComplete).toBe(true)
  })

  test("the log cannot show other entries the second time", async () => {
    const travelled = await withEntries([])
    await travelled.round(START)
    const { log } = travelled
    const honest = log.bodies.slice(0, 256)
    const other = honest.with(7, signedBody(owner, utf8("app")))
    log.answer = (question) => (/^bundle 0/.test(question) ? encodeBundle(other) : true)
    travelled.watch = watchFor("app", owner)
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toContain("ATTESTED entry-mismatch entry 7")
    expect(travelled.findings()).not.toContain("PROVEN unknown-signer 7 app")
    log.answer = () => true
    await travelled.round(START + 2 * MINUTE)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 7 app"])
  })

  test("whose newest form is refused leaves the one before in force, and says so", async () => {
    const travelled = await withEntries(watchFor("app", owner))
    await travelled.round(START)
    travelled.refusal = "watch file, line 2: expected a subject"
    await travelled.round(START + MINUTE)
    expect(travelled.open().map(({ kind }) => kind)).toEqual(["unknown-signer", "watch-refused"])
    travelled.refusal = undefined
    await travelled.round(START + 2 * MINUTE)
    expect(travelled.findings()).toEqual(["PROVEN unknown-signer 7 app"])
  })

  test("what was claimed first is the lower entry, whenever a rule came to be", async () => {
    const named = (artifact: string) => {
      const subject = [
        { name: "pkg:npm/app@1.0.0", digest: { sha256: digestOf(artifact).slice(7) } },
      ]
      return utf8(
        JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject, predicateType: "p" }),
      )
    }
    const rule = [
      "subject app",
      "  name pkg:npm/app@*",
      `  signer key ${keyOf(owner)}`,
      "  unique version",
    ]
    const early = await travel([])
    const late = await travel(rule)
    for (const travelled of [early, late]) {
      travelled.add(attestationOf([owner], named("first")))
      travelled.add(attestationOf([owner], named("second")))
    }
    await early.round(START)
    early.watch = rule
    early.isRescanOver = () => true
    // Read under the new watch file before the first ones are judged by it.
    early.add(attestationOf([owner], named("second")))
    late.add(attestationOf([owner], named("second")))
    for (let i = 1; i < 6; i++) await early.round(START + i * MINUTE)
    await late.round(START)
    expect(early.findings()).toEqual([
      "PROVEN conflicting-claims 1 app",
      "PROVEN conflicting-claims 2 app",
    ])
    expect(late.findings()).toEqual(early.findings())
  })

  test("a ledger that grew is held against what is reported, without judging all again", async () => {
    const travelled = await travel(["signer ci", `  key ${keyOf(stranger)}`, "  mine ledger"])
    travelled.files["ledger"] = `${digestOf("mine")}\n`
    travelled.add(signedBody(stranger, utf8("mine")))
    travelled.add(signedBody(stranger, utf8("forgotten")))
    await travelled.round(START)
    expect(travelled.findings()).toEqual(["PROVEN not-mine 1 ci"])
    travelled.files["ledger"] = `${digestOf("mine")}\n${digestOf("forgotten")}\n`
    travelled.ledger = "grown"
    const before = travelled.log.asked.length
    await travelled.round(START + MINUTE)
    expect(travelled.findings()).toEqual([])
    expect(travelled.log.asked.length - before).toBeLessThan(8)
  })
})

test("rescan() judges again from an entry on, by the same watch file", async () => {
  const travelled = await withEntries(watchFor("app", owner))
  await travelled.round(START)
  travelled.log.asked.length = 0
  await travelled.monitor.rescan(512, START + MINUTE)
  await travelled.round(START + MINUTE)
  expect(travelled.log.asked.filter((each) => each.startsWith("bundle"))).toEqual(["bundle 2"])
  await travelled.monitor.rescan(0, START + 2 * MINUTE)
  await travelled.round(START + 2 * MINUTE)
  expect(travelled.findings()).toEqual(["PROVEN unknown-signer 7 app"])
})
