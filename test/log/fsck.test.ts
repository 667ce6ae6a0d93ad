import { describe, expect, it } from "vitest"
import { sourceFromReads } from "../../src/cli/log/fsck-source.ts"
import { portableHasher } from "../../src/core/tree/hash.ts"
import { checkLog, type FsckSource } from "../../src/log/fsck.ts"
import { newDisk, openLogOn, proposalOf } from "./opened-log.ts"

const size = 700

async function grown() {
  const disk = newDisk()
  const { log } = await openLogOn(disk)
  await Promise.all(Array.from({ length: size }, (_, i) => log.add(proposalOf(`entry ${i}`))))
  const stored = sourceFromReads(disk.store, await disk.store.head())
  const served: FsckSource = {
    head: log.head(),
    hasPartialTiles: true,
    tile: (id, width) => log.tile(id, width),
    bundle: (index, width) => log.bundle(index, width),
  }
  return { stored, served }
}

function flip(bytes: Uint8Array | undefined, at: number): Uint8Array | undefined {
  return bytes?.map((byte, i) => (i === at ? byte ^ 16 : byte))
}

async function check(source: FsckSource) {
  return await checkLog({ source, hasher: portableHasher })
}

describe("fsck", () => {
  it("finds nothing in a log that is whole, stored or served, and counts what it read", async () => {
    const { stored, served } = await grown()
    expect(await check(stored)).toMatchObject({ size, entries: size, tiles: 2, findings: [] })
    expect(await check(served)).toMatchObject({ size, entries: size, tiles: 4, findings: [] })
  })

  it("names the entry whose body has one flipped bit", async () => {
    const { stored } = await grown()
    // 2 bytes of length and 9 of "entry NNN" an entry from 100 on: this is inside entry 300.
    const at = (300 - 256) * 11 + 5
    const source: FsckSource = {
      ...stored,
      bundle: async (index, width) =>
        index === 1 ? flip(await stored.bundle(index, width), at) : stored.bundle(index, width),
    }
    const { findings } = await check(source)
    expect(findings[0]).toMatchObject({ what: "root" })
    expect(findings[1]).toMatchObject({ what: "entry", where: "300" })
  })

  it("names the tile that has one flipped bit, and does not blame the entries", async () => {
    const { stored } = await grown()
    const source: FsckSource = {
      ...stored,
      tile: async (id, width) =>
        id.index === 1 ? flip(await stored.tile(id, width), 32 * 44 + 1) : stored.tile(id, width),
    }
    const { findings } = await check(source)
    expect(findings).toEqual([
      { what: "tile", where: "tile/0/001", reason: "does not hold the leaf hash of entry 300" },
    ])
  })

  it("names partial tiles above, missing bundles and a wrong root", async () => {
    const { served } = await grown()
    const above: FsckSource = {
      ...served,
      tile: async (id, width) =>
        id.level === 1 ? flip(await served.tile(id, width), 3) : served.tile(id, width),
    }
    expect((await check(above)).findings).toMatchObject([{ what: "tile", where: "tile/1/000.p/2" }])
    const hole: FsckSource = {
      ...served,
      bundle: async (index, width) => (index === 0 ? undefined : served.bundle(index, width)),
    }
    expect((await check(hole)).findings).toMatchObject([
      { what: "bundle", where: "tile/entries/000" },
    ])
    const other: FsckSource = {
      ...served,
      head: { size, root: portableHasher.leaf(new Uint8Array()) },
    }
    expect((await check(other)).findings).toMatchObject([{ what: "root", where: "size 700" }])
  })

  it("stops after the number of findings it was given", async () => {
    const { served } = await grown()
    const source: FsckSource = { ...served, bundle: async () => undefined }
    const report = await checkLog({ source, hasher: portableHasher, findingLimit: 2 })
    expect(report.findings.length).toBe(2)
  })
})
