// Copies of a log that runs: static files that fold to its checkpoint and are continued as it grows, and
// backups that are logs themselves.

import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { openHead, type Trust } from "../../../src/client/trust.ts"
import { formatHex } from "../../../src/core/base/text.ts"
import { decodeBundle } from "../../../src/core/tree/bundle.ts"
import { appendToRange, makeCompactRange, rangeRoot } from "../../../src/core/tree/compact-range.ts"
import { formatTilePath, TILE_WIDTH } from "../../../src/core/tree/tile.ts"
import { nativeHasher } from "../../../src/crypto/tree-hasher.ts"
import { countersign, serve } from "../process.ts"
import { grow } from "./load.ts"
import { newLog } from "./new-log.ts"

/** Folds the entry bundles below a folder; gives the size if that leads to the signed checkpoint. */
function foldedSize(folder: string, trust: Trust): number {
  const { size, root } = openHead(readFileSync(join(folder, "checkpoint"), "utf8"), trust)
  const range = makeCompactRange(0, [])
  while (range.size < size) {
    const width = Math.min(TILE_WIDTH, size - range.size)
    const path = formatTilePath({ kind: "entries", index: range.size / TILE_WIDTH, width })
    for (const body of decodeBundle(readFileSync(join(folder, path)), width)) {
      appendToRange(range, nativeHasher.leaf(body), nativeHasher)
    }
  }
  expect(formatHex(rangeRoot(range, nativeHasher))).toBe(formatHex(root))
  return size
}

/** Serves a folder as any file server would; gives its URL. */
async function serveFiles(folder: string): Promise<string> {
  const server = createServer(({ url = "" }, response) => {
    const file = join(folder, url)
    if (existsSync(file)) response.end(readFileSync(file))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test("an export folds to the checkpoint, is continued as the log grows, and is a log to fsck", async () => {
  const { folder, data, options, trust } = await newLog()
  const { url, client } = await serve(data, options)
  const out = join(folder, "www")
  for (const [more, size] of [
    [300, 300],
    [1, 301],
    [700, 1_001],
  ] as const) {
    await grow(client, more)
    const exported = await countersign("export-tiles", "--log", url, "--out", out)
    expect(exported).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`exported ${size} `),
    })
    expect(foldedSize(out, trust)).toBe(size)
  }
  const fsck = await countersign("fsck", "--log", await serveFiles(out), "--json")
  expect(fsck).toMatchObject({ code: 0 })
  expect(JSON.parse(fsck.stdout)).toMatchObject({ size: 1_001, findings: 0 })
})

test("an export into the folder of another log is refused and leaves that one as it is", async () => {
  const [first, second] = [await newLog(), await newLog()]
  const out = join(first.folder, "www")
  for (const log of [first, second]) {
    const { url, client } = await serve(log.data, log.options)
    await grow(client, 260)
    const exported = await countersign("export-tiles", "--log", url, "--out", out)
    if (log === first) expect(exported).toMatchObject({ code: 0 })
    else expect(exported).toMatchObject({ code: 1, stderr: expect.stringContaining("other bytes") })
  }
  expect(foldedSize(out, first.trust)).toBe(260)
})

test("a backup of a running log is whole, and a second one does not overwrite it", async () => {
  const { folder, data, options } = await newLog()
  const { url, client } = await serve(data, options)
  await grow(client, 600)
  const copy = join(folder, "copy", "log.db")
  const missing = await countersign("backup", "--data", data, "--out", copy)
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining(copy) })

  // Away from the guard of the log, which the copy is behind.
  const apart = join(folder, "apart")
  mkdirSync(apart)
  const out = join(apart, "log.db")
  const backing = countersign("backup", "--data", data, "--out", out)
  for (let i = 0; i < 5; i++) await grow(client, 60)
  const { code, stdout } = await backing
  expect(code).toBe(0)
  const size = Number(/^copied (\d+) entries to /.exec(stdout)?.[1])
  expect(size).toBeGreaterThanOrEqual(600)
  const again = await countersign("backup", "--data", data, "--out", out)
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining(out) })

  for (const [words, expected] of [
    [["--data", apart], size],
    [["--data", data], 900],
    [["--log", url], 900],
  ] as const) {
    const fsck = await countersign("fsck", ...words, "--json")
    expect(fsck).toMatchObject({ code: 0 })
    expect(JSON.parse(fsck.stdout)).toMatchObject({ size: expected, findings: 0 })
  }
})
