import { createHash, createPublicKey } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { asHash, portableHasher } from "../../../src/core/tree/hash.ts"
import { verifyConsistency } from "../../../src/core/tree/proof.ts"
import { createHttpServer } from "../../../src/http/log/server.ts"
import { startTime } from "../../log/opened-log.ts"
import { ask, askUnchecked } from "../client.ts"
import type { Reply } from "../door/contract-check.ts"
import {
  leafHashOf,
  logKeyOf,
  onlyEntry,
  post,
  V1,
  V2,
  verifyCheckpointV1,
  verifyV1,
} from "../rekor-client.ts"
import { fill, openServedLog, type ServedLog } from "../served-log.ts"
import {
  base64,
  changed,
  dsseV1,
  hashedrekordV1,
  hashedrekordV2,
  intotoV1,
  pemOf,
  publicKeyPem,
  publicKeySpki,
} from "./submissions.ts"

const FILLED = 300

describe("the Rekor v1 API", () => {
  let served: ServedLog
  beforeAll(async () => {
    served = await openServedLog()
    await fill(served.log, FILLED)
  })
  afterAll(() => served.close())

  const get = (path: string): Promise<Reply> => ask(served.port, path)

  /** Posts an entry and gives its ID. */
  async function submit(body: object): Promise<string> {
    const reply = await post(served.port, V1, body)
    expect(reply.status).toBe(201)
    verifyV1(served.log, reply.json())
    return onlyEntry(reply.json())[0]
  }

  test("a path is served with a slash at its end, too, as old clients write it", async () => {
    const body = hashedrekordV1("final slash")
    expect((await post(served.port, `${V1}/`, body)).status).toBe(201)
    expect((await post(served.port, V1, body)).status).toBe(409)
    expect((await post(served.port, `${V1}/retrieve/`, { entries: [body] })).status).toBe(200)
    expect((await get("/api/v1/log/")).status).toBe(200)
    expect((await get(`${V1}/?logIndex=0`)).status).toBe(200)
    expect((await get("/api/v1/log//")).status).toBe(404)
  })

  test.each([
    ["hashedrekord", hashedrekordV1("kinds")],
    ["dsse", dsseV1('{"_type":"kinds"}')],
    ["intoto", intotoV1('{"_type":"kinds"}')],
    // The payload type claims in-toto; signers get away with that, as at Rekor.
    ["dsse whose payload is no JSON", dsseV1("no JSON")],
    ["intoto whose payload is no JSON", intotoV1("no JSON")],
  ])("POST logs an entry of kind %s", async (_, body) => {
    await submit(body)
  })

  test("POST keeps the query in Location and answers in seconds", async () => {
    const reply = await post(served.port, `${V1}?a=b`, hashedrekordV1("query"))
    const [id, entry] = onlyEntry(reply.json())
    expect(reply.headers.location).toBe(`${V1}/${id}?a=b`)
    expect(entry.integratedTime).toBe(Math.floor(startTime / 1000))
  })

  test("POST of a PEM in another layout is the entry of the canonical one", async () => {
    const request = hashedrekordV1("layout")
    const id = await submit(request)
    const wide = pemOf("PUBLIC KEY", Buffer.from(publicKeySpki, "base64"), 76)
    expect(wide).not.toBe(publicKeyPem)
    const windows = publicKeyPem.replaceAll("\n", "\r\n")
    const explained = `Bag Attributes: <No Attributes>\n${publicKeyPem}`
    for (const pem of [wide, windows, publicKeyPem.trimEnd(), explained]) {
      const spelled = changed(request, "spec.signature.publicKey.content", base64(pem))
      const reply = await post(served.port, V1, spelled)
      expect(reply.status).toBe(409)
      expect(reply.headers.location).toBe(`${V1}/${id}`)
    }
  })

  test("POST of one entry by many at a time logs it once and tells the others where", async () => {
    const size = served.log.head().size
    const body = hashedrekordV1("at once")
    const replies = await Promise.all(Array.from({ length: 20 }, () => post(served.port, V1, body)))
    const [first, ...others] = replies.toSorted((a, b) => a.status - b.status)
    expect(first?.status).toBe(201)
    for (const other of others) {
      expect(other.status).toBe(409)
      expect(other.headers.location).toBe(first?.headers.location)
      expect((await get(other.headers.location ?? "")).status).toBe(200)
    }
    expect(served.log.head().size).toBe(size + 1)
  })

  test("POST to both APIs at a time gives each entry an index of its own", async () => {
    const size = served.log.head().size
    const ones = Array.from({ length: 10 }, (_, i) =>
      post(served.port, V1, hashedrekordV1(`both ${i}`)),
    )
    const twos = Array.from({ length: 10 }, (_, i) =>
      post(served.port, V2, hashedrekordV2(`both ${i}`)),
    )
    const [v1, v2] = [await Promise.all(ones), await Promise.all(twos)]
    for (const reply of v1) verifyV1(served.log, reply.json())
    const indexes = [
      ...v1.map((reply) => onlyEntry(reply.json())[1].logIndex),
      ...v2.map((reply) => Number((reply.json() as { readonly logIndex: string }).logIndex)),
    ]
    const expected = Array.from({ length: 20 }, (_, i) => size + i)
    expect(indexes.toSorted((a, b) => a - b)).toEqual(expected)
  })

  test("GET finds an entry by index, by 64 and by 80 digits in either case", async () => {
    const posted = await post(served.port, V1, hashedrekordV1("found"))
    const [id, entry] = onlyEntry(posted.json())
    await fill(served.log, FILLED + 3)
    const paths = [`${V1}?logIndex=${entry.logIndex}`, `${V1}/${id}`, `${V1}/${id.slice(16)}`]
    for (const path of [...paths, `${V1}/${id.toUpperCase()}`]) {
      const reply = await get(path)
      expect(reply.status).toBe(200)
      expect(reply.headers["cache-control"]).toBe("no-store")
      verifyV1(served.log, reply.json())
      const [foundId, found] = onlyEntry(reply.json())
      const { body, integratedTime, logID, logIndex } = entry
      expect(foundId).toBe(id)
      expect(found).toMatchObject({ body, integratedTime, logID, logIndex })
      expect(found.verification.inclusionProof.treeSize).toBe(served.log.head().size)
    }
  })

  test("GET does not find an entry under another tree's ID", async () => {
    const id = await submit(hashedrekordV1("other tree"))
    const reply = await get(`${V1}/${"f".repeat(16)}${id.slice(16)}`)
    expect(reply.status).toBe(404)
    expect(reply.bytes.length).toBe(0)
  })

  test("GET gives out entries that came by Rekor v2", async () => {
    const posted = await post(served.port, V2, hashedrekordV2("came by v2"))
    const { canonicalizedBody, logIndex } = posted.json() as {
      readonly canonicalizedBody: string
      readonly logIndex: string
    }
    const reply = await get(`${V1}/${leafHashOf(Buffer.from(canonicalizedBody, "base64"))}`)
    verifyV1(served.log, reply.json())
    const [, entry] = onlyEntry(reply.json())
    expect(entry).toMatchObject({ body: canonicalizedBody, logIndex: Number(logIndex) })
  })

  test("retrieve does not find an entry of a version that is not taken, and finds the one beside it", async () => {
    const taken = dsseV1('{"_type":"two versions"}')
    const id = await submit(taken)
    const other = { ...intotoV1('{"_type":"two versions"}'), apiVersion: "0.0.1" }
    const reply = await post(served.port, `${V1}/retrieve`, { entries: [taken, other] })
    expect(reply.status).toBe(200)
    expect((reply.json() as object[]).map((found) => Object.keys(found))).toEqual([[id]])
  })

  test("retrieve answers with what there is, by ID, by entry and by index", async () => {
    const requests = ["a", "b"].map((name) => hashedrekordV1(`retrieve ${name}`))
    const [first = "", second = ""] = await Promise.all(requests.map(submit))
    const reply = await post(served.port, `${V1}/retrieve`, {
      entryUUIDs: [first, "0".repeat(64), second.slice(16)],
      entries: [requests[1], hashedrekordV1("retrieve nothing")],
      logIndexes: [0, 9_007_199_254_740_991],
    })
    const found = reply.json() as readonly object[]
    expect(reply.status).toBe(200)
    for (const entry of found) verifyV1(served.log, entry)
    const ids = found.map((entry) => onlyEntry(entry)[0])
    expect(ids.slice(0, 3)).toEqual([first, second, second])
    expect(onlyEntry(found[3])[1].logIndex).toBe(0)
    expect(found).toHaveLength(4)
  })

  test.each([{}, { entryUUIDs: null, logIndexes: null, entries: null }, { entryUUIDs: [] }])(
    "retrieve of nothing finds nothing: %j",
    async (body) => {
      const reply = await post(served.port, `${V1}/retrieve`, body)
      expect(reply.status).toBe(200)
      expect(reply.text()).toBe("[]")
    },
  )

  test("GET /api/v1/log tells the newest head under the v1 origin, with one signature", async () => {
    const reply = await get("/api/v1/log")
    const head = served.log.head()
    const info = reply.json() as { readonly signedTreeHead: string }
    const root = Buffer.from(head.root).toString("hex")
    expect(reply.json()).toEqual({
      inactiveShards: [],
      rootHash: root,
      signedTreeHead: expect.any(String),
      treeID: served.log.treeId,
      treeSize: head.size,
    })
    const logKey = logKeyOf(served.log)
    const signed = verifyCheckpointV1(info.signedTreeHead, logKey, served.log.treeId)
    expect(signed).toEqual({ size: head.size, root })
    expect(info.signedTreeHead.startsWith(`${served.log.origin} - `)).toBe(true)
    // Signed once for each head: the signatures of ECDSA are never the same twice.
    expect((await get("/api/v1/log")).text()).toBe(reply.text())
  })

  test.each(["", "?treeID=", "?treeID=4711"])("GET /api/v1/log/publicKey%s", async (query) => {
    const reply = await get(`/api/v1/log/publicKey${query}`)
    expect(reply.status).toBe(200)
    expect(reply.headers["content-type"]).toBe("application/x-pem-file")
    const spki = createPublicKey(reply.text()).export({ type: "spki", format: "der" })
    expect(spki).toEqual(logKeyOf(served.log))
  })

  test("GET /api/v1/log/proof leads from each size to the next ones", async () => {
    const hash = (hex: string) => asHash(Buffer.from(hex, "hex"))
    const { size, root } = served.log.head()
    for (const first of [1, 2, 255, 256, 257, size - 1, size]) {
      const reply = await get(`/api/v1/log/proof?firstSize=${first}&lastSize=${size}&treeID=4711`)
      const { hashes, rootHash } = reply.json() as { hashes: string[]; rootHash: string }
      expect(rootHash).toBe(Buffer.from(root).toString("hex"))
      const old = await served.log.inclusionAt(0, first)
      verifyConsistency(old.head, { size, root }, hashes.map(hash), portableHasher)
    }
    const same = await get("/api/v1/log/proof?lastSize=1")
    expect(same.json()).toMatchObject({ hashes: [] })
  })

  test("what is read by POST may be read from any page, what is written may not", async () => {
    const preflight = async (path: string) =>
      (await ask(served.port, path, { method: "OPTIONS" })).headers
    for (const path of [`${V1}/retrieve`, "/api/v1/index/retrieve"]) {
      const headers = await preflight(path)
      expect(headers["access-control-allow-methods"]).toBe("POST")
      expect(headers["access-control-allow-headers"]).toContain("content-type")
      const reply = await post(served.port, path, {})
      expect(reply.headers["access-control-allow-origin"]).toBe("*")
    }
    expect((await preflight(V1))["access-control-allow-methods"]).toBe("GET, HEAD")
    const written = await post(served.port, V1, hashedrekordV1("written"))
    expect(written.headers["access-control-allow-origin"]).toBeUndefined()
  })

  test("an empty log tells size 0 and has no proof", async () => {
    const empty = await openServedLog()
    const reply = await ask(empty.port, "/api/v1/log")
    const rootHash = createHash("sha256").digest("hex")
    expect(reply.json()).toMatchObject({ treeSize: 0, rootHash })
    const proof = await ask(empty.port, "/api/v1/log/proof?lastSize=1")
    expect(proof.status).toBe(400)
    await empty.close()
  })

  test("without the log's key at hand there is no such API", async () => {
    const { server } = createHttpServer({ log: served.log })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    const port = typeof address === "object" ? (address?.port ?? 0) : 0
    expect((await askUnchecked(port, "/api/v1/log")).status).toBe(404)
    expect((await ask(port, "/api/v2/checkpoint")).status).toBe(200)
    server.close()
    server.closeAllConnections()
  })
})
