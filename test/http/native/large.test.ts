// Large requests at every door: they are read in another thread, and answered as if they had been read at once.
import { afterAll, beforeAll, expect, test } from "vitest"
import { readInPlace } from "../../cli/log/threads/reading-in-place.ts"
import { dsseV1 } from "../rekor-v1/submissions.ts"
import { openServedLog, type ServedLog, signedEnvelope, signedRequest } from "../served-log.ts"

const FROM = 2_000
const digest = `sha256:${"ab".repeat(32)}`
const large = (name: string): string =>
  JSON.stringify({
    subject: [{ name, digest: { sha256: digest.slice(7) } }],
    predicateType: "https://example.com/p",
    predicate: "x".repeat(4_000),
  })

const thread = readInPlace({ from: FROM })
let here: ServedLog
let elsewhere: ServedLog

beforeAll(async () => {
  const limits = { attachmentBytes: 1_000_000 }
  here = await openServedLog({ limits })
  elsewhere = await openServedLog({ limits, large: thread })
})

afterAll(async () => {
  await here.close()
  await elsewhere.close()
})

/** Asks a log and gives what it says, without what no two logs have in common. */
async function ask({ port }: ServedLog, path: string, body?: string, type = "application/json") {
  const sent = body === undefined ? {} : { method: "POST", body, headers: { "content-type": type } }
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, sent)
  return { status: answer.status, text: await answer.text() }
}

/** What was asked of the thread meanwhile. */
async function asking(work: () => Promise<void>): Promise<readonly string[]> {
  const before = thread.asked.length
  await work()
  return thread.asked.slice(before)
}

test("a large submission is read elsewhere and logged as it is here", async () => {
  const body = JSON.stringify(signedEnvelope(large("one")))
  const asked = await asking(async () => {
    const [mine, other] = [
      await ask(here, "/v1/entries", body),
      await ask(elsewhere, "/v1/entries", body),
    ]
    expect([mine.status, other.status]).toEqual([201, 201])
    expect(JSON.parse(other.text).leafHash).toBe(JSON.parse(mine.text).leafHash)
  })
  expect(asked).toEqual(["propose", "settle"])
})

test("what was kept of it is the same", async () => {
  const asked = await asking(async () => {
    const mine = await ask(here, "/v1/entries/0/attestation")
    expect(await ask(elsewhere, "/v1/entries/0/attestation")).toEqual(mine)
    expect(mine.status).toBe(200)
  })
  expect(asked).toEqual(["open"])
})

test("a bundle of it is made elsewhere", async () => {
  const asked = await asking(async () => {
    const mine = JSON.parse((await ask(here, "/v1/entries/0/bundle")).text)
    const other = JSON.parse((await ask(elsewhere, "/v1/entries/0/bundle")).text)
    expect(other.dsseEnvelope).toEqual(mine.dsseEnvelope)
  })
  expect(asked).toEqual(["open", "bundle"])
})

test("all about an artifact says the same of it, and the search finds it", async () => {
  const asked = await asking(async () => {
    const mine = JSON.parse((await ask(here, `/v1/artifacts/${digest}`)).text)
    const other = JSON.parse((await ask(elsewhere, `/v1/artifacts/${digest}`)).text)
    expect(other.attestations).toEqual(mine.attestations)
    expect(other.attestations).toMatchObject([{ isKept: true, subjects: ["one"] }])
  })
  expect(asked).toEqual(["open"])
})

test("a small submission is read at once", async () => {
  const asked = await asking(async () => {
    const body = JSON.stringify(signedRequest("small"))
    expect((await ask(elsewhere, "/v1/entries", body)).status).toBe(201)
  })
  expect(asked).toEqual([])
})

test("of a batch the large lines alone are read elsewhere", async () => {
  const asked = await asking(async () => {
    const lines = [signedRequest("a"), signedEnvelope(large("two")), signedRequest("b")]
    const body = lines.map((line) => JSON.stringify(line)).join("\n")
    const { text } = await ask(elsewhere, "/v1/entries/batch", body, "application/x-ndjson")
    const statuses = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).status)
    expect(statuses).toEqual([201, 201, 201])
  })
  expect(asked).toEqual(["propose", "settle"])
})

test("a large submission whose signature is false is refused alike and given up", async () => {
  const request = signedEnvelope(large("three"))
  const other = signedEnvelope(large("four"))
  const wrong = JSON.stringify({
    ...request,
    envelope: { ...request.envelope, signatures: other.envelope.signatures },
  })
  const asked = await asking(async () => {
    const mine = await ask(here, "/v1/entries", wrong)
    expect(mine.status).toBe(422)
    expect(await ask(elsewhere, "/v1/entries", wrong)).toEqual(mine)
  })
  expect(asked).toEqual(["propose", "drop"])
})

test("Rekor v1 takes, refuses and retrieves large entries alike", async () => {
  const body = JSON.stringify(dsseV1(large("five")))
  const wrong = body.replace(/"verifiers":\[[^\]]*\]/, '"verifiers":["AAAA"]')
  const retrieval = JSON.stringify({ entries: [JSON.parse(body)] })
  const asked = await asking(async () => {
    expect((await ask(here, "/api/v1/log/entries", body)).status).toBe(201)
    expect((await ask(elsewhere, "/api/v1/log/entries", body)).status).toBe(201)
    const mine = await ask(here, "/api/v1/log/entries", wrong)
    expect(await ask(elsewhere, "/api/v1/log/entries", wrong)).toEqual(mine)
    expect(mine.status).toBe(400)
    const found = await ask(elsewhere, "/api/v1/log/entries/retrieve", retrieval)
    expect(Object.keys(JSON.parse(found.text)[0])).toHaveLength(1)
  })
  expect(asked).toEqual(["propose", "settle", "propose", "retrieve"])
})
