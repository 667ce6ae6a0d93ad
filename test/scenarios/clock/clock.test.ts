// A log whose wall clock is set while it runs, and between two runs: its times never run back and never run away, and
// whoever is refused is told to come back, by every door.
import { createHash, randomBytes } from "node:crypto"
import { describe, expect, test } from "vitest"
import { base64, makeSigner, signMessage } from "../../entry/signers.ts"
import { fakedClock, isWithoutFaketime } from "../faked-clock.ts"
import { newRequest } from "../log/load.ts"
import { newLog } from "../log/new-log.ts"
import { countersign, PATIENCE, type ServedLog, serve } from "../process.ts"
import { newWitnessedLog } from "../witness/new-witnessed-log.ts"

const HOUR = 3_600
const DAY = 24 * HOUR
const DECADE = 3_652 * DAY

const signer = makeSigner("ecdsa-p256")

function rekorRequest(): object {
  const artifact = randomBytes(32)
  const value = createHash("sha256").update(artifact).digest("hex")
  const pem = `-----BEGIN PUBLIC KEY-----\n${base64(signer.spki)}\n-----END PUBLIC KEY-----\n`
  return {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      signature: {
        content: base64(signMessage(signer, "PKIX_ECDSA_P256_SHA_256", artifact)),
        publicKey: { content: base64(Buffer.from(pem)) },
      },
      data: { hash: { algorithm: "sha256", value } },
    },
  }
}

function rekorV2Request(): object {
  const artifact = randomBytes(32)
  return {
    hashedRekordRequestV002: {
      digest: base64(createHash("sha256").update(artifact).digest()),
      signature: {
        content: base64(signMessage(signer, "PKIX_ECDSA_P256_SHA_256", artifact)),
        verifier: {
          publicKey: { rawBytes: base64(signer.spki) },
          keyDetails: "PKIX_ECDSA_P256_SHA_256",
        },
      },
    },
  }
}

async function post({ url }: ServedLog, path: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" }
  return await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) })
}

const doors = [
  ["/v1/entries", newRequest],
  ["/api/v1/log/entries", rekorRequest],
  ["/api/v2/log/entries", rekorV2Request],
] as const

async function statuses(log: ServedLog): Promise<readonly number[]> {
  const answers = await Promise.all(doors.map(([path, make]) => post(log, path, make())))
  return answers.map(({ status }) => status)
}

async function ready({ url }: ServedLog): Promise<readonly [status: number, text: string]> {
  const answer = await fetch(`${url}/readyz`)
  return [answer.status, await answer.text()]
}

/** Whether every door refuses as who must be asked again does, and what is read is read on. */
async function expectDoubted(log: ServedLog): Promise<void> {
  for (const [path, make] of doors) {
    const answer = await post(log, path, make())
    expect([path, answer.status]).toEqual([path, 503])
    expect(answer.headers.get("retry-after")).toBe("1")
    expect(await answer.text()).toMatch(/the clock (went|says) .+operating\.md/)
  }
  await expect.poll(async () => (await ready(log))[0], PATIENCE).toBe(503)
  expect((await ready(log))[1]).toContain("witnesses or the operator confirm it")
  for (const path of ["/checkpoint", "/v1/entries/0"]) {
    expect((await fetch(log.url + path)).status).toBe(200)
  }
}

/** The times of all entries, by Rekor v1, in Unix seconds. */
async function timesOf({ url, client }: ServedLog): Promise<readonly number[]> {
  const { size } = await client.treeHead()
  const times: number[] = []
  for (let index = 0; index < size; index++) {
    const answer = await fetch(`${url}/api/v1/log/entries?logIndex=${index}`)
    const [entry] = Object.values(
      (await answer.json()) as Record<string, { integratedTime: number }>,
    )
    times.push(entry?.integratedTime ?? Number.NaN)
  }
  return times
}

const seconds = () => Math.floor(Date.now() / 1_000)

describe.skipIf(isWithoutFaketime())("a clock that is set while a log runs", () => {
  test("ten years ahead is signed by no door, and nothing is left of it once that is over", async () => {
    const log = await newLog()
    const clock = fakedClock()
    const options = { words: log.options.words, under: clock.under }
    const served = await serve(log.data, options)
    expect(await statuses(served)).toEqual([201, 201, 201])
    clock.set(DECADE)
    await expectDoubted(served)
    clock.set(0)
    await expect.poll(() => ready(served), PATIENCE).toEqual([200, "ok\n"])
    expect(await statuses(served)).toEqual([201, 201, 201])
    clock.set(DECADE)
    await expectDoubted(served)
    await served.stop()

    const again = await serve(log.data, options)
    await expectDoubted(again)
    clock.set(0)
    await expect.poll(() => ready(again), PATIENCE).toEqual([200, "ok\n"])
    expect(await statuses(again)).toEqual([201, 201, 201])
    expect(Math.max(...(await timesOf(again)))).toBeLessThanOrEqual(seconds())
  })

  test.each([
    ["two minutes", 120],
    ["an hour", HOUR],
    ["ten years", DECADE],
  ])("%s back lets every door go on with the time standing still", async (_, back) => {
    const log = await newLog()
    const clock = fakedClock()
    const served = await serve(log.data, { words: log.options.words, under: clock.under })
    expect(await statuses(served)).toEqual([201, 201, 201])
    clock.set(-back)
    expect(await statuses(served)).toEqual([201, 201, 201])
    await expect.poll(async () => (await ready(served))[1], PATIENCE).toContain("stand still")
    expect((await ready(served))[0]).toBe(200)
    clock.set(0)
    await expect.poll(() => ready(served), PATIENCE).toEqual([200, "ok\n"])
    expect(await statuses(served)).toEqual([201, 201, 201])
    const times = await timesOf(served)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect((await served.stop()).stderr.match(/the clock is behind/g)).toHaveLength(1)
  })

  test("that was paused is confirmed by most witnesses, one that is wrong by none", async () => {
    const start = Date.now() - 9 * HOUR * 1_000
    const log = await newWitnessedLog({ time: start })
    const clock = fakedClock(-8 * HOUR)
    const served = await serve(log.data, { words: log.words, under: clock.under })
    expect(await statuses(served)).toEqual([201, 201, 201])
    await log.witnesses[0].stop()
    clock.set(0)
    // Two of three are left.
    await expect.poll(() => statuses(served), PATIENCE).toEqual([201, 201, 201])
    clock.set(DECADE)
    for (let round = 0; round < 30; round++) await expectDoubted(served)
    await log.witnesses[1].stop()
    clock.set(8 * HOUR)
    await expectDoubted(served)
    clock.set(0)
    await expect.poll(() => statuses(served), PATIENCE).toEqual([201, 201, 201])
    expect(Math.max(...(await timesOf(served)))).toBeLessThanOrEqual(seconds())
  })
})

test("a log that was off for two months waits until an operator has named the day", async () => {
  const log = await newLog({ time: Date.now() - 60 * DAY * 1_000 })
  const doubting = await serve(log.data, log.options)
  const refused = await post(doubting, "/v1/entries", newRequest())
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"])
  expect(await ready(doubting)).toEqual([
    503,
    expect.stringContaining("60 days after the newest time that is known here"),
  ])
  await doubting.stop()
  const day = new Date().toISOString().slice(0, 10)
  const named = await serve(log.data, { words: [...log.options.words, "--accept-clock", day] })
  expect(await statuses(named)).toEqual([201, 201, 201])
  await named.stop()
  const acts = await countersign("audit", "list", "--data", log.data)
  expect(acts.stdout).toMatch(/override .*accept-clock/)
  expect(await statuses(await serve(log.data, log.options))).toEqual([201, 201, 201])
})

test("a log whose times ran away goes on, except that it promises no such time", async () => {
  const log = await newLog({ time: Date.now() + DECADE * 1_000 })
  const served = await serve(log.data, log.options)
  expect(await statuses(served)).toEqual([201, 503, 201])
  const refused = await post(served, "/api/v1/log/entries", rekorRequest())
  expect(refused.headers.get("retry-after")).toBe("1")
  expect(await refused.text()).toContain("it signs no entry timestamps")
  expect((await served.client.treeHead()).size).toBe(2)
  expect(await ready(served)).toEqual([200, expect.stringContaining("3652 days before")])
  expect((await fetch(`${served.url}/api/v1/log/entries?logIndex=0`)).status).toBe(503)
})
