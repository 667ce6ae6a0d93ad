// Every route of the contract in one table, asked through supertest: status, type, caching and, for one
// wrong request each, the refusal's stable code. The other files of this folder go into depth.
import request from "supertest"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import { fill, openServedLog, type ServedLog, signedRequest } from "../served-log.ts"

let served: ServedLog

beforeAll(async () => {
  served = await openServedLog()
  await served.log.add(proposal("first"))
  await fill(served.log, 300)
})

afterAll(() => served.close())

function proposal(artifact: string) {
  return proposeEntry(signedRequest(artifact))
}

const json = /^application\/json/
const text = /^text\/plain; charset=utf-8$/
const bytes = /^application\/octet-stream$/
const problem = /^application\/problem\+json/
const forever = /immutable/
const never = /no-store/

interface Read {
  readonly path: string
  readonly type: RegExp
  readonly caching: RegExp
}

const reads: readonly Read[] = [
  { path: "/v1/entries?kind=hashedrekord&limit=3", type: json, caching: never },
  { path: "/v1/entries/0", type: json, caching: never },
  { path: "/v1/entries/0/proof", type: json, caching: never },
  { path: "/v1/entries/0/proof?size=7", type: json, caching: never },
  { path: "/v1/entries/0/bundle", type: /sigstore|json/, caching: never },
  { path: "/v1/entries/0/tlog-proof", type: text, caching: never },
  { path: `/v1/artifacts/sha256:${"0".repeat(64)}`, type: json, caching: never },
  { path: "/v1/head", type: json, caching: never },
  { path: "/v1/tree-head", type: json, caching: never },
  { path: "/v1/proofs/inclusion?index=3", type: json, caching: never },
  { path: "/v1/proofs/consistency?from=3&to=9", type: json, caching: never },
  { path: "/v1/trusted-root.json", type: json, caching: never },
  { path: "/v1/signing-config.json", type: json, caching: never },
  { path: "/checkpoint", type: text, caching: /max-age=[1-5]\b/ },
  { path: "/tile/0/000", type: bytes, caching: forever },
  { path: "/tile/0/001.p/45", type: bytes, caching: forever },
  { path: "/tile/entries/000", type: bytes, caching: forever },
  { path: "/tile/entries/001.p/45", type: bytes, caching: forever },
  { path: "/livez", type: text, caching: never },
  { path: "/readyz", type: /./, caching: never },
  { path: "/healthz", type: json, caching: never },
  { path: "/ping", type: text, caching: never },
  { path: "/openapi.yaml", type: /yaml/, caching: /./ },
]

describe.each(reads)("GET $path", ({ path, type, caching }) => {
  test("answers 200 with its type and caching, to any web origin", async () => {
    const answer = await request(served.server)
      .get(path)
      .expect(200)
      .expect("content-type", type)
      .expect("access-control-allow-origin", "*")
      .expect("x-content-type-options", "nosniff")
    expect(answer.headers["x-powered-by"]).toBeUndefined()
    expect(answer.headers["cache-control"] ?? "no-store").toMatch(caching)
  })

  test("answers HEAD like GET without a body, and refuses to be written to", async () => {
    const head = await request(served.server).head(path).expect(200)
    expect(head.text ?? "").toBe("")
    const answer = await request(served.server).put(path).send("x")
    expect(answer.status).toBe(405)
    expect(answer.headers["allow"]).toMatch(/GET/)
  })
})

describe("POST /v1/entries", () => {
  test("answers 201 with the place of a new entry and 200 with the first place of an old one", async () => {
    const body = signedRequest("twice")
    const first = await request(served.server).post("/v1/entries").send(body).expect(201)
    expect(first.headers["location"]).toBe(`/v1/entries/${first.body.index}`)
    const second = await request(served.server).post("/v1/entries").send(body).expect(200)
    expect(second.body).toMatchObject({ index: first.body.index, isNew: false })
  })

  test.each([
    ["another kind", { kind: "jar" }, 422, "unsupported"],
    ["nothing", {}, 400, "malformed"],
    ["an unknown member", { ...signedRequest("a"), note: "x" }, 400, "malformed"],
    ["a signature over something else", otherSignature(), 422, "bad-signature"],
    [
      "a digest of another hash",
      { ...signedRequest("a"), digest: `sha512:${"0".repeat(128)}` },
      422,
      "unsupported",
    ],
  ])("refuses %s, stores nothing and keeps serving", async (_what, body, status, code) => {
    const { size } = served.log.head()
    const answer = await request(served.server).post("/v1/entries").send(body)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(answer.headers["content-type"]).toMatch(problem)
    expect(served.log.head().size).toBe(size)
    await request(served.server).get("/livez").expect(200)
  })
})

function otherSignature() {
  return { ...signedRequest("one"), signature: signedRequest("two").signature }
}

test("POST /v1/entries/batch answers one line a line, so that a bad one loses nothing", async () => {
  const lines = [signedRequest("b1"), { kind: "jar" }, signedRequest("b2")]
  const answer = await request(served.server)
    .post("/v1/entries/batch")
    .set("content-type", "application/x-ndjson")
    .send(`${lines.map((line) => JSON.stringify(line)).join("\n")}\n`)
    .buffer(true)
    .expect(200)
  const statuses = answer.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).status)
  expect(statuses).toEqual([201, 422, 201])
})

test.each([
  ["/v1/entries/301000", 404, "not-found"],
  ["/v1/entries/-1", 400, "malformed"],
  ["/v1/entries/0/proof?size=400000", 404, "beyond-tree"],
  ["/v1/entries", 400, "malformed"],
  ["/v1/entries?limit=20", 400, "malformed"],
  ["/v1/entries?kind=jar", 400, "malformed"],
  ["/v1/entries?key=sha256:00", 400, "malformed"],
  ["/v1/entries?digest=SHA256:AB", 400, "malformed"],
  ["/v1/entries?digest=sha256:00&limit=101", 400, "malformed"],
  ["/v1/entries?digest=sha256:00&digest=sha256:01", 400, "malformed"],
  ["/v1/entries?identity=", 400, "malformed"],
  ["/v1/entries/0/attestation", 404, "not-found"],
  ["/v1/entries/301000/attestation", 404, "not-found"],
  ["/v1/artifacts/nothing", 400, "malformed"],
  ["/v1/proofs/inclusion", 400, "malformed"],
  ["/v1/proofs/consistency?from=9&to=3", 400, "malformed"],
  ["/v1/nothing", 404, "not-found"],
])("GET %s is refused with %i and the code %s", async (path, status, code) => {
  const answer = await request(served.server).get(path)
  expect([answer.status, answer.body.code]).toEqual([status, code])
  expect(answer.headers["content-type"]).toMatch(problem)
})
