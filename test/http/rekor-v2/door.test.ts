import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ask } from "../client.ts"
import { type EntryV2, post, V2, verifyV2 } from "../rekor-client.ts"
import { changed, dsseV2, hashedrekordV2 } from "../rekor-v1/submissions.ts"
import { fill, openServedLog, type ServedLog } from "../served-log.ts"

describe("the Rekor v2 API", () => {
  let served: ServedLog
  beforeAll(async () => {
    served = await openServedLog()
    await fill(served.log, 300)
  })
  afterAll(() => served.close())

  async function submit(body: object | string): Promise<EntryV2> {
    const reply = await post(served.port, V2, body)
    expect(reply.status).toBe(201)
    verifyV2(served.log, reply.json())
    return reply.json() as EntryV2
  }

  test("POST answers a duplicate with the first entry, a fresh proof and its index", async () => {
    const sent = JSON.stringify(dsseV2("{}"))
    const one = await submit(sent)
    const between = await submit(hashedrekordV2("between"))
    expect(between.kindVersion).toEqual({ kind: "hashedrekord", version: "0.0.2" })
    const size = served.log.head().size
    const reply = await post(served.port, V2, sent)
    const second = reply.json() as EntryV2
    expect(reply.status).toBe(201)
    expect(reply.headers["x-log-index"]).toBe(one.logIndex)
    expect(second).toMatchObject({ logIndex: one.logIndex, inclusionPromise: null })
    expect(second.canonicalizedBody).toBe(one.canonicalizedBody)
    expect(second.inclusionProof.treeSize).toBe(String(size))
    expect(second.kindVersion).toEqual({ kind: "dsse", version: "0.0.2" })
    verifyV2(served.log, second)
    expect(served.log.head().size).toBe(size)
  })

  test("POST takes the spellings that protobuf's JSON allows for one entry", async () => {
    const request = hashedrekordV2("spelled")
    const { digest, signature } = request.hashedRekordRequestV002
    const url = (text: string) => text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
    const spki = signature.verifier.publicKey.rawBytes
    const first = await submit(request)
    const spellings: readonly object[] = [
      {
        hashed_rekord_request_v002: {
          digest: url(digest),
          signature: {
            content: url(signature.content),
            verifier: { public_key: { raw_bytes: url(spki) }, key_details: 5 },
          },
        },
      },
      { ...request, dsseRequestV002: null },
      changed(request, "hashedRekordRequestV002.signature.verifier.x509Certificate", null),
      // sigstore-js sends a bare key under this name.
      changed(request, "hashedRekordRequestV002.signature.verifier", {
        x509Certificate: { rawBytes: spki },
        keyDetails: "PKIX_ECDSA_P256_SHA_256",
      }),
    ]
    for (const spelling of spellings) {
      expect(await submit(spelling)).toMatchObject({
        logIndex: first.logIndex,
        canonicalizedBody: first.canonicalizedBody,
      })
    }
  })

  test.each([{}, { "content-type": "text/plain" }])(
    "POST takes JSON that says that it is JSON, and no other: %j",
    async (headers) => {
      const body = hashedrekordV2(`media type ${JSON.stringify(headers)}`)
      const reply = await post(served.port, V2, body, headers)
      expect(reply.status).toBe(415)
      expect(reply.json()).toMatchObject({
        code: 3,
        message: expect.stringMatching(/^Content-Type/),
      })
    },
  )

  test("POST of one entry by many at a time logs it once", async () => {
    const size = served.log.head().size
    const body = JSON.stringify(hashedrekordV2("at once"))
    const replies = await Promise.all(Array.from({ length: 20 }, () => post(served.port, V2, body)))
    expect(replies.filter(({ headers }) => headers["x-log-index"] === undefined)).toHaveLength(1)
    for (const reply of replies) {
      expect(reply.json()).toMatchObject({ logIndex: String(size) })
      verifyV2(served.log, reply.json())
    }
    expect(served.log.head().size).toBe(size + 1)
  })

  test("POST answers are covered by the published checkpoint", async () => {
    const { inclusionProof } = await submit(hashedrekordV2("published"))
    const [, size] = (await ask(served.port, "/api/v2/checkpoint")).text().split("\n")
    expect(Number(size)).toBeGreaterThanOrEqual(Number(inclusionProof.treeSize))
  })

  test.each([
    "/checkpoint",
    "/tile/0/000",
    "/tile/0/001.p/44",
    "/tile/1/000.p/1",
    "/tile/entries/000",
    "/tile/entries/001.p/7",
    "/tile/0/999",
    "/tile/0/x",
    "/tile/entries/000.p/256",
  ])("GET /api/v2%s answers as GET %s does", async (path) => {
    const root = await ask(served.port, path)
    const below = await ask(served.port, `/api/v2${path}`)
    const { date: _, ...headers } = below.headers
    expect(below.status).toBe(root.status)
    expect(below.bytes).toEqual(root.bytes)
    expect(headers).toEqual({ ...root.headers, date: undefined })
    const etag = root.headers.etag
    if (etag === undefined) return
    const known = { headers: { "if-none-match": etag } }
    expect((await ask(served.port, `/api/v2${path}`, known)).status).toBe(304)
  })

  test("a base URL with a final slash does no harm", async () => {
    expect((await post(served.port, `/${V2}`, hashedrekordV2("slash"))).status).toBe(201)
    expect((await ask(served.port, "//api/v2/checkpoint")).status).toBe(200)
  })
})
