// What a client asks again, how often and after which waits, and what it never does; by a clock that stands still
// between two looks at it unless somebody sleeps.
import { describe, expect, test } from "vitest"
import type { Fetch } from "../../src/client/exchange.ts"
import { createLogClient } from "../../src/client/log-client.ts"
import { createConnection } from "../../src/client/registry/connection.ts"
import type { Patience } from "../../src/client/retrying.ts"
import { signedRequest } from "../http/served-log.ts"

const url = "https://log.example/base"
const broken = () => {
  throw new TypeError("fetch failed", { cause: new Error("ECONNRESET") })
}

/** A log that answers so, one after another, the last of them for ever. */
function answering(...answers: readonly (() => Response)[]) {
  const asked: string[] = []
  const waits: number[] = []
  const told: string[] = []
  let time = 0
  const fetch: Fetch = async (place, init) => {
    asked.push(`${init?.method ?? "GET"} ${String(place)}`)
    return (answers[asked.length - 1] ?? (answers.at(-1) as () => Response))()
  }
  const patience: Patience = {
    retries: 3,
    whole: 90_000,
    random: () => 0,
    now: () => time,
    sleep: async (wait) => {
      waits.push(wait)
      time += wait
    },
    onRetry: (reason) => void told.push(reason),
  }
  return { asked, waits, told, fetch, patience }
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  () =>
    new Response("no", { status: code, headers })
const fine = () => new Response("note")

describe("a log client with patience", () => {
  test.each([408, 429, 500, 502, 503, 504, 599])("asks again after %i", async (code) => {
    const { asked, waits, told, fetch, patience } = answering(status(code), status(code), fine)
    expect(await createLogClient({ url, fetch, patience }).checkpoint()).toBe("note")
    expect(asked).toEqual(Array(3).fill("GET https://log.example/base/checkpoint"))
    expect(waits).toEqual([250, 500])
    expect(told).toEqual(Array(2).fill(`the log answers ${code}`))
  })

  test("does not wait for a server that asks for ages, in however many digits", async () => {
    for (const ages of ["100000", "1000000000", "9".repeat(40)]) {
      const { asked, waits, fetch, patience } = answering(status(503, { "retry-after": ages }))
      await expect(createLogClient({ url, fetch, patience }).checkpoint()).rejects.toThrow("503")
      expect([asked.length, waits]).toEqual([1, []])
    }
  })

  test("hears the status of an answer that something in between has written", async () => {
    const page = (body: string | Uint8Array<ArrayBuffer>, type: string) => () =>
      new Response(body, { status: 502, headers: { "content-type": type } })
    for (const answer of [
      page("<html>", "application/json"),
      page("[1]", "application/problem+json"),
      page('{"detail":1}', "application/json"),
      page(new Uint8Array([0xe9, 0xe8]), "text/html"),
      page("x".repeat(100_000), "text/html"),
    ]) {
      const { asked, fetch, patience } = answering(answer)
      await expect(createLogClient({ url, fetch, patience }).checkpoint()).rejects.toMatchObject({
        code: "network",
        message: expect.stringContaining("the log answers 502"),
      })
      expect(asked).toHaveLength(4)
    }
  })

  test("asks again after a broken connection, and says what happened at last", async () => {
    const { asked, waits, fetch, patience } = answering(broken)
    const log = createLogClient({ url, fetch, patience })
    await expect(log.checkpoint()).rejects.toMatchObject({
      code: "network",
      message: expect.stringContaining("ECONNRESET"),
    })
    expect([asked.length, waits]).toEqual([4, [250, 500, 1000]])
  })

  test.each([400, 401, 403, 404, 405, 409, 410, 413, 415, 422])(
    "does not ask again after %i",
    async (code) => {
      const { asked, fetch, patience } = answering(status(code))
      await expect(createLogClient({ url, fetch, patience }).checkpoint()).rejects.toThrow()
      expect(asked).toHaveLength(1)
    },
  )

  test("waits at least as long as 429 and 503 ask for, and by a date as far as their own clock is", async () => {
    const date = "Mon, 30 Nov 2026 12:00:00 GMT"
    const later = "Mon, 30 Nov 2026 12:00:07 GMT"
    const past = "Mon, 30 Nov 2026 11:00:00 GMT"
    for (const [code, headers, wait] of [
      [429, { "retry-after": "5" }, 5_250],
      [503, { "retry-after": "5" }, 5_250],
      [503, { "retry-after": later, date }, 7_250],
      [503, { "retry-after": past, date }, 250],
      [503, { "retry-after": later }, 250],
      [503, { "retry-after": "-5" }, 250],
      [503, { "retry-after": "soon" }, 250],
      [502, { "retry-after": "5" }, 250],
    ] as const) {
      const { waits, fetch, patience } = answering(status(code, headers), fine)
      await createLogClient({ url, fetch, patience }).checkpoint()
      expect(waits).toEqual([wait])
    }
  })

  test("does not wait longer than the whole may take, and asks nothing sooner than it may", async () => {
    for (const after of ["90", "999999999", "99999999999999999999"]) {
      const { asked, waits, fetch, patience } = answering(status(503, { "retry-after": after }))
      const refused = createLogClient({ url, fetch, patience }).checkpoint()
      await expect(refused).rejects.toMatchObject({ code: "network" })
      expect(asked.length).toBeLessThanOrEqual(4)
      expect(waits.every((wait) => wait < 90_000)).toBe(true)
    }
    const { waits, fetch, patience } = answering(status(503, { "retry-after": "40" }))
    const refused = createLogClient({ url, fetch, patience }).checkpoint()
    await expect(refused).rejects.toThrow("503")
    expect(waits).toEqual([40_250, 40_500])
  })

  test("spreads its waits between half and all of what they may be", async () => {
    const made = answering(broken)
    const patience = { ...made.patience, random: () => 0.999_999 }
    await expect(
      createLogClient({ url, fetch: made.fetch, patience }).checkpoint(),
    ).rejects.toThrow()
    expect(made.waits).toEqual([500, 1000, 2000])
  })

  test("submits again what it has submitted, and attaches nothing twice", async () => {
    const one = signedRequest("again")
    const submitted = answering(status(503))
    const log = createLogClient({ url, fetch: submitted.fetch, patience: submitted.patience })
    await expect(log.submit(one)).rejects.toThrow("503")
    await expect(log.submitBatch([one])).rejects.toThrow("503")
    expect(submitted.asked).toEqual([
      ...Array(4).fill("POST https://log.example/base/v1/entries"),
      ...Array(4).fill("POST https://log.example/base/v1/entries/batch"),
    ])
    const attached = answering(status(503))
    const other = createLogClient({ url, fetch: attached.fetch, patience: attached.patience })
    await expect(other.attach(0, Uint8Array.of(1))).rejects.toThrow("503")
    expect(attached.asked).toHaveLength(1)
  })

  test("ends at once when its signal fires, also while it waits", async () => {
    const made = answering(status(503))
    const ending = new AbortController()
    const sleep = async () => ending.abort(new Error("enough"))
    const { fetch } = made
    const options = { url, fetch, signal: ending.signal, patience: { ...made.patience, sleep } }
    await expect(createLogClient(options).checkpoint()).rejects.toThrow("enough")
    expect(made.asked).toHaveLength(1)
  })

  test("without patience asks once", async () => {
    const { asked, fetch } = answering(status(503))
    await expect(createLogClient({ url, fetch }).checkpoint()).rejects.toThrow("503")
    expect(asked).toHaveLength(1)
  })

  test("does not ask a redirect again, and names the address that it leads to", async () => {
    for (const [location, told] of [
      ["https://new.example/log/checkpoint", "https://new.example/log/"],
      ["/checkpoint", "https://log.example/"],
      ["https://new.example/login?next=x", "https://new.example/login?next=x"],
      ["javascript:alert(1)", "another address"],
    ] as const) {
      const { asked, fetch, patience } = answering(status(302, { location }))
      const refused = createLogClient({ url, fetch, patience }).checkpoint()
      await expect(refused).rejects.toThrow(told)
      expect(asked).toHaveLength(1)
    }
    const { fetch } = answering(status(308, { location: "https://new.example/checkpoint" }))
    await expect(createLogClient({ url, fetch }).checkpoint()).rejects.toThrow(
      "not followed: if you trust that address, give it in place of https://log.example/base/",
    )
  })
})

describe("a registry with patience", () => {
  const question = { path: "app/manifests/1", longest: 9, scope: "repository:app:pull" }

  test("is asked again for what is read, and not for what is written", async () => {
    const { asked, waits, fetch, patience } = answering(
      status(429, { "retry-after": "2" }),
      broken,
      fine,
    )
    const connection = createConnection({ url: "https://r.example", fetch, patience })
    expect((await connection.ask(question)).status).toBe(200)
    expect([asked.length, waits]).toEqual([3, [2_250, 500]])
    const other = answering(status(503))
    const writing = createConnection({ url: "https://r.example", ...other })
    const put = writing.ask({ ...question, method: "PUT", body: Uint8Array.of(1) })
    await expect(put).rejects.toMatchObject({ code: "network" })
    expect(other.asked).toHaveLength(1)
  })
})
