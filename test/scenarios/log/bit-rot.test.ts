// One flipped bit in the database file: `fsck` names what it hit, and no server gives it away.
import { readFileSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import { dataDirectory } from "../../../src/cli/log/data-directory.ts"
import { openLogKeys } from "../../../src/cli/log/signing/log-keys.ts"
import type { Receipt } from "../../../src/client/receipt.ts"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { createLogSigner } from "../../../src/crypto/signers/log-signer.ts"
import { nativeHasher } from "../../../src/crypto/tree-hasher.ts"
import { openSequencer } from "../../../src/log/sequencer.ts"
import { openGuardFile } from "../../../src/storage/files/guard-file.ts"
import { openSqliteStore } from "../../../src/storage/sqlite/log/store.ts"
import { countersign, serve, serveInVain } from "../process.ts"
import { grow } from "./load.ts"
import { type NewLog, newLog } from "./new-log.ts"

/** Three full bundles and some entries in none. */
const SIZE = 3 * 256 + 20

/** A stopped log, and the receipts of its entries in their order. */
async function filledLog(): Promise<NewLog & { receiptOf(index: number): Receipt }> {
  const log = await newLog()
  const served = await serve(log.data, log.options)
  const receipts = new Map<number, Receipt>()
  await grow(served.client, SIZE, (_, receipt) => receipts.set(receipt.index, receipt))
  await served.stop()
  return { ...log, receiptOf: (index) => receipts.get(index) as Receipt }
}

/** Makes a log too large to be kept in memory by its edge, of bodies that are no entries. */
async function largeLog(size: number): Promise<NewLog> {
  const log = await newLog()
  const keys = await openLogKeys(dataDirectory(log.data))
  const sequencer = await openSequencer({
    store: openSqliteStore(log.database),
    guard: openGuardFile(log.guard),
    signer: createLogSigner(parseOrigin("log.example"), keys),
    hasher: nativeHasher,
    now: Date.now,
  })
  const batch = 4_096
  for (let from = 0; from < size; from += batch) {
    const count = Math.min(batch, size - from)
    const bodies = Array.from({ length: count }, (_, i) => utf8(`body ${from + i}`))
    const leafHashes = bodies.map((body) => nativeHasher.leaf(body))
    await sequencer.append({ bodies, leafHashes })
  }
  await sequencer.close()
  return log
}

/** Flips one bit in every copy of these bytes: SQLite leaves old copies in pages that it has freed. */
function flipBit(file: string, bytes: Uint8Array): void {
  const content = readFileSync(file)
  let at = content.indexOf(bytes)
  expect(at).toBeGreaterThan(0)
  while (at >= 0) {
    content.writeUInt8(content.readUInt8(at + 7) ^ 1, at + 7)
    at = content.indexOf(bytes, at)
  }
  writeFileSync(file, content)
}

/** A part of a body that no other body has: the beginning of its digest. */
function ownPart({ body }: Receipt): Uint8Array {
  const start = Buffer.from(body).indexOf('"digest":"') + '"digest":"'.length
  return body.subarray(start, start + 40)
}

/** What `fsck` finds, as `WHAT WHERE`. */
async function findings(data: string): Promise<readonly string[]> {
  const { code, stdout } = await countersign("fsck", "--data", data)
  expect(code).toBe(3)
  return [...stdout.matchAll(/^((?:entry|tile|bundle|root) .+?): /gm)].map(([, name = ""]) => name)
}

async function statusOf(url: string, path: string): Promise<number> {
  const answer = await fetch(`${url}/${path}`)
  await answer.arrayBuffer()
  return answer.status
}

test("a flipped bit in a body: fsck names the entry, and the server does not give it away", async () => {
  const { data, database, options, receiptOf } = await filledLog()
  flipBit(database, ownPart(receiptOf(300)))
  expect(await findings(data)).toEqual([`root size ${SIZE}`, "entry 300"])
  const { url, client } = await serve(data, options)
  for (const path of ["v1/entries/300", "v1/entries/300/bundle", "tile/entries/001"]) {
    expect(await statusOf(url, path), path).toBe(500)
  }
  expect(await statusOf(url, "v1/entries/10")).toBe(200)
  // The tree does not depend on the body: the proof for the entry still holds.
  expect(await client.inclusion(300)).toMatchObject({ leafHash: receiptOf(300).leafHash })
})

test("a flipped bit in a body that no bundle holds yet: fsck finds it, and no server starts", async () => {
  const { data, database, options, receiptOf } = await filledLog()
  flipBit(database, ownPart(receiptOf(SIZE - 1)))
  expect(await findings(data)).toEqual([`root size ${SIZE}`])
  const refused = await serveInVain(data, options)
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("countersign fsck") })
})

test("a flipped bit in a tile next to the edge: fsck names the tile, and no server starts", async () => {
  const { data, database, options, receiptOf } = await filledLog()
  flipBit(database, receiptOf(300).leafHash)
  expect(await findings(data)).toEqual(["tile tile/0/001"])
  const refused = await serveInVain(data, options)
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("countersign fsck") })
})

test("a flipped bit in a tile far from the edge: fsck names it, and the server does not give it away", async () => {
  const { data, database, options } = await largeLog(256 * 256 + 300)
  flipBit(database, nativeHasher.leaf(utf8("body 1300")))
  expect(await findings(data)).toEqual(["tile tile/0/005"])
  const { url } = await serve(data, options)
  for (const path of [
    "tile/0/005",
    "tile/entries/005",
    "v1/entries/1300/proof",
    "v1/entries/1281",
  ]) {
    expect(await statusOf(url, path), path).toBe(500)
  }
  for (const path of ["tile/0/004", "tile/1/000", "tile/entries/006", "v1/entries/1279/proof"]) {
    expect(await statusOf(url, path), path).toBe(200)
  }
})
