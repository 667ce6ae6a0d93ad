// Generated requests to a witness: damaged add-checkpoint bodies, damaged evidence, paths and methods of any
// kind. None may be answered with a 5xx, and none may move the witness.
import fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { parseVkey } from "../../../src/core/note/note.ts"
import { makeFork } from "../../../src/evidence/head-evidence.ts"
import type { Reply } from "../door/contract-check.ts"
import { pipeline } from "../serving/pipeline.ts"
import { rawRequest } from "../serving/raw-connection.ts"
import { createTestLog } from "../test-log.ts"
import { type OpenedWitness, openServedWitness } from "./served-witness.ts"

interface Fuzzed {
  readonly method: string
  readonly path: string
  readonly headers: string
  readonly body: string
}

const REQUESTS = 5_000
const AT_ONCE = 100
const SIZE = 5

const log = createTestLog("log.example")
const stranger = createTestLog("log.example", { seed: 9 })
const other = createTestLog("other.example")
// Of a log that the witness does not know: evidence against its own would freeze it.
const evidence = makeFork(
  parseVkey(other.vkey),
  other.note(5),
  createTestLog("other.example", { forkedAt: 1 }).note(5),
)

const tokens = [
  "",
  "\n",
  "\n\n",
  "old ",
  "0",
  "5",
  "—",
  "— ",
  "+",
  "=",
  "A",
  "\0",
  "\r",
  "\ufeff",
  "é",
]

/** A text with pieces replaced, removed or put in. */
function damaged(...texts: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.tuple(fc.nat(600), fc.nat(30), fc.constantFrom(...tokens))
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([text, edits]) =>
      edits.reduce(
        (edited, [at, length, token]) => edited.slice(0, at) + token + edited.slice(at + length),
        text,
      ),
    )
}

const noise = fc.string({ unit: "binary", maxLength: 200 })
const header = fc.constantFrom(
  "",
  "content-type: text/plain\r\n",
  "content-encoding: gzip\r\n",
  "accept: image/png\r\n",
  "range: bytes=0-1\r\n",
  "if-none-match: *\r\n",
)

function posts(path: string, body: fc.Arbitrary<string>): fc.Arbitrary<Fuzzed> {
  return fc.record({
    method: fc.constant("POST"),
    path: fc.constantFrom(path, path, path, `${path}?x`, `${path}/`),
    headers: header,
    body,
  })
}

const segment = fc.oneof(
  fc.constantFrom(
    "add-checkpoint",
    "evidence",
    "checkpoint",
    log.hash,
    evidence.id,
    "..",
    "%2f",
    "%",
    "",
  ),
  fc.stringMatching(/^[!-~]{0,20}$/),
  fc.stringMatching(/^[0-9a-f]{64}$/),
)
const anything: fc.Arbitrary<Fuzzed> = fc.record({
  method: fc.constantFrom("GET", "GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"),
  path: fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join("/")}`),
  headers: header,
  body: fc.oneof(fc.constant(""), noise),
})

const routes: readonly (readonly [string, fc.Arbitrary<Fuzzed>])[] = [
  [
    "POST /add-checkpoint",
    posts(
      "/add-checkpoint",
      // Requests that are valid but for their old size or their key, so that no damage makes them good.
      fc.oneof(damaged(log.request(3, 7), stranger.request(5, 7), other.request(5, 7)), noise),
    ),
  ],
  ["POST /evidence", posts("/evidence", fc.oneof(damaged(evidence.text), noise))],
  ["anything", anything],
]

let witness: OpenedWitness
const errors: unknown[] = []

beforeAll(async () => {
  const logger = { debug: () => {}, error: (fields: object) => errors.push(fields) }
  witness = await openServedWitness({ logs: [log.vkey], logger })
  await pipeline(witness.port, [wire(log.request(0, SIZE))])
})

afterAll(() => witness.close())

function wire(request: Fuzzed | string): string {
  const { method, path, headers, body } =
    typeof request === "string"
      ? { method: "POST", path: "/add-checkpoint", headers: "", body: request }
      : request
  return rawRequest(method, path, headers, Buffer.from(body).toString("latin1"))
}

/** Throws an error that shows the whole request. */
function check(request: Fuzzed, { status, headers }: Reply): void {
  try {
    expect(status).toBeLessThan(500)
    if (status !== 204) expect(headers["access-control-allow-origin"]).toBe("*")
    if (status === 409) expect(headers["content-type"]).toBe("text/x.tlog.size")
    else if (status !== 204) expect(headers["content-type"]).toBe("text/plain; charset=utf-8")
  } catch (cause) {
    throw new Error(`after ${JSON.stringify(request)}`, { cause })
  }
}

test.each(routes)("generated requests of %s are answered without a 5xx", async (_, request) => {
  const requests = fc.sample(request, REQUESTS)
  for (let first = 0; first < REQUESTS; first += AT_ONCE) {
    const some = requests.slice(first, first + AT_ONCE)
    const replies = await pipeline(witness.port, some.map(wire))
    for (const [i, reply] of replies.entries()) check(some[i] as Fuzzed, reply)
    expect(errors).toEqual([])
  }
  const [status] = await pipeline(witness.port, [rawRequest("GET", "/")])
  expect(status?.text()).toContain(`log.example: size ${SIZE}\n`)
})
