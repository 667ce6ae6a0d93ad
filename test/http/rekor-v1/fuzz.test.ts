import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { post, V1, V2 } from "../rekor-client.ts"
import { openServedLog, type ServedLog } from "../served-log.ts"
import { changed, dsseV1, dsseV2, hashedrekordV1, hashedrekordV2, intotoV1 } from "./submissions.ts"

/** The paths of all members of a value, such as `a.0.b`. */
function pathsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [
    name,
    ...pathsOf(inner).map((path) => `${name}.${path}`),
  ])
}

const strange = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    "",
    0,
    -1,
    1.5,
    true,
    [],
    {},
    "AAAA",
    "%",
    "\u0000",
    "__proto__",
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ maxLength: 100, unit: "binary" }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("base64")),
)

function spoiled(request: object): fc.Arbitrary<object> {
  return fc
    .array(fc.tuple(fc.constantFrom(...pathsOf(request)), strange), { minLength: 1, maxLength: 3 })
    .map((changes) =>
      changes.reduce((value: object, [path, replacement]) => {
        return changed(value, path, replacement)
      }, request),
    )
}

const v1 = fc.oneof(...[hashedrekordV1("x"), dsseV1("{}"), intotoV1("{}")].map(spoiled))
const v2 = fc.oneof(...[hashedrekordV2("x"), dsseV2("{}")].map(spoiled))
const retrieval = fc.oneof(
  spoiled({ entryUUIDs: ["0".repeat(64)], logIndexes: [0], entries: [hashedrekordV1("x")] }),
  v1.map((entry) => ({ entries: [entry] })),
)
const search = spoiled({
  email: "a@b.c",
  subject: "a",
  hash: "0".repeat(64),
  publicKey: { format: "x509", content: "AAAA" },
  operator: "or",
})

describe("spoiled requests", () => {
  let served: ServedLog
  beforeAll(async () => {
    served = await openServedLog({ search: () => Promise.resolve([]) })
  })
  afterAll(() => served.close())

  test.each([
    ["submissions to v1", V1, v1, ["code", "message"]],
    ["retrievals", `${V1}/retrieve`, retrieval, ["code", "message"]],
    ["searches", "/api/v1/index/retrieve", search, ["code", "message"]],
    ["submissions to v2", V2, v2, ["code", "message", "details"]],
  ] as const)(
    "%s are taken or refused in the words of the API",
    async (_, path, bodies, members) => {
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const size = served.log.head().size
          const reply = await post(served.port, path, body)
          expect(reply.headers["content-type"]).toBe("application/json")
          if (reply.status < 300) return
          expect([400, 409, 413, 422]).toContain(reply.status)
          expect(Object.keys(reply.json() as object)).toEqual(members)
          expect(served.log.head().size).toBe(size)
        }),
        { numRuns: 300 },
      )
    },
  )
})
