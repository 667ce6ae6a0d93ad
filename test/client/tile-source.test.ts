import { mkdirSync, writeFileSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import { describe, expect, onTestFinished, test } from "vitest"
import { createTileSource, createWitnessHeads } from "../../src/client/tile-source.ts"
import { decodeBundle, encodeBundle } from "../../src/core/tree/bundle.ts"
import { TILE_WIDTH } from "../../src/core/tree/tile.ts"
import type { LogSource } from "../../src/monitor/follow/source.ts"
import { createTileFolder } from "../../src/storage/files/tile-folder.ts"
import { fill, openServedLog } from "../http/served-log.ts"
import { newFolder } from "../storage/folder.ts"

interface Served {
  readonly url: string
  readonly paths: string[]
  readonly waits: number[]
  readonly source: LogSource
}

async function serve(listener: RequestListener, prefix = ""): Promise<Served> {
  const paths: string[] = []
  const waits: number[] = []
  const server = createServer((request, response) => {
    paths.push(request.url ?? "")
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const source = openSource(`${prefix}${url}`, waits)
  return { url, paths, waits, source }
}

let count = 0

function openSource(url: string, waits: number[] = []): LogSource {
  return createTileSource({
    url,
    fetch: globalThis.fetch,
    sleep(milliseconds) {
      waits.push(milliseconds)
      return Promise.resolve()
    },
    unique: () => String(++count),
    timeout: 5_000,
  })
}

const bodies = Array.from({ length: TILE_WIDTH }, (_, i) => Uint8Array.of(i))

describe("createTileSource()", () => {
  test("reads checkpoint, tiles and bundles of a served log, at the root and below api/v2", async () => {
    const served = await openServedLog()
    onTestFinished(() => served.close())
    await fill(served.log, 300)
    const { checkpoint } = served.log.head()
    for (const prefix of ["", "rekor-v2+"]) {
      const source = openSource(`${prefix}http://127.0.0.1:${served.port}`)
      for (const isFresh of [false, true]) {
        expect(await source.checkpoint(isFresh)).toBe(checkpoint)
        const bundle = await source.bundle(1, 44, isFresh)
        expect(decodeBundle(bundle ?? new Uint8Array(0), 44)).toHaveLength(44)
        expect(await source.tile(0, 0, TILE_WIDTH, isFresh)).toHaveLength(8_192)
        expect(await source.tile(0, 1, 44, isFresh)).toHaveLength(44 * 32)
        expect(await source.tile(0, 2, 1, isFresh)).toBeUndefined()
      }
      expect(source.envelope === undefined).toBe(prefix !== "")
      expect(await source.envelope?.(3)).toBeUndefined()
    }
  })

  test("cuts a partial tile or bundle out of the full one where only that is left", async () => {
    const full = encodeBundle(bodies)
    const { source, paths } = await serve((request, response) => {
      if (request.url?.includes(".p/") === true) response.writeHead(404).end()
      else response.end(request.url?.includes("entries") === true ? full : Buffer.alloc(8_192, 7))
    })
    expect(decodeBundle((await source.bundle(3, 5)) ?? new Uint8Array(0), 5)).toHaveLength(5)
    expect(await source.tile(0, 3, 5)).toHaveLength(160)
    expect(paths).toEqual([
      "/tile/entries/003.p/5",
      "/tile/entries/003",
      "/tile/0/003.p/5",
      "/tile/0/003",
    ])
  })

  test("reads a bundle that is served compressed", async () => {
    const { source } = await serve((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(encodeBundle(bodies)))
    })
    expect(await source.bundle(0, TILE_WIDTH)).toEqual(encodeBundle(bodies))
  })

  test("tries again after 429, 500 and broken connections, as long as it is asked to wait", async () => {
    let answers = 0
    const { source, waits } = await serve((_, response) => {
      answers += 1
      if (answers === 1) response.writeHead(429, { "retry-after": "7" }).end()
      else if (answers === 2) response.writeHead(500).end()
      else if (answers === 3) {
        response.writeHead(200, { "content-length": "99" })
        response.write("cut", () => response.destroy())
      } else response.end("at last")
    })
    expect(await source.checkpoint()).toBe("at last")
    expect(waits[0]).toBe(7_000)
    expect(waits).toHaveLength(3)
  })

  test.each([
    ["429 for ever", 429, {}, 4],
    ["a wait that is too long", 503, { "retry-after": "3600" }, 1],
    ["403", 403, {}, 1],
  ])("gives up at %s with trouble", async (_, status, headers, attempts) => {
    const { source, paths } = await serve((_request, response) => {
      response.writeHead(status, headers).end()
    })
    await expect(source.bundle(0, TILE_WIDTH)).rejects.toMatchObject({
      name: "Trouble",
      code: "network",
    })
    expect(paths).toHaveLength(attempts)
  })

  test("follows no redirect", async () => {
    const { source, paths } = await serve((request, response) => {
      if (request.url === "/checkpoint") response.writeHead(302, { location: "/other" }).end()
      else response.end("elsewhere")
    })
    await expect(source.checkpoint()).rejects.toMatchObject({ code: "network" })
    expect(new Set(paths)).toEqual(new Set(["/checkpoint"]))
  })

  test("reads no more than a tile or a note can have", async () => {
    const { source } = await serve((_, response) => {
      response.end(Buffer.alloc(2_000_000, 65))
    })
    await expect(source.tile(0, 0, TILE_WIDTH)).rejects.toMatchObject({ code: "too-large" })
    await expect(source.checkpoint()).rejects.toMatchObject({ code: "too-large" })
  })

  test("asks past caches with a query, and without one where that is refused", async () => {
    const { source, paths } = await serve((request, response) => {
      expect(request.headers["cache-control"]).toBe("no-cache")
      if (request.url?.includes("?") === true) response.writeHead(400).end()
      else response.end("note")
    })
    expect(await source.checkpoint(true)).toBe("note")
    expect(paths[0]).toMatch(/^\/checkpoint\?fresh=[0-9]+$/)
    expect(paths[1]).toBe("/checkpoint")
  })

  test.each(["ftp://x", "http://u:p@x", "http://x/?q", "x", "rekor-v2+file:///x"])(
    "refuses the URL %s",
    (url) => {
      expect(() => openSource(url)).toThrow(/expected http/)
    },
  )
})

describe("rekorHead() of a tile source", () => {
  test("gives the head that the log shows to clients of Rekor v1", async () => {
    const served = await openServedLog()
    onTestFinished(() => served.close())
    await fill(served.log, 3)
    const source = openSource(`http://127.0.0.1:${served.port}`)
    const note = (await source.rekorHead?.()) ?? ""
    expect(note.split("\n").slice(0, 2)).toEqual([
      `${served.log.origin} - ${served.log.treeId}`,
      "3",
    ])
    expect(openSource(`rekor-v2+http://127.0.0.1:${served.port}`).rekorHead).toBeUndefined()
  })

  test.each([
    [404, "not found"],
    [400, "no queries here"],
    [200, "<!doctype html>"],
    [200, "[]"],
    [200, '{"signedTreeHead":7}'],
    [200, ""],
    [200, "x".repeat(1_000_000)],
  ])("gives nothing for a server without that door, which answers %i %s", async (status, body) => {
    const { source } = await serve((_, response) => response.writeHead(status).end(body))
    expect(await source.rekorHead?.()).toBeUndefined()
  })

  test("has trouble where nobody answers", async () => {
    const { source } = await serve((_, response) => response.writeHead(503).end())
    await expect(source.rekorHead?.()).rejects.toMatchObject({ code: "network" })
  })
})

describe("createWitnessHeads()", () => {
  test("asks below the hash of the origin, and gives nothing where there is no head", async () => {
    const { url, paths } = await serve((request, response) => {
      if (request.url?.startsWith("/w/") === true && paths.length === 1) response.end("note")
      else response.writeHead(404).end()
    })
    const sleep = () => Promise.resolve()
    const heads = createWitnessHeads({ url: `${url}/w`, fetch: globalThis.fetch, sleep })
    expect(await heads.head("log.example")).toBe("note")
    expect(await heads.head("log.example")).toBeUndefined()
    expect(paths[0]).toBe(
      "/w/d7612c54297eaa3e5a7756b17ce3adc5bed251af8059d72bbb8b0075c67b85e9/checkpoint",
    )
  })
})

describe("createTileFolder()", () => {
  function put(folder: string, path: string, bytes: Uint8Array | string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }

  test("cuts what is asked for out of a wider resource, full or partial", async () => {
    const folder = newFolder()
    const source = createTileFolder(folder)
    put(folder, "tile/entries/000", encodeBundle(bodies))
    put(folder, "tile/entries/001.p/9", encodeBundle(bodies.slice(0, 9)))
    put(folder, "tile/0/001.p/9", Buffer.alloc(9 * 32))
    put(folder, "tile/0/001.p/200", Buffer.alloc(200 * 32))
    expect(await source.bundle(0, 3)).toEqual(encodeBundle(bodies.slice(0, 3)))
    expect(await source.bundle(1, 4)).toEqual(encodeBundle(bodies.slice(0, 4)))
    expect(await source.bundle(1, 10)).toBeUndefined()
    expect(await source.bundle(1, TILE_WIDTH)).toBeUndefined()
    expect(await source.tile(0, 1, 10)).toHaveLength(320)
    expect(await source.tile(0, 7, 10)).toBeUndefined()
  })

  test("has trouble without a checkpoint, and refuses one that is too long", async () => {
    const folder = newFolder()
    const source = createTileFolder(folder)
    await expect(source.checkpoint()).rejects.toMatchObject({ code: "network" })
    put(folder, "checkpoint", "x".repeat(1_100_000))
    await expect(source.checkpoint()).rejects.toMatchObject({ code: "too-large" })
    put(folder, "checkpoint", "note")
    expect(await source.checkpoint()).toBe("note")
  })

  test("is out of reach, and no trouble of the monitor's own disk, where it cannot be read", async () => {
    const folder = newFolder()
    const source = createTileFolder(folder)
    for (const path of ["tile/0/000/file", "checkpoint/file"]) put(folder, path, "")
    writeFileSync(join(folder, "tile/0/001.p"), "")
    await expect(source.tile(0, 0, TILE_WIDTH)).rejects.toMatchObject({ code: "network" })
    await expect(source.checkpoint()).rejects.toMatchObject({ code: "network" })
    expect(await source.tile(0, 1, 9)).toBeUndefined()
  })
})
