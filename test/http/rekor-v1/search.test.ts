import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Term } from "../../../src/entry/term.ts"
import type { Criterion, SearchOperator } from "../../../src/http/door/entry-search.ts"
import { ecdsaCertificate } from "../../entry/certificates.ts"
import { leafHashOf, post } from "../rekor-client.ts"
import { fill, openServedLog, type ServedLog } from "../served-log.ts"
import { rekorCliKey, rekorCliPem } from "./recorded.ts"
import { base64, pemOf } from "./submissions.ts"

const SEARCH = "/api/v1/index/retrieve"

const HASH_TERMS = ["digest", "payload", "envelope", "subject-digest"] as const
const hashTerms = (value: string): Criterion => HASH_TERMS.map((name) => ({ name, value }))
const identity = (value: string): Criterion => [{ name: "identity", value }]
const keyTerm = (spki: string): Term => {
  const digest = createHash("sha256").update(Buffer.from(spki, "base64")).digest("hex")
  return { name: "key", value: `sha256:${digest}` }
}
const x509 = (content: string): object => ({ publicKey: { format: "x509", content } })

const hex64 = "8DB7221e969f836c14a782de138d224132816726558537a46b795cb101ab22ba"

const asked: readonly [query: object, criteria: readonly Criterion[], operator: SearchOperator][] =
  [
    [{ hash: `sha256:${hex64}` }, [hashTerms(`sha256:${hex64.toLowerCase()}`)], "or"],
    [{ hash: hex64 }, [hashTerms(`sha256:${hex64.toLowerCase()}`)], "or"],
    [{ hash: "a".repeat(40) }, [hashTerms(`sha1:${"a".repeat(40)}`)], "or"],
    [{ hash: "a".repeat(96) }, [hashTerms(`sha384:${"a".repeat(96)}`)], "or"],
    [{ hash: `sha512:${"a".repeat(128)}` }, [hashTerms(`sha512:${"a".repeat(128)}`)], "or"],
    [{ email: "A@b.c" }, [identity("a@b.c")], "or"],
    [{ subject: "https://Example.org/A" }, [identity("https://example.org/a")], "or"],
    [x509(rekorCliPem), [[keyTerm(rekorCliKey)]], "or"],
    [
      { email: "a@b.c", hash: "a".repeat(40), publicKey: null, operator: "and" },
      [identity("a@b.c"), hashTerms(`sha1:${"a".repeat(40)}`)],
      "and",
    ],
  ]

const refused: readonly [query: object | string, status: number, code: number, message: RegExp][] =
  [
    ["", 422, 602, /body/],
    ["{", 400, 400, /JSON/],
    [[], 422, 601, /object/],
    [{ hash: "abc" }, 422, 605, /hash/],
    [{ hash: `sha1:${"a".repeat(64)}` }, 422, 605, /hash/],
    [{ hash: `md5:${"a".repeat(32)}` }, 422, 605, /hash/],
    [{ hash: 7 }, 422, 601, /hash/],
    [{ email: "nobody" }, 422, 601, /email/],
    [{ email: `${"a".repeat(512)}@b.c` }, 422, 603, /512/],
    [{ subject: "" }, 422, 604, /subject/],
    [{ subject: "a".repeat(513) }, 422, 603, /512/],
    [{ email: "a@b.c", operator: "xor" }, 422, 606, /operator/],
    [{ publicKey: "key" }, 422, 601, /publicKey/],
    [{ publicKey: { content: rekorCliPem } }, 422, 602, /format/],
    [{ publicKey: { format: "x509" } }, 400, 400, /^public key provided could not be parsed$/],
    [x509("%%%"), 400, 400, /^public key provided could not be parsed$/],
    [x509(base64("key")), 400, 400, /^public key provided could not be parsed$/],
    [
      x509(base64(pemOf("PRIVATE KEY", Buffer.from(rekorCliKey, "base64")))),
      400,
      400,
      /^public key provided could not be parsed$/,
    ],
    [
      { publicKey: { format: "pgp", content: rekorCliPem } },
      400,
      400,
      /^the PKI format requested is not supported by this server$/,
    ],
  ]

describe("the search of Rekor v1", () => {
  let served: ServedLog
  const calls: (readonly [readonly Criterion[], SearchOperator])[] = []
  beforeAll(async () => {
    const search = (criteria: readonly Criterion[], operator: SearchOperator) => {
      calls.push([criteria, operator])
      return Promise.resolve([0, 256, 299])
    }
    served = await openServedLog({ search })
    await fill(served.log, 300)
  })
  afterAll(() => served.close())

  test.each(asked)("asks the index for %j", async (query, criteria, operator) => {
    calls.length = 0
    const reply = await post(served.port, SEARCH, query)
    expect(reply.status).toBe(200)
    expect(calls).toEqual([[criteria, operator]])
  })

  test("finds by the key of a certificate what its bare key would find", async () => {
    calls.length = 0
    const pem = pemOf("CERTIFICATE", Buffer.from(ecdsaCertificate, "base64"))
    await post(served.port, SEARCH, x509(base64(pem)))
    expect(calls[0]?.[0]).toEqual([[{ name: "key", value: expect.stringMatching(/^sha256:/) }]])
  })

  test("answers with the entry IDs of what was found", async () => {
    const reply = await post(served.port, SEARCH, { email: "a@b.c" })
    const id = (index: number) => `0000000000001267${leafHashOf(Buffer.from(`{"entry":${index}}`))}`
    expect(reply.json()).toEqual([id(0), id(256), id(299)])
  })

  test("finds nothing for nothing", async () => {
    calls.length = 0
    const reply = await post(served.port, SEARCH, { email: null })
    expect(reply.text()).toBe("[]")
    expect(calls).toEqual([])
  })

  test.each(refused)("refuses %j", async (query, status, code, message) => {
    calls.length = 0
    const reply = await post(served.port, SEARCH, query)
    expect(reply.json()).toEqual({ code, message: expect.stringMatching(message) })
    expect(reply.status).toBe(status)
    expect(calls).toEqual([])
  })
})

test("a log without an index says that it has none", async () => {
  const served = await openServedLog()
  const reply = await post(served.port, SEARCH, { email: "a@b.c" })
  await served.close()
  expect(reply.status).toBe(501)
  expect(reply.json()).toEqual({
    code: 501,
    message: "Search Index API not enabled in this Rekor instance",
  })
})
