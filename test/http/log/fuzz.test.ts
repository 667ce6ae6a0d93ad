import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { assertDescribed, document, mismatch, type Reply } from "../door/contract-check.ts"
import {
  fill,
  openServedLog,
  type ServedLog,
  signedEnvelope,
  signedRequest,
} from "../served-log.ts"
import { pipeline } from "../serving/pipeline.ts"
import { rawRequest } from "../serving/raw-connection.ts"

interface Fuzzed {
  readonly method: string
  readonly path: string
  readonly headers: string
  readonly body: string
}

const REQUESTS = 10_000
const AT_ONCE = 100
const SIZE = 300

const number = fc.oneof(
  { weight: 4, arbitrary: fc.nat(SIZE + 1).map(String) },
  fc.constantFrom(
    "",
    "-1",
    "-0",
    "01",
    "1e3",
    "0x1",
    "NaN",
    "1e400",
    "9007199254740993",
    "%00",
    "%",
    "..",
    "..%2f",
  ),
  fc.maxSafeNat().map(String),
  fc.bigInt().map(String),
)
const word = fc.oneof(
  fc.constantFrom(
    "size",
    "index",
    "from",
    "to",
    "leafHash",
    "__proto__",
    "constructor",
    "toString",
    "x",
  ),
  fc.stringMatching(/^[!-~]{0,12}$/),
)
const hashText = fc.oneof(
  fc.stringMatching(/^[0-9a-f]{64}$/),
  fc.stringMatching(/^[0-9A-Fa-f]{0,70}$/),
)
const pair = fc
  .tuple(word, fc.oneof(number, hashText, word))
  .map(([name, value]) => `${name}=${value}`)
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  fc.array(fc.oneof(pair, word), { maxLength: 4 }).map((parts) => `?${parts.join("&")}`),
)
const likelyQuery = (...names: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    query,
    fc
      .tuple(
        ...names.map((name) =>
          fc.option(fc.oneof(number, hashText).map((value) => `${name}=${value}`)),
        ),
      )
      .map((parts) => `?${parts.filter((part) => part !== null).join("&")}`),
  )

const triple = fc.nat(999).map((n) => String(n).padStart(3, "0"))
const tileIndex = fc.oneof(
  fc.constantFrom(
    "000",
    "001",
    "001.p/44",
    "000.p/7",
    "001.p/45",
    "x000/000",
    "000.p/256",
    "000.p/0",
  ),
  fc
    .tuple(
      fc.array(triple, { maxLength: 7 }),
      triple,
      fc.option(fc.oneof(number, fc.nat(300).map(String))),
    )
    .map(([groups, last, width]) => {
      const path = [...groups.map((group) => `x${group}`), last].join("/")
      return width === null ? path : `${path}.p/${width}`
    }),
  fc
    .array(
      fc.constantFrom(
        "/",
        "x",
        "0",
        "000",
        ".p/",
        "..",
        "%2e",
        "%2f",
        "%00",
        "%",
        "\\",
        "?",
        ";",
        "1",
      ),
      { maxLength: 10 },
    )
    .map((parts) => parts.join("")),
)

const anyHeader = fc.constantFrom(
  "",
  'if-none-match: "x"\r\n',
  "if-none-match: *\r\n",
  "if-none-match: ,,,\r\n",
  "accept-encoding: gzip\r\n",
  "accept-encoding: gzip;q=0,*;q=x\r\n",
  "range: bytes=0-1\r\n",
  "accept: text/html\r\n",
  "origin: null\r\n",
  "content-length: 0\r\n",
)

function read(
  path: fc.Arbitrary<string>,
  parameters: fc.Arbitrary<string> = query,
): fc.Arbitrary<Fuzzed> {
  return fc.record({
    method: fc.constant("GET"),
    path: fc.tuple(path, parameters).map(([before, after]) => before + after),
    headers: anyHeader,
    body: fc.constant(""),
  })
}

const entryPath = (suffix: string): fc.Arbitrary<string> =>
  fc
    .oneof(
      number,
      word.map((text) => text.replaceAll(/[?/#]/g, "")),
    )
    .map((index) => `/v1/entries/${index}${suffix}`)

const submissions = [signedRequest("fuzz"), signedEnvelope()].map((value) => JSON.stringify(value))
const tokens = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "\\u0000",
  "\\ud800",
  "\0",
  "é",
  "\ufeff",
  "1e400",
  "-0",
  "null",
  "A",
  "=",
  " ",
  '"__proto__":1,',
  '"kind":"dsse",',
]

/** A submission with pieces replaced, removed or put in. */
const damagedText = fc
  .tuple(
    fc.constantFrom(...submissions),
    fc.array(fc.tuple(fc.nat(700), fc.nat(30), fc.constantFrom("", ...tokens)), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce(
      (edited, [at, length, token]) => edited.slice(0, at) + token + edited.slice(at + length),
      text,
    ),
  )

const base64 = fc.oneof(
  fc.base64String({ maxLength: 200 }),
  fc.constantFrom("AAAA", "", "A", "MAA="),
)
const anyMember = fc.oneof(base64, fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined))
const keys = {
  publicKey: fc.option(base64, { nil: undefined }),
  certificate: fc.option(base64, { nil: undefined }),
}
const shapedValue = fc.oneof(
  fc.record({
    kind: fc.constant("hashedrekord"),
    digest: fc.oneof(
      hashText.map((hex) => `sha256:${hex}`),
      anyMember,
    ),
    signature: anyMember,
    ...keys,
  }),
  fc.record({
    kind: fc.constant("dsse"),
    envelope: fc.record({
      payload: base64,
      payloadType: fc.string({ unit: "binary" }),
      signatures: fc.array(fc.record({ sig: base64, keyid: anyMember }), { maxLength: 3 }),
    }),
    verifiers: fc.array(fc.record(keys), { maxLength: 3 }),
  }),
  fc.jsonValue({ maxDepth: 4 }),
)
const submission = fc.oneof(
  damagedText,
  shapedValue.map((value) => JSON.stringify(value) ?? ""),
  fc.string({ unit: "binary", maxLength: 100 }),
)

function write(path: string, type: string, body: fc.Arbitrary<string>): fc.Arbitrary<Fuzzed> {
  const likely = `content-type: ${type}\r\n`
  const header = fc.oneof(
    { weight: 8, arbitrary: fc.constant(likely) },
    fc.constantFrom("", `${likely}content-encoding: gzip\r\n`, "content-type: text/plain\r\n"),
    fc.stringMatching(/^[!-~]{0,20}$/).map((value) => `content-type: ${value}\r\n`),
  )
  return fc.record({
    method: fc.constant("POST"),
    path: fc.oneof({ weight: 9, arbitrary: fc.constant("") }, query).map((after) => path + after),
    headers: header,
    body,
  })
}

const routes: readonly [name: string, fc.Arbitrary<Fuzzed>][] = [
  ["POST /v1/entries", write("/v1/entries", "application/json", submission)],
  [
    "POST /v1/entries/batch",
    write(
      "/v1/entries/batch",
      "application/x-ndjson",
      fc.array(submission, { maxLength: 4 }).map((lines) => lines.join("\n")),
    ),
  ],
  ["GET /v1/entries/{index}", read(entryPath(""))],
  ["GET /v1/entries/{index}/proof", read(entryPath("/proof"), likelyQuery("size"))],
  ["GET /v1/entries/{index}/bundle", read(entryPath("/bundle"))],
  ["GET /v1/entries/{index}/tlog-proof", read(entryPath("/tlog-proof"))],
  [
    "GET /v1/proofs/inclusion",
    read(fc.constant("/v1/proofs/inclusion"), likelyQuery("index", "leafHash", "size")),
  ],
  [
    "GET /v1/proofs/consistency",
    read(fc.constant("/v1/proofs/consistency"), likelyQuery("from", "to")),
  ],
  ["GET /v1/head", read(fc.constant("/v1/head"))],
  ["GET /v1/tree-head", read(fc.constant("/v1/tree-head"))],
  ["GET /v1/trusted-root.json", read(fc.constant("/v1/trusted-root.json"))],
  ["GET /checkpoint", read(fc.constant("/checkpoint"))],
  [
    "GET /tile",
    read(fc.tuple(number, tileIndex).map(([level, index]) => `/tile/${level}/${index}`)),
  ],
  ["GET /tile/entries", read(tileIndex.map((index) => `/tile/entries/${index}`))],
  ["GET of probes", read(fc.constantFrom("/livez", "/readyz", "/healthz", "/ping"))],
  ["GET of anything", read(fc.stringMatching(/^[!-~]{0,40}$/).map((path) => `/${path}`))],
]

function wire({ method, path, headers, body }: Fuzzed): string {
  return rawRequest(method, path, headers, Buffer.from(body).toString("latin1"))
}

function checkLines(text: string): void {
  for (const line of text.trim().split("\n")) {
    const answer = JSON.parse(line)
    expect(mismatch(document.components.schemas.BatchLine, answer)).toBeUndefined()
    expect(answer.status).toBeLessThan(500)
  }
}

/** Throws an error that shows the whole request. */
function check(port: number, request: Fuzzed, reply: Reply): void {
  try {
    expect(reply.status).toBeLessThan(500)
    assertDescribed(port, request.method, request.path, reply)
    if (reply.headers["content-type"] === "application/x-ndjson") checkLines(reply.text())
  } catch (cause) {
    throw new Error(`after ${JSON.stringify(request)}`, { cause })
  }
}

describe("10,000 generated requests", () => {
  let served: ServedLog
  const errors: unknown[] = []

  beforeAll(async () => {
    // No signature holds, so that nothing may be stored whatever the request looks like.
    const verifier = { engine: "none", verify: async () => false, close: async () => {} }
    const logger = { debug: () => {}, error: (fields: object) => errors.push(fields) }
    served = await openServedLog({ verifier, logger })
    await fill(served.log, SIZE)
  })
  afterAll(() => served.close())

  test.each(routes)("of %s are answered as described, without a 5xx", async (_, request) => {
    const requests = fc.sample(request, REQUESTS)
    for (let first = 0; first < REQUESTS; first += AT_ONCE) {
      const some = requests.slice(first, first + AT_ONCE)
      const replies = await pipeline(served.port, some.map(wire))
      for (const [i, reply] of replies.entries()) check(served.port, some[i] as Fuzzed, reply)
      expect(errors).toEqual([])
      expect(served.log.head().size).toBe(SIZE)
    }
  })
})
