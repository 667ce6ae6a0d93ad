import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { verifyBundle } from "../../../src/client/verify/verify.ts"
import { parseHex } from "../../../src/core/base/text.ts"
import { openCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { parseVkey } from "../../../src/core/note/note.ts"
import { parseTlogProof } from "../../../src/core/note/tlog-proof.ts"
import { asHash, type Hash } from "../../../src/core/tree/hash.ts"
import { verifyConsistency, verifyInclusion } from "../../../src/core/tree/proof.ts"
import { parseTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { ask, submit } from "../client.ts"
import {
  fill,
  openServedLog,
  publicKey,
  type ServedLog,
  signedEnvelope,
  signedRequest,
} from "../served-log.ts"

interface InclusionJson {
  readonly index: number
  readonly leafHash: string
  readonly inclusionProof: {
    readonly index: number
    readonly size: number
    readonly root: string
    readonly hashes: readonly string[]
  }
  readonly checkpoint?: string
}

const hash = (hex: string): Hash => asHash(parseHex(hex, "hash"))

describe("reading", () => {
  let served: ServedLog
  const size = 300

  beforeAll(async () => {
    served = await openServedLog({
      config: { publicUrl: "https://log.example:8443", trustStart: "2026-02-03T04:05:06Z" },
    })
    await fill(served.log, size - 2)
    await submit(served.port, signedEnvelope())
    await submit(served.port, signedRequest("artifact"))
  })
  afterAll(() => served.close())

  async function read<T>(path: string): Promise<T> {
    const reply = await ask(served.port, path)
    expect(reply.status).toBe(200)
    expect(reply.headers["cache-control"]).toBe("no-store")
    return reply.json() as T
  }

  function verify(json: InclusionJson, expectedSize: number): void {
    const { index, size: proven, root, hashes } = json.inclusionProof
    expect(proven).toBe(expectedSize)
    expect(index).toBe(json.index)
    verifyInclusion(
      hash(json.leafHash),
      index,
      { size: proven, root: hash(root) },
      hashes.map(hash),
    )
    if (json.checkpoint === undefined) return
    const head = openCheckpoint(json.checkpoint, served.log.vkeys.map(parseVkey), served.log.origin)
    expect(head).toMatchObject({ size: proven, root: hash(root) })
  }

  test.each([0, 1, 255, 256, 299])("GET /v1/entries/%i gives the entry", async (index) => {
    const { body, time, leafHash } = await read<Readonly<Record<string, string>>>(
      `/v1/entries/${index}`,
    )
    const entry = await served.log.entry(index)
    expect(Buffer.from(body ?? "", "base64")).toEqual(Buffer.from(entry.body))
    expect(Date.parse(time ?? "")).toBe(entry.time)
    const preimage = Buffer.concat([Buffer.of(0), entry.body])
    expect(leafHash).toBe(createHash("sha256").update(preimage).digest("hex"))
  })

  test.each([0, 1, 255, 256, 299])(
    "GET /v1/entries/%i/proof proves it under the newest checkpoint",
    async (index) => {
      const json = await read<InclusionJson>(`/v1/entries/${index}/proof`)
      expect(json.checkpoint).toBe(served.log.head().checkpoint)
      verify(json, size)
    },
  )

  test.each([1, 2, 256, 257, 299])(
    "GET /v1/entries/0/proof?size=%i proves it under an older head",
    async (older) => {
      const json = await read<InclusionJson>(`/v1/entries/0/proof?size=${older}`)
      expect(json.checkpoint).toBeUndefined()
      verify(json, older)
    },
  )

  test("GET /v1/entries/0/proof?size=300 comes with the checkpoint, as that is the newest head", async () => {
    const json = await read<InclusionJson>(`/v1/entries/0/proof?size=${size}`)
    expect(json.checkpoint).toBe(served.log.head().checkpoint)
    verify(json, size)
  })

  test("GET /v1/proofs/inclusion finds an entry by its leaf hash or its index", async () => {
    const expected = await read<InclusionJson>("/v1/entries/17/proof")
    const byHash = await read<InclusionJson>(`/v1/proofs/inclusion?leafHash=${expected.leafHash}`)
    const byIndex = await read<InclusionJson>("/v1/proofs/inclusion?index=17")
    expect(byHash).toEqual(expected)
    expect(byIndex).toEqual(expected)
    verify(await read(`/v1/proofs/inclusion?leafHash=${expected.leafHash}&size=18`), 18)
  })

  test.each([
    [0, 300],
    [1, 300],
    [255, 257],
    [256, 300],
    [300, 300],
    [299, undefined],
  ])("GET /v1/proofs/consistency proves that %i is the beginning of %s", async (from, to) => {
    const query = to === undefined ? `from=${from}` : `from=${from}&to=${to}`
    const json = await read<{ to: number; hashes: string[]; checkpoint?: string }>(
      `/v1/proofs/consistency?${query}`,
    )
    expect(json.to).toBe(to ?? size)
    expect(json.checkpoint !== undefined).toBe(json.to === size)
    const rootAt = async (at: number): Promise<Hash> =>
      (await served.log.inclusionAt(0, at)).head.root
    if (from === 0) expect(json.hashes).toEqual([])
    else {
      const older = { size: from, root: await rootAt(from) }
      const newer = { size: json.to, root: await rootAt(json.to) }
      verifyConsistency(older, newer, json.hashes.map(hash))
    }
  })

  test.each([
    ["/v1/head", "vkeys"],
    ["/v1/tree-head", "keys"],
  ])("GET %s gives the newest head with the log's names and keys", async (path, keys) => {
    const { root, time, checkpoint } = served.log.head()
    expect(await read(path)).toEqual({
      origin: served.log.origin,
      treeId: served.log.treeId,
      size,
      root: Buffer.from(root).toString("hex"),
      time: new Date(time).toISOString(),
      checkpoint,
      [keys]: served.log.vkeys,
    })
  })

  test("GET /v1/entries/{index}/tlog-proof gives a proof that C2SP clients verify", async () => {
    const reply = await ask(served.port, "/v1/entries/299/tlog-proof")
    const { index, path, checkpoint } = parseTlogProof(reply.bytes)
    const head = openCheckpoint(checkpoint, served.log.vkeys.map(parseVkey), served.log.origin)
    const { leafHash } = await served.log.entry(299)
    expect(index).toBe(299)
    verifyInclusion(leafHash, index, head, path)
  })

  test("a bundle verifies offline with the trusted root that the log gives", async () => {
    const bundle = (await ask(served.port, "/v1/entries/299/bundle")).text()
    const trustedRoot = parseTrustedRoot((await ask(served.port, "/v1/trusted-root.json")).text())
    const verified = verifyBundle({
      bundle,
      artifact: Buffer.from("artifact"),
      key: Buffer.from(publicKey, "base64"),
      trust: { trustedRoot },
    })
    expect(verified.index).toBe(299)
  })

  test("GET /v1/entries/{index}/bundle refuses a DSSE entry whose envelope was not kept", async () => {
    const reply = await ask(served.port, "/v1/entries/298/bundle")
    expect(reply.status).toBe(422)
    expect(reply.json()).toMatchObject({ code: "unsupported" })
  })

  test("GET /v1/trusted-root.json names the configured URL and validity", async () => {
    const { tlogs } = await read<{
      readonly tlogs: readonly {
        readonly baseUrl: string
        readonly publicKey: { readonly validFor: { readonly start: string } }
      }[]
    }>("/v1/trusted-root.json")
    expect(tlogs[0]?.baseUrl).toBe("https://log.example:8443")
    const start = Date.parse(tlogs[0]?.publicKey.validFor.start ?? "")
    expect(start).toBe(Date.UTC(2026, 1, 3, 4, 5, 6))
  })

  test("GET /v1/signing-config.json names both Rekor APIs under the configured URL", async () => {
    const { rekorTlogUrls } = await read<{ readonly rekorTlogUrls: readonly object[] }>(
      "/v1/signing-config.json",
    )
    const validFor = { start: "2026-02-03T04:05:06.000Z" }
    const own = { url: "https://log.example:8443", operator: "log.example", validFor }
    expect(rekorTlogUrls).toEqual([
      { ...own, majorApiVersion: 2 },
      { ...own, majorApiVersion: 1 },
    ])
  })

  test("probes answer", async () => {
    for (const path of ["/livez", "/readyz", "/ping"]) {
      expect((await ask(served.port, path)).text()).toBe("ok\n")
    }
    expect(await read("/healthz")).toEqual({
      status: "SERVING",
      accepting: true,
      size,
      pool: 0,
      queued: 0,
      guard: "unknown",
    })
  })

  test("HEAD answers every read like GET, without the body", async () => {
    const paths = ["/checkpoint", "/tile/0/000", "/v1/tree-head", "/v1/entries/0/proof", "/nothing"]
    for (const path of paths) {
      const got = await ask(served.port, path)
      const { status, headers } = await ask(served.port, path, { method: "HEAD" })
      const { date: _, ...expected } = got.headers
      expect(status).toBe(got.status)
      expect(headers).toMatchObject(expected)
    }
  })

  test("any web origin may read, and none may write", async () => {
    for (const path of ["/v1/tree-head", "/checkpoint", "/tile/0/000", "/v1/entries/9999", "/no"]) {
      const { headers } = await ask(served.port, path, { headers: { origin: "https://a.example" } })
      expect(headers["access-control-allow-origin"]).toBe("*")
      expect(headers["x-content-type-options"]).toBe("nosniff")
      expect(headers["x-powered-by"]).toBeUndefined()
    }
    const preflight = await ask(served.port, "/v1/entries", {
      method: "OPTIONS",
      headers: { origin: "https://a.example", "access-control-request-method": "POST" },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers["access-control-allow-methods"]).toBe("GET, HEAD")
    const written = await submit(served.port, "{}", { origin: "https://a.example" })
    expect(written.headers["access-control-allow-origin"]).toBeUndefined()
  })
})
