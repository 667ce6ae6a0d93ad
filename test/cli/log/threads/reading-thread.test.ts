// The thread that reads large requests: what it is asked comes back as if it had been read at once, senders take turns,
// and a thread that ends or takes absurdly long harms nobody but those whom it was reading for.
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { portableHasher } from "../../../../src/core/tree/hash.ts"
import type { EntryRequest } from "../../../../src/entry/kinds/registry.ts"
import { proposeEntry } from "../../../../src/entry/kinds/request.ts"
import { besideBody } from "../../../../src/entry/kinds/terms.ts"
import { createTermHasher } from "../../../../src/log/search/hash.ts"
import { signedEnvelope } from "../../../http/served-log.ts"
import { readInPlace } from "./reading-in-place.ts"

const statement = `{"subject":[{"name":"app","digest":{"sha256":"${"ab".repeat(32)}"}}],"predicate":"${"x".repeat(2_000)}"}`
const request = signedEnvelope(statement)

function bytesOf(value: EntryRequest | string): Buffer {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value))
}

test("a proposal that was read elsewhere is settled as one that was read here", async () => {
  const thread = readInPlace()
  const here = proposeEntry(request)
  const held = await thread.propose("native", bytesOf(request), "a")
  expect(held.claims).toEqual(here.claims)
  expect(held.keys.map(({ spki }) => spki)).toEqual(here.keys.map(({ spki }) => spki))
  const settled = await held.settle?.([0])
  held.release()
  expect(settled?.body).toEqual(here.body([0]))
  expect(settled?.envelope).toEqual(here.envelope?.())
  const beside = besideBody(here.terms) ?? []
  expect(settled?.sideTerms).toEqual(createTermHasher(portableHasher)(beside))
  expect(beside.map(({ name }) => name)).toContain("subject")
  expect(thread.asked).toEqual(["propose", "settle"])
})

test("a proposal whose signatures do not hold is given up, once", async () => {
  const thread = readInPlace()
  const held = await thread.propose("native", bytesOf(request), "a")
  held.release()
  held.release()
  await expect(held.settle?.([0])).rejects.toMatchObject({ code: "try-later" })
  expect(thread.asked).toEqual(["propose", "drop", "settle"])
})

test("a refusal keeps its code and its words", async () => {
  const thread = readInPlace()
  const wrong = bytesOf("{".repeat(2_000))
  await expect(thread.propose("native", wrong, "a")).rejects.toMatchObject({
    code: "malformed",
    message: expect.stringMatching(/32 levels/),
  })
})

test("a refusal of Rekor v1 keeps its numbers", async () => {
  const thread = readInPlace()
  const wrong = bytesOf(JSON.stringify({ kind: "x".repeat(2_000), apiVersion: "1", spec: {} }))
  await expect(thread.propose("rekor-v1", wrong, "a")).rejects.toMatchObject({
    status: 400,
    rekorCode: 400,
    message: expect.stringMatching(/^error processing entry: kind and apiVersion/),
  })
})

test("a thread that has ended is started again by the next request", async () => {
  let isBroken = true
  const thread = readInPlace({
    answer(asked, end) {
      if (isBroken) end(new Error("out of memory"))
      return isBroken ? undefined : { id: asked.id, answer: { ids: [], entries: [], indexes: [] } }
    },
  })
  await expect(thread.planRetrieval(bytesOf("{}"), "a")).rejects.toMatchObject({
    code: "try-later",
  })
  isBroken = false
  expect(await thread.planRetrieval(bytesOf("{}"), "a")).toEqual({
    ...{ ids: [], entries: [], indexes: [] },
  })
  expect(thread.lives()).toBe(2)
})

test("what was held by a thread that has ended is to be sent again", async () => {
  let end: ((cause?: unknown) => void) | undefined
  const plain = { ...proposeEntry(request), hasEnvelope: true }
  const { kind, version, keys, terms, claims, hasEnvelope } = plain
  const thread = readInPlace({
    answer(asked, onEnd) {
      end = onEnd
      return { id: asked.id, answer: { kind, version, keys, terms, claims, hasEnvelope } }
    },
  })
  const held = await thread.propose("native", bytesOf(request), "a")
  end?.()
  await expect(held.settle?.([0])).rejects.toMatchObject({ code: "try-later" })
  held.release()
})

test("what waits is bounded for each sender, and for all", async () => {
  const thread = readInPlace({ answer: () => undefined, mostBytes: 5_000, mostBytesOfOne: 2_500 })
  const ask = (by: string) => thread.planRetrieval(Buffer.alloc(2_000), by)
  const first = ask("a")
  await expect(ask("a")).rejects.toMatchObject({ code: "try-later" })
  const second = ask("b")
  await expect(ask("c")).rejects.toMatchObject({ code: "try-later" })
  thread.close()
  expect(await Promise.allSettled([first, second])).toMatchObject([
    { status: "rejected" },
    { status: "rejected" },
  ])
})

test("proposals keep their places until they are released", async () => {
  const thread = readInPlace({ atOnce: 1 })
  const first = await thread.propose("native", bytesOf(request), "a")
  const second = thread.propose("native", bytesOf(request), "b")
  await new Promise((resolve) => setImmediate(resolve))
  expect(thread.asked).toEqual(["propose"])
  first.release()
  const held = await second
  held.release()
  expect(thread.asked).toEqual(["propose", "drop", "propose", "drop"])
})

test("a part of a longer buffer is copied, and the others keep theirs", async () => {
  const thread = readInPlace()
  const whole = Buffer.concat([bytesOf(request), Buffer.from("rest")])
  const part = whole.subarray(0, whole.length - 4)
  const held = await thread.propose("native", part, "a")
  held.release()
  expect(whole.subarray(-4).toString()).toBe("rest")
})

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
})

afterEach(() => {
  vi.useRealTimers()
})

test("who takes absurdly long is refused for good, the others are to come again", async () => {
  const thread = readInPlace({ answer: () => undefined, patience: 20_000 })
  const slow = thread.planRetrieval(Buffer.alloc(2_000), "a")
  vi.advanceTimersByTime(10_000)
  const other = thread.planRetrieval(Buffer.alloc(2_000), "b")
  vi.advanceTimersByTime(10_000)
  await expect(slow).rejects.toMatchObject({ code: "too-large" })
  await expect(other).rejects.toMatchObject({ code: "try-later" })
})

test("a thread that nobody asks anything ends, and starts again", async () => {
  const thread = readInPlace({ idle: 60_000 })
  const propose = async () => {
    const held = await thread.propose("native", bytesOf(request), "a")
    held.release()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await propose()
  vi.advanceTimersByTime(60_000)
  await propose()
  expect(thread.lives()).toBe(2)
})
