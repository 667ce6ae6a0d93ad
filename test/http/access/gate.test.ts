// Who gets through the doors of a log: by a header, by the path, at every protocol; and what is said of those who do not.
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import type { Access } from "../../../src/http/access/gate.ts"
import { type Asked, ask, askUnchecked } from "../client.ts"
import { openServedLog, publicKey, type ServedLog, signedRequest } from "../served-log.ts"
import { accessWith, basic, bearer, makeToken } from "./writers.ts"

const good = makeToken(1, { name: "ci" })
const reader = makeToken(2, { name: "reader", scopes: new Set(["read"]) })
const expired = makeToken(3, { expires: 1 })
const revoked = makeToken(4, { revoked: Date.now() + 1e12 })
const restricted = makeToken(5, { name: "narrow", keys: [`sha256:${"0".repeat(64)}`] })
const tokens = [good, reader, expired, revoked, restricted].map(({ stored }) => stored)
const unknown = makeToken(9)
/** The ID of a token that is there, and another secret. */
const forged = makeToken(1, { id: "other" })

let access: Access
let used: string[]
const logged: string[] = []
const note = (fields: object, message: string) => void logged.push(JSON.stringify(fields) + message)
let served: ServedLog
let port: number

beforeAll(async () => {
  served = await openServedLog({ access: () => access, logger: { debug: note, error: note } })
  port = served.port
})
afterAll(() => served.close())

function closedTo(...anonymous: Parameters<typeof accessWith>[0]["anonymous"] & object): void {
  used = []
  access = accessWith({ anonymous, tokens, onUse: (id) => void used.push(id) })
}

let artifact = 0
function submission(): Asked & { headers: Record<string, string> } {
  artifact += 1
  const headers = { "content-type": "application/json" }
  return { method: "POST", headers, body: JSON.stringify(signedRequest(`artifact ${artifact}`)) }
}

function post(headers: Record<string, string> = {}, path = "/v1/entries") {
  const asked = submission()
  return ask(port, path, { ...asked, headers: { ...asked.headers, ...headers } })
}

/** Paths with a token in front are not in the contract. */
function postUnchecked(path: string, headers: Record<string, string> = {}) {
  const asked = submission()
  return askUnchecked(port, path, { ...asked, headers: { ...asked.headers, ...headers } })
}

describe("where submitting needs a token", () => {
  beforeAll(() => closedTo("read"))

  test("who has none is told which scope is missing", async () => {
    const reply = await post()
    expect(reply.status).toBe(401)
    expect(reply.headers["www-authenticate"]).toBe("Bearer")
    expect(reply.json()).toMatchObject({ code: "unauthenticated" })
    expect(reply.text()).toContain("scope submit")
    expect((await ask(port, "/v1/head")).status).toBe(200)
  })

  test.each([
    ["Bearer", bearer(good.text)],
    ["bearer in lower case, and more blanks", { authorization: `bearer   ${good.text}` }],
    ["the password of Basic", basic(good.text)],
    ["the password of Basic for a user with no name", basic(good.text, "")],
  ])("a token is taken as %s", async (_, headers) => {
    used = []
    expect((await post(headers)).status).toBe(201)
    expect(used).toEqual([good.stored.id])
  })

  test.each([
    ["", "/v1/entries", 201],
    ["and a slash twice", "//v1/entries", 201],
    ["and a slash at the end", "/v1/entries/", 201],
    ["at a batch", "/v1/entries/batch", 415],
  ])("a token is taken in the path %s", async (_, path, status) => {
    const reply = await postUnchecked(`/w/${good.text}${path}`)
    expect(reply.status).toBe(status)
    expect(reply.headers["referrer-policy"]).toBe("no-referrer")
  })

  test("a token is taken in the path of a target in absolute form", async () => {
    expect((await postUnchecked(`http://log.example/w/${good.text}/v1/entries`)).status).toBe(201)
  })

  test("the place of the entry leads there from where the client is, and does not show the token", async () => {
    for (const path of ["/v1/entries", "/v1/entries/", "//v1/entries"]) {
      const target = `/w/${good.text}${path}`
      const { headers } = await postUnchecked(target)
      const location = headers.location ?? ""
      expect(location).not.toContain("cst_")
      const place = new URL(location, `http://log.example${target}`).pathname
      expect((await askUnchecked(port, place)).status, place).toBe(200)
      expect(place).toContain(`/w/${good.text}/`)
    }
    expect((await post(bearer(good.text))).headers.location).toMatch(/^\/v1\/entries\/\d+$/)
  })

  test("a writer without the scope is somebody, and may not", async () => {
    const reply = await post(bearer(reader.text))
    expect(reply.status).toBe(403)
    expect(reply.text()).toContain("token:reader")
    expect(reply.text()).not.toContain(reader.text)
  })

  test("a token of one scope reads what anyone reads, over both APIs of Rekor as well", async () => {
    const base = `/w/${good.text}`
    for (const path of [
      "/v1/head",
      "/checkpoint",
      "/api/v2/checkpoint",
      "/api/v1/log",
      "/tile/entries/000.p/1",
    ]) {
      expect((await askUnchecked(port, base + path)).status, path).toBe(200)
    }
    expect((await askUnchecked(port, `${base}/api/v2/tile/0/000.p/1`)).status).toBe(200)
  })
})

describe("a credential that does not hold is refused also where anyone may", () => {
  beforeAll(() => closedTo("submit", "attach", "read"))

  const wrong: readonly (readonly [string, Record<string, string>, string])[] = [
    ["unknown", bearer(unknown.text), "another one"],
    ["mistyped", bearer(`${good.text.slice(0, -3)}000`), "mistyped"],
    ["expired", bearer(expired.text), "expired at 1970-01-01"],
    ["revoked, whatever the clock says", bearer(revoked.text), "revoked"],
    ["of another secret", bearer(forged.text.replace(/.$/, "")), "mistyped"],
    ["in another scheme", { authorization: `Token ${good.text}` }, "another form"],
    ["empty", { authorization: "Bearer " }, "another form"],
    [
      "Basic without a colon",
      { authorization: `Basic ${Buffer.from(good.text).toString("base64")}` },
      "another form",
    ],
    ["of another program", { authorization: "Bearer abc" }, "mistyped"],
    [
      "two with a comma",
      { authorization: `Bearer ${good.text}, Bearer ${good.text}` },
      "another form",
    ],
    ["in capitals", bearer(good.text.toUpperCase()), "mistyped"],
  ]

  test.each(wrong)("%s", async (_, headers, why) => {
    const reply = await post(headers)
    expect(reply.status).toBe(401)
    expect(reply.text()).toContain(why)
    const shown = reply.text() + JSON.stringify(reply.headers)
    expect(shown).not.toContain(good.text.slice(14, 40))
    expect((await ask(port, "/v1/head", { headers })).status).toBe(401)
  })

  test.each([
    ["nothing", "/w//v1/head"],
    ["an unknown one", `/w/${unknown.text}/v1/head`],
    ["one with its slash encoded", `/w/${good.text}%2F/v1/head`],
    ["one with its underscores encoded", `/w/${good.text.replaceAll("_", "%5F")}/v1/head`],
    ["one in capitals", `/w/${good.text.toUpperCase()}/v1/head`],
    ["another word", "/w/x/v1/head"],
  ])("%s in the place of a token", async (_, path) => {
    const reply = await askUnchecked(port, path)
    expect(reply.status).toBe(401)
    expect(reply.text()).not.toContain(good.text.slice(14, 40))
  })

  test("without it everything goes on as before", async () => {
    expect((await post()).status).toBe(201)
  })

  test("probes answer whoever asks, with whatever", async () => {
    expect((await ask(port, "/livez")).status).toBe(200)
    expect((await ask(port, "/healthz")).status).toBe(200)
  })
})

test("two headers, and a header beside another token in the path, are refused", async () => {
  closedTo("read")
  const two = await askUnchecked(port, "/v1/head", {
    headers: { authorization: [`Bearer ${good.text}`, `Bearer ${reader.text}`] as never },
  })
  expect(two.status).toBe(401)
  expect(two.text()).toContain("found several")
  const path = `/w/${good.text}/v1/entries`
  expect((await postUnchecked(path, bearer(reader.text))).status).toBe(401)
  expect((await postUnchecked(path, bearer(good.text))).status).toBe(201)
  expect((await postUnchecked(path, { authorization: "Bearer x" })).status).toBe(401)
})

test("a token alone, with a slash or a query, is the root; a second prefix is a path like any other", async () => {
  closedTo("read")
  for (const path of ["", "/", "//", "?x=1", `/w/${good.text}/v1/head`, "/nowhere"]) {
    const reply = await askUnchecked(port, `/w/${good.text}${path}`)
    expect(reply.status, path).toBe(404)
    expect(reply.text()).not.toContain(good.text.slice(14, 40))
  }
  expect((await askUnchecked(port, "/w")).status).toBe(404)
  expect((await askUnchecked(port, "/w/")).status).toBe(404)
})

test("a token in the query is no credential, and is not shown", async () => {
  closedTo("read")
  const reply = await postUnchecked(`/v1/entries?token=${good.text}`)
  expect(reply.status).toBe(401)
  const searched = await askUnchecked(port, `/v1/entries?hash=${good.text}`)
  expect(searched.status).toBe(400)
  for (const { text } of [reply, searched]) expect(text()).not.toContain(good.text.slice(14, 40))
})

test("a token is shown nowhere in Rekor's words either", async () => {
  closedTo("read")
  const body = JSON.stringify({})
  for (const path of [`/api/v1/log/entries`, `/api/v2/log/entries`]) {
    for (const prefix of [`/w/${unknown.text}`, `/w/${reader.text}`]) {
      const reply = await askUnchecked(port, prefix + path, {
        ...{ method: "POST", headers: { "content-type": "application/json" }, body },
      })
      expect(reply.status).toBe(prefix.includes(reader.text) ? 403 : 401)
      expect(reply.text()).not.toContain("cst_")
    }
  }
})

test("who may read only with a token gets answers that no cache keeps for others", async () => {
  closedTo()
  expect((await ask(port, "/v1/head")).status).toBe(401)
  expect((await ask(port, "/tile/0/000.p/1")).status).toBe(401)
  const reply = await ask(port, "/tile/0/000.p/1", { headers: bearer(reader.text) })
  expect(reply.status).toBe(200)
  expect(reply.headers["cache-control"]).toBe("no-store")
})

test("with nothing that could hold a header is passed over, since a proxy may have its own use for it", async () => {
  access = accessWith({ isIdle: true })
  expect((await post(bearer("whatever"))).status).toBe(201)
  expect((await askUnchecked(port, "/w/x/v1/head")).status).toBe(401)
})

test("a token that is revoked is refused with the next request", async () => {
  closedTo("read")
  expect((await post(bearer(good.text))).status).toBe(201)
  access = accessWith({ anonymous: ["read"], tokens: [{ ...good.stored, revoked: 1 }] })
  expect((await post(bearer(good.text))).status).toBe(401)
})

describe("a writer of listed keys adds entries of these alone", () => {
  beforeAll(() => closedTo("submit", "read"))
  const own = makeToken(6, {
    keys: [
      proposeEntry(signedRequest("x"), {} as never).terms.find(({ name }) => name === "key")
        ?.value ?? "",
    ],
  })
  const envelopeV1 = () => ({
    ...{ apiVersion: "0.0.1", kind: "hashedrekord" },
    spec: {
      signature: {
        content: signedRequest("v1").signature,
        publicKey: {
          content: Buffer.from(
            `-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----\n`,
          ).toString("base64"),
        },
      },
      data: { hash: { algorithm: "sha256", value: signedRequest("v1").digest.slice(7) } },
    },
  })
  const envelopeV2 = () => ({
    hashedRekordRequestV002: {
      digest: Buffer.from(signedRequest("v2").digest.slice(7), "hex").toString("base64"),
      signature: {
        content: signedRequest("v2").signature,
        verifier: { publicKey: { rawBytes: publicKey }, keyDetails: "PKIX_ECDSA_P256_SHA_256" },
      },
    },
  })
  const doors: readonly (readonly [string, string, () => string, string])[] = [
    ["native", "/v1/entries", () => JSON.stringify(signedRequest("n")), "application/json"],
    [
      "batch",
      "/v1/entries/batch",
      () => JSON.stringify(signedRequest("b")),
      "application/x-ndjson",
    ],
    ["Rekor v1", "/api/v1/log/entries", () => JSON.stringify(envelopeV1()), "application/json"],
    ["Rekor v2", "/api/v2/log/entries", () => JSON.stringify(envelopeV2()), "application/json"],
  ]

  test.each(doors)("by the %s door", async (name, path, body, type) => {
    access = accessWith({ anonymous: ["submit"], tokens: [...tokens, own.stored] })
    const headers = { "content-type": type }
    const send = (token: string) =>
      askUnchecked(port, path, {
        method: "POST",
        headers: { ...headers, ...bearer(token) },
        body: body(),
      })
    const before = served.log.head().size
    const refused = await send(restricted.text)
    expect(refused.text()).toContain("listed keys")
    if (name !== "batch") expect(refused.status).toBe(403)
    expect(served.log.head().size).toBe(before)
    const taken = await send(own.text)
    expect(taken.status, taken.text()).toBe(name === "batch" ? 200 : 201)
    expect(served.log.head().size).toBe(before + 1)
  })
})

test("nothing of all this was logged", () => {
  expect(logged.length).toBeGreaterThan(20)
  for (const { text } of [good, reader, expired, revoked, restricted, unknown]) {
    expect(logged.join("\n")).not.toContain(text.slice(14, 40))
  }
})
