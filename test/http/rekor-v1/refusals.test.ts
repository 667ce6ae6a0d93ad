import { describe, expect, test } from "vitest"
import { ask } from "../client.ts"
import { unchangedLog } from "../log/unchanged-log.ts"
import { post, V1 } from "../rekor-client.ts"
import {
  base64,
  changed,
  dsseV1,
  envelopeWith,
  hashedrekordV1,
  intotoV1,
  publicKeyPem,
} from "./submissions.ts"

type Refused = readonly [
  name: string,
  body: object | string,
  status: number,
  code: number,
  message: RegExp,
]

const TEN_MB = 10 * 1024 * 1024
const RETRIEVE = `${V1}/retrieve`
const id64 = "0".repeat(64)
const good = hashedrekordV1("artifact")

const badSubmissions: readonly Refused[] = [
  ["nothing", "", 422, 602, /body/],
  ["half of it", JSON.stringify(good).slice(0, 50), 400, 400, /JSON/],
  ["a list", [good], 422, 601, /object/],
  ["null", "null", 422, 601, /object/],
  ["an empty object", {}, 422, 602, /apiVersion/],
  ["no kind", changed(good, "kind", undefined), 422, 602, /kind/],
  ["a kind that is null", changed(good, "kind", null), 422, 602, /kind/],
  ["a spec that is null", changed(good, "spec", null), 422, 602, /spec/],
  ["a kind that is no text", changed(good, "kind", 7), 422, 601, /^kind in body: .*a string/],
  ["a spec that is a text", changed(good, "spec", "x"), 422, 601, /^spec in body: .*an object/],
  ["an unknown member", { ...good, foo: 1 }, 422, 422, /foo/],
  ["10 MB", " ".repeat(TEN_MB), 413, 413, /4194304 bytes/],
  [
    "an attestation of 10 MB",
    dsseV1("{}", { payload: "A".repeat(TEN_MB) }),
    413,
    413,
    /4194304 bytes/,
  ],
  [
    "an intoto envelope with 10,000 signatures",
    changed(intotoV1("{}"), "spec.content.envelope", envelopeWith(10_000)),
    400,
    400,
    /JSON/,
  ],
]

const badRetrievals: readonly Refused[] = [
  ["nothing", "", 422, 602, /body/],
  ["a list", [], 422, 601, /object/],
  ["no list", { entryUUIDs: {} }, 422, 601, /list/],
  ["a short ID", { entryUUIDs: ["00"] }, 422, 605, /64 or 80/],
  ["an ID of 72 digits", { entryUUIDs: ["0".repeat(72)] }, 422, 605, /64 or 80/],
  ["an ID that is a number", { entryUUIDs: [7] }, 422, 601, /a string/],
  ["an index below 0", { logIndexes: [-1] }, 422, 609, /at least 0/],
  ["an index that is no integer", { logIndexes: [1.5] }, 422, 601, /an integer/],
  ["an index that is a text", { logIndexes: ["1"] }, 422, 601, /an integer/],
  [
    "11 IDs",
    { entryUUIDs: Array(11).fill(id64) },
    422,
    422,
    /^more than max allowed 10 entries in request$/,
  ],
  [
    "11 in all",
    { entryUUIDs: Array(5).fill(id64), logIndexes: [0, 1, 2, 3, 4], entries: [good] },
    422,
    422,
    /^more than max allowed 10/,
  ],
  ["an entry without a kind", { entries: [changed(good, "kind", null)] }, 422, 602, /kind/],
  ["an entry that is null", { entries: [null] }, 422, 601, /object/],
  [
    "an entry without data",
    { entries: [changed(good, "spec.data", null)] },
    400,
    400,
    /^error processing entry: missing data/,
  ],
  [
    "an envelope whose signatures could be anyone's",
    {
      entries: [
        changed(
          dsseV1("{}", envelopeWith(10)),
          "spec.proposedContent.verifiers",
          Array(4).fill(base64(publicKeyPem)),
        ),
      ],
    },
    400,
    400,
    /^error processing entry: .* ways /,
  ],
]

const badReads: readonly [path: string, status: number, code: number, message: RegExp][] = [
  ["/api/v1/nothing", 404, 404, /nothing at/],
  ["/api/v1/", 404, 404, /nothing at/],
  ["/api/v1/log//", 404, 404, /nothing at/],
  ["/api/v1/__proto__", 404, 404, /nothing at/],
  [`${V1}/a/b`, 404, 404, /nothing at/],
  [V1, 422, 602, /logIndex/],
  [`${V1}?logIndex=`, 422, 602, /logIndex/],
  [`${V1}?logIndex=-1`, 422, 609, /logIndex/],
  [`${V1}?logIndex=x`, 422, 601, /logIndex/],
  [`${V1}?logIndex=1.0`, 422, 601, /logIndex/],
  [`${V1}?logIndex=9223372036854775808`, 422, 601, /logIndex/],
  [`${V1}/xyz`, 422, 605, /64 or 80/],
  [`${V1}/${"0".repeat(63)}`, 422, 605, /64 or 80/],
  [`${V1}/${"0".repeat(72)}`, 422, 605, /64 or 80/],
  [`${V1}/%00`, 422, 605, /64 or 80/],
  [RETRIEVE, 422, 605, /64 or 80/],
  ["/api/v1/log/publicKey?treeID=1", 400, 400, /^invalid tree ID specified: /],
  ["/api/v1/log/publicKey?treeID=x", 422, 605, /treeID/],
  ["/api/v1/log/proof", 422, 602, /lastSize/],
  ["/api/v1/log/proof?firstSize=1", 422, 602, /lastSize/],
  ["/api/v1/log/proof?lastSize=0", 422, 609, /lastSize/],
  ["/api/v1/log/proof?firstSize=0&lastSize=1", 422, 609, /firstSize/],
  ["/api/v1/log/proof?firstSize=x&lastSize=1", 422, 601, /firstSize/],
  ["/api/v1/log/proof?lastSize=2&treeID=5", 400, 400, /^invalid tree ID specified: /],
  [
    "/api/v1/log/proof?firstSize=5&lastSize=3",
    400,
    400,
    /^firstSize\(5\) must be less than lastSize\(3\)$/,
  ],
  [
    "/api/v1/log/proof?firstSize=3&lastSize=600",
    400,
    400,
    /^the tree size requested\(600\) was greater than what is currently observable\(3\)$/,
  ],
  [
    "/api/v1/log/proof?firstSize=9007199254740993&lastSize=9223372036854775807",
    400,
    400,
    /^the tree size requested\(9223372036854775807\) was greater than what is currently observable\(3\)$/,
  ],
]

const nothingThere = [
  `${V1}?logIndex=3`,
  `${V1}?logIndex=9223372036854775807`,
  `${V1}/${id64}`,
  `${V1}/${"0".repeat(80)}`,
]

const methods: readonly [method: string, path: string, allow: string][] = [
  ["POST", "/api/v1/log", "GET, HEAD"],
  ["DELETE", V1, "GET, HEAD, POST"],
  ["PUT", `${V1}/${id64}`, "GET, HEAD"],
  ["GET", "/api/v1/index/retrieve", "POST"],
]

describe("requests that Rekor v1 refuses", () => {
  const served = unchangedLog(3)

  test.each([
    ...badSubmissions.map((row) => [V1, ...row] as const),
    ...badRetrievals.map((row) => [RETRIEVE, ...row] as const),
  ])("POST %s refuses %s", async (path, _, body, status, code, message) => {
    const reply = await post(served.port, path, body)
    expect(reply.json()).toEqual({ code, message: expect.stringMatching(message) })
    expect(reply.status).toBe(status)
    expect(reply.headers["content-type"]).toBe("application/json")
  })

  test.each(badReads)("GET %s is refused", async (path, status, code, message) => {
    const reply = await ask(served.port, path)
    expect(reply.json()).toEqual({ code, message: expect.stringMatching(message) })
    expect(reply.status).toBe(status)
    expect(reply.headers["content-type"]).toBe("application/json")
  })

  test.each(nothingThere)("GET %s finds nothing and says so without a body", async (path) => {
    const reply = await ask(served.port, path)
    expect(reply.status).toBe(404)
    expect(reply.bytes.length).toBe(0)
    expect(reply.headers["content-length"]).toBe("0")
  })

  test.each(methods)("%s %s names the methods that there are", async (method, path, allow) => {
    const reply = await ask(served.port, path, { method })
    expect(reply.status).toBe(405)
    expect(reply.headers.allow).toBe(allow)
    expect(reply.json()).toMatchObject({ code: 405 })
  })

  test.each([
    ["text", { "content-type": "text/plain" }],
    ["no media type", {}],
    ["gzip", { "content-type": "application/json", "content-encoding": "gzip" }],
  ])("POST refuses %s with 415", async (_, headers) => {
    const reply = await post(served.port, V1, good, headers)
    expect(reply.status).toBe(415)
    expect(reply.json()).toMatchObject({ code: 415 })
  })
})
