import { gunzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { parseVkey } from "../../../src/core/note/note.ts"
import { decodeBundle } from "../../../src/core/tree/bundle.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { tileFromHashes, tileRoot } from "../../../src/core/tree/tile.ts"
import { ask, askUnchecked } from "../client.ts"
import { fill, openServedLog, type ServedLog } from "../served-log.ts"

const PLAIN = { "accept-encoding": "identity" }

describe("the tiled log", () => {
  let served: ServedLog
  const size = 520

  beforeAll(async () => {
    served = await openServedLog()
    await fill(served.log, size)
  })
  afterAll(() => served.close())

  test("GET /checkpoint gives the newest checkpoint for a few seconds", async () => {
    const reply = await ask(served.port, "/checkpoint")
    expect(reply.headers["content-type"]).toBe("text/plain; charset=utf-8")
    expect(reply.headers["cache-control"]).toBe("public, max-age=2")
    const vkeys = served.log.vkeys.map(parseVkey)
    expect(openCheckpoint(reply.text(), vkeys, served.log.origin).size).toBe(size)
  })

  test("GET /checkpoint changes its validator with the head", async () => {
    const other = await openServedLog()
    const before = await ask(other.port, "/checkpoint")
    await fill(other.log, 1)
    const after = await ask(other.port, "/checkpoint", {
      headers: { "if-none-match": before.headers.etag ?? "" },
    })
    expect(after.status).toBe(200)
    expect(after.headers.etag).not.toBe(before.headers.etag)
    expect(after.text()).toBe(other.log.head().checkpoint)
    await other.close()
  })

  test.each([
    ["/tile/0/000", 256],
    ["/tile/0/001", 256],
    ["/tile/0/002.p/8", 8],
    ["/tile/0/002.p/3", 3],
    ["/tile/0/000.p/255", 255],
    ["/tile/1/000.p/2", 2],
    ["/tile/1/000.p/1", 1],
  ])("GET %s gives %i hashes that are kept for long", async (path, width) => {
    const reply = await ask(served.port, path)
    expect(reply.status).toBe(200)
    expect(reply.bytes).toHaveLength(32 * width)
    expect(reply.headers["content-type"]).toBe("application/octet-stream")
    expect(reply.headers["cache-control"]).toBe("public, max-age=31536000, immutable")
  })

  test("a partial tile is the beginning of the full one, and the level above has its root", async () => {
    const full = (await ask(served.port, "/tile/0/001")).bytes
    const partial = (await ask(served.port, "/tile/0/001.p/100")).bytes
    expect(partial).toEqual(full.subarray(0, 3_200))
    const above = (await ask(served.port, "/tile/1/000.p/2")).bytes
    const root = tileRoot(tileFromHashes(new Uint8Array(full), portableHasher))
    expect(above.subarray(32)).toEqual(Buffer.from(root))
  })

  test.each([
    ["/tile/entries/001", 1, 256],
    ["/tile/entries/002.p/8", 2, 8],
    ["/tile/entries/000.p/7", 0, 7],
  ])("GET %s gives entries whose leaf hashes are in the tile", async (path, index, width) => {
    const reply = await ask(served.port, path, { headers: PLAIN })
    expect(reply.headers["content-encoding"]).toBeUndefined()
    expect(reply.headers.vary).toBe("accept-encoding")
    const bodies = decodeBundle(reply.bytes, width)
    const suffix = width === 256 ? "" : `.p/${width}`
    const hashes = (await ask(served.port, `/tile/0/00${index}${suffix}`)).bytes
    expect(Buffer.concat(bodies.map((body) => portableHasher.leaf(body)))).toEqual(hashes)
  })

  test.each([
    ["gzip", true],
    ["gzip;q=0.5, identity;q=0.1", true],
    ["br, gzip", true],
    ["*", true],
    ["identity", false],
    ["gzip;q=0", false],
    ["gzip;q=0.1, identity", false],
    ["br", false],
    ["nonsense;;;q=x", false],
  ])("entry bundles for Accept-Encoding: %s are compressed: %s", async (accepted, compressed) => {
    const path = "/tile/entries/000"
    const plain = await ask(served.port, path, { headers: PLAIN })
    const reply = await ask(served.port, path, { headers: { "accept-encoding": accepted } })
    expect(reply.headers["content-encoding"]).toBe(compressed ? "gzip" : undefined)
    expect(compressed ? gunzipSync(reply.bytes) : reply.bytes).toEqual(plain.bytes)
    expect(reply.headers.etag === plain.headers.etag).toBe(!compressed)
    expect(Number(reply.headers["content-length"])).toBe(reply.bytes.length)
  })

  test("hash tiles are never compressed", async () => {
    const reply = await ask(served.port, "/tile/0/000", { headers: { "accept-encoding": "gzip" } })
    expect(reply.headers["content-encoding"]).toBeUndefined()
    expect(reply.headers.vary).toBeUndefined()
  })

  test.each(["/checkpoint", "/tile/0/000", "/tile/0/002.p/8", "/tile/entries/000"])(
    "GET %s answers 304 to whoever has it",
    async (path) => {
      const { headers: known } = await ask(served.port, path)
      const etag = known.etag ?? ""
      expect(etag).toMatch(/^"[^"]+"$/)
      for (const value of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const reply = await ask(served.port, path, { headers: { "if-none-match": value } })
        expect(reply.status).toBe(304)
        expect(reply.headers.etag).toBe(etag)
        expect(reply.headers["cache-control"]).toBe(known["cache-control"])
      }
      const other = await ask(served.port, path, { headers: { "if-none-match": '"other"' } })
      expect(other.status).toBe(200)
    },
  )

  test.each([
    "/tile/0/002",
    "/tile/0/002.p/9",
    "/tile/0/003.p/1",
    "/tile/1/000",
    "/tile/1/000.p/3",
    "/tile/2/000.p/1",
    "/tile/63/000",
    "/tile/0/x009/x007/x199/x254/740",
    "/tile/entries/002",
    "/tile/entries/002.p/9",
    "/tile/entries/x001/000",
  ])("GET %s is not there yet, and no cache may think so for long", async (path) => {
    for (const headers of [{}, { "if-none-match": "*" }]) {
      const reply = await ask(served.port, path, { headers })
      expect(reply.status).toBe(404)
      expect(reply.headers["cache-control"]).toBe("no-store")
      expect(reply.headers["content-type"]).toBe("text/plain; charset=utf-8")
      expect(reply.text()).toMatch(/^not-found: /)
    }
  })

  test.each([
    "/tile/",
    "/tile/0",
    "/tile/0/",
    "/tile/0/000//",
    "/tile//0/000",
    "///tile/0/000",
    "/tile/00/000",
    "/tile/64/000",
    "/tile/-1/000",
    "/tile/0/0",
    "/tile/0/0000",
    "/tile/0/001/000",
    "/tile/0/x000/000",
    "/tile/0/x001/../000",
    "/tile/0/../0/000",
    "/tile/..%2f..%2fetc/passwd",
    "/tile/0/..%2f..%2f000",
    "/tile/%2e%2e/000",
    "/tile/0/%2e%2e/000",
    "/tile/0/000%00",
    "/tile/0/000%",
    "/tile/%30/000",
    "/tile/0/000.p/0",
    "/tile/0/000.p/256",
    "/tile/0/000.p/08",
    "/tile/0/000.p/",
    "/tile/0/000?x=1",
    "/tile/0/000;a",
    "/tile/entries",
    "/tile/entries/0",
    "/tile/data/000",
    "/TILE/0/000",
    "/tile/0/x999/x999/x999/x999/x999/999",
    `/tile/0/${"x001/".repeat(500)}000`,
    "/tile/0\\000",
  ])("GET %s is no path of a tile", async (path) => {
    const reply = await ask(served.port, path)
    expect([400, 404]).toContain(reply.status)
    expect(reply.headers["cache-control"]).toBe("no-store")
  })

  test.each(["/tile/0/000", "/checkpoint", "/v1/tree-head"])(
    "%s is also there in the absolute form that proxies use",
    async (path) => {
      const reply = await askUnchecked(served.port, `http://log.example${path}`)
      expect(reply.status).toBe(200)
      expect(reply.bytes).toEqual((await ask(served.port, path)).bytes)
    },
  )

  test.each(["/tile/0/000", "/tile/entries/000", "/checkpoint"])(
    "%s takes no other method",
    async (path) => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
        const reply = await ask(served.port, path, { method })
        expect(reply.status).toBe(405)
        expect(reply.headers.allow).toBe("GET, HEAD")
      }
    },
  )
})
