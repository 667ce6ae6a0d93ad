// The observer of harnesses: that it finds each kind of lie in a made-up history, and none in a true one.
import { expect, onTestFinished, test } from "vitest"
import { createAuditor } from "../../torture/auditing/auditor.ts"
import {
  bodiesNamed,
  checkpointOf,
  type MadeUpLog,
  receiptOf,
  serveMadeUpLog,
  vkey,
} from "./made-up-log.ts"

const all = bodiesNamed(...Array.from({ length: 600 }, (_, i) => `entry ${i}`))
const sizes = [1, 2, 3, 7, 8, 255, 256, 257, 511, 600]

function openAuditor() {
  const auditor = createAuditor(vkey)
  onTestFinished(auditor.close)
  return auditor
}

/** A log with 600 entries, and an observer who was told of some of them and of the heads at all sizes above. */
async function openHistory() {
  const auditor = openAuditor()
  for (const size of sizes) auditor.acknowledged(receiptOf(all.slice(0, size), size - 1))
  return { auditor, log: await serveMadeUpLog(all) }
}

function replaced(index: number): readonly Buffer[] {
  return all.map((body, i) => (i === index ? Buffer.from("another one") : body))
}

test("an honest history is whole, as a whole and step by step", async () => {
  const auditor = openAuditor()
  const log = await serveMadeUpLog([])
  for (const size of sizes) {
    log.bodies = all.slice(0, size)
    auditor.acknowledged(receiptOf(log.bodies, size - 1))
    expect(await auditor.audit(log.url, "new")).toEqual([])
  }
  expect(await auditor.audit(log.url)).toEqual([])
  expect(auditor).toMatchObject({ size: sizes.length, heads: sizes.length })
})

test("a duplicate is answered with its first index", async () => {
  const { auditor, log } = await openHistory()
  auditor.acknowledged({ ...receiptOf(all, 6), isNew: false })
  expect(await auditor.audit(log.url)).toEqual([])
  const twice = [...all, Buffer.from("entry 6")]
  auditor.acknowledged(receiptOf(twice, 600))
  log.bodies = twice
  expect(await auditor.audit(log.url)).toEqual([
    "one entry was acknowledged at 6 and at 600",
    "not to be audited: one entry stands at 6 and at 600",
  ])
})

const lies: readonly [string, (log: MadeUpLog) => void, RegExp][] = [
  ["forgets the newest entries", (log) => (log.bodies = all.slice(0, 599)), /rolled back: .* 599/],
  ["has another entry", (log) => (log.bodies = replaced(6)), /lost: .* at 6 is not there/],
  [
    "has another entry that nobody was told of",
    (log) => (log.bodies = replaced(4)),
    /size 7 is not/,
  ],
  ["proves nothing", (log) => (log.lyingProofs = true), /no proof that they are of one tree/],
]

test.each(lies)("a log that %s is found", async (_, lie, found) => {
  const { auditor, log } = await openHistory()
  expect(await auditor.audit(log.url)).toEqual([])
  lie(log)
  expect(await auditor.audit(log.url)).toContainEqual(expect.stringMatching(found))
})

test("what was read before and has changed since is found step by step as well", async () => {
  const { auditor, log } = await openHistory()
  expect(await auditor.audit(log.url, "new")).toEqual([])
  log.bodies = [...replaced(598), Buffer.from("entry 600")]
  auditor.acknowledged(receiptOf(log.bodies, 600))
  expect(await auditor.audit(log.url, "new")).toEqual([
    expect.stringMatching(/the entry at 598 was another one/),
  ])
})

test("two heads of one size are a fork, wherever they were seen", async () => {
  const { auditor, log } = await openHistory()
  auditor.head(checkpointOf(replaced(3)))
  expect(await auditor.audit(log.url)).toContain("fork: two heads of size 600 were signed")
})

test("a head of a size that was passed before it was seen is judged as well", async () => {
  const { auditor, log } = await openHistory()
  expect(await auditor.audit(log.url, "new")).toEqual([])
  auditor.head(checkpointOf(replaced(3).slice(0, 500)))
  expect(await auditor.audit(log.url, "new")).toContainEqual(
    expect.stringMatching(/head of size 500 is not/),
  )
})

test("a head beyond what is served shows that the log was put back", async () => {
  const { auditor, log } = await openHistory()
  auditor.head(checkpointOf([...all, Buffer.from("one more")]))
  expect(await auditor.audit(log.url)).toEqual([expect.stringMatching(/rolled back: .* 601/)])
})

test("what is acknowledged while an audit goes on is left to the next one", async () => {
  const { auditor, log } = await openHistory()
  const under = auditor.audit(log.url, "new")
  const more = [...all, Buffer.from("entry 600")]
  auditor.acknowledged(receiptOf(more, 600))
  expect(await under).toEqual([])
  expect(await auditor.audit(log.url, "new")).toContainEqual(expect.stringMatching(/lost: .* 600/))
})

test("a time that changes is found", async () => {
  const { auditor, log } = await openHistory()
  expect(await auditor.audit(log.url)).toEqual([])
  log.time = "1992-01-01T00:00:00.000Z"
  expect(await auditor.audit(log.url)).toContainEqual(
    expect.stringMatching(/its time was 2026.* is 1992/),
  )
})

type Receipt = ReturnType<typeof receiptOf>

const answers: readonly [string, (receipt: Receipt) => unknown, RegExp][] = [
  ["nothing", () => undefined, /an answer that is none/],
  ["another body", (receipt) => ({ ...receipt, body: "AAAA" }), /not the hash of its body/],
  ["another index", (receipt) => ({ ...receipt, index: 3 }), /does not lead to its head/],
  [
    "a shorter proof",
    ({ inclusionProof, ...rest }) => ({
      ...rest,
      inclusionProof: { ...inclusionProof, hashes: inclusionProof.hashes.slice(1) },
    }),
    /does not lead to its head/,
  ],
  [
    "a head of another size",
    (receipt) => ({ ...receipt, checkpoint: checkpointOf(all.slice(0, 599)) }),
    /does not lead to its head/,
  ],
  [
    "a head that is not signed",
    (receipt) => ({ ...receipt, checkpoint: receipt.checkpoint.replace("\n600\n", "\n601\n") }),
    /not signed by/,
  ],
]

test.each(answers)("an acknowledgement with %s is found", async (_, lie, found) => {
  const { auditor, log } = await openHistory()
  auditor.acknowledged(lie(receiptOf(all, 100)))
  expect(await auditor.audit(log.url)).toContainEqual(expect.stringMatching(found))
})

test("a log that does not answer is not called whole", async () => {
  const { auditor } = await openHistory()
  expect(await auditor.audit("http://127.0.0.1:1")).toEqual([
    expect.stringMatching(/not to be audited/),
  ])
})
