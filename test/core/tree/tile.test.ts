import { createHash } from "node:crypto"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { equalBytes } from "../../../src/core/base/bytes.ts"
import { formatHex } from "../../../src/core/base/text.ts"
import {
  appendLeaf,
  edgeRoot,
  edgeTile,
  emptyEdge,
  type FilledTile,
} from "../../../src/core/tree/edge.ts"
import type { Hash, Head } from "../../../src/core/tree/hash.ts"
import {
  planConsistency,
  planInclusion,
  proofFromNodes,
  verifyConsistency,
  verifyInclusion,
} from "../../../src/core/tree/proof.ts"
import {
  appendToTile,
  emptyTile,
  formatTilePath,
  hashesAtLevel,
  nodeInTile,
  nodePlace,
  parseTilePath,
  partialTiles,
  type TileId,
  type TileNodes,
  tileBytes,
  tileFromHashes,
  tileRoot,
  tileWidth,
} from "../../../src/core/tree/tile.ts"
import type { NodeId } from "../../../src/core/tree/tree.ts"
import { bodies, mth, nodeHasher, sha256, singleBytes } from "../../reference.ts"
import { expectRefusal } from "../../refusals.ts"

function joined(hashes: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(hashes))
}

/** The hashes of a tile as C2SP tlog-tiles defines them: roots of 256^level entries each. */
function referenceTile(data: readonly Uint8Array[], id: TileId, width: number): Uint8Array {
  const span = 256 ** id.level
  const first = id.index * 256
  return joined(
    Array.from({ length: width }, (_, i) =>
      mth(data.slice((first + i) * span, (first + i + 1) * span)),
    ),
  )
}

describe("edge, every size from 1 to 600", () => {
  const data = bodies(600)

  test("edgeRoot() gives MTH", () => {
    const edge = emptyEdge()
    expect(edgeRoot(edge, nodeHasher)).toEqual(mth([]))
    data.forEach((body, i) => {
      appendLeaf(edge, nodeHasher.leaf(body), nodeHasher)
      expect(edge.size).toBe(i + 1)
      expect(edgeRoot(edge, nodeHasher)).toEqual(mth(data.slice(0, i + 1)))
    })
  })

  test("every partial tile holds the hashes of its level", () => {
    const edge = emptyEdge()
    data.forEach((body, i) => {
      appendLeaf(edge, nodeHasher.leaf(body), nodeHasher)
      for (const { tile, width } of partialTiles(i + 1)) {
        const nodes = edgeTile(edge, tile) as TileNodes
        expect(nodes.width).toBe(width)
        // Level 0 in full at some sizes only: the hashes of a tile never change once they are there.
        if (tile.level === 0 && i % 64 !== 63) {
          const last = tileBytes(nodes, width).subarray(-32)
          expect(last).toEqual(nodeHasher.leaf(body))
        } else {
          expect(tileBytes(nodes, width)).toEqual(referenceTile(data.slice(0, i + 1), tile, width))
        }
      }
    })
  })

  test("appendLeaf() gives each tile once, when it is full", () => {
    const edge = emptyEdge()
    const filled: [number, FilledTile][] = []
    data.forEach((body, i) => {
      for (const tile of appendLeaf(edge, nodeHasher.leaf(body), nodeHasher)) {
        filled.push([i + 1, tile])
      }
    })
    expect(filled.map(([size, { id }]) => [size, id])).toEqual([
      [256, { level: 0, index: 0 }],
      [512, { level: 0, index: 1 }],
    ])
    for (const [, { id, nodes }] of filled) {
      expect(tileBytes(nodes, 256)).toEqual(referenceTile(data, id, 256))
      expect(tileRoot(nodes)).toEqual(mth(data.slice(id.index * 256, id.index * 256 + 256)))
      expect(edgeTile(edge, id)).toBeUndefined()
    }
  })
})

describe("a tree of 65,537 entries and some more", () => {
  const SIZE = 66_000
  const heads = new Map<number, Head>()
  const tiles = new Map<string, TileNodes>()
  const leaves: Hash[] = []
  const edge = emptyEdge()
  const wanted = [255, 256, 257, 65_535, 65_536, 65_537, SIZE]
  for (let i = 0; i < SIZE; i++) {
    const leaf = nodeHasher.leaf(Uint8Array.of(i >> 16, i >> 8, i))
    leaves.push(leaf)
    for (const { id, nodes } of appendLeaf(edge, leaf, nodeHasher)) {
      tiles.set(`${id.level}/${id.index}`, nodes)
    }
    if (wanted.includes(i + 1)) {
      heads.set(i + 1, { size: i + 1, root: edgeRoot(edge, nodeHasher) })
    }
  }
  const hashOf = (node: NodeId) => {
    const { tile, height, offset } = nodePlace(node)
    const nodes = tiles.get(`${tile.level}/${tile.index}`) ?? edgeTile(edge, tile)
    return nodeInTile(nodes as TileNodes, height, offset)
  }
  const headAt = (size: number) => heads.get(size) as Head

  test("fills 257 tiles of level 0 and one of level 1", () => {
    expect([...tiles.keys()].filter((name) => name.startsWith("0/"))).toHaveLength(257)
    expect([...tiles.keys()].filter((name) => name.startsWith("1/"))).toEqual(["1/0"])
    expect(edgeTile(edge, { level: 2, index: 0 })?.width).toBe(1)
  })

  test("proofs read from tiles verify", () => {
    for (const size of wanted) {
      for (const index of [0, 1, 254, Math.floor(size / 2), size - 2, size - 1]) {
        const hashes = proofFromNodes(planInclusion(index, size), hashOf, nodeHasher)
        verifyInclusion(leaves[index] as Hash, index, headAt(size), hashes, nodeHasher)
      }
      for (const older of wanted.filter((other) => other <= size)) {
        const hashes = proofFromNodes(planConsistency(older, size), hashOf, nodeHasher)
        verifyConsistency(headAt(older), headAt(size), hashes, nodeHasher)
      }
    }
  })

  test("nodeInTile() refuses a node that the tile does not have yet", () => {
    const last = edgeTile(edge, { level: 0, index: 257 }) as TileNodes
    expect(last.width).toBe(SIZE % 256)
    expectRefusal("beyond-tree", () => nodeInTile(last, 0, last.width))
    expectRefusal("beyond-tree", () => nodeInTile(last, 8, 0))
    expectRefusal("beyond-tree", () => tileRoot(last))
  })
})

describe("tile content", () => {
  test("tileFromHashes() builds what appendToTile() grows, at every width", () => {
    const grown = emptyTile()
    const hashes: Uint8Array[] = []
    for (let width = 1; width <= 256; width++) {
      const hash = sha256(Uint8Array.of(width - 1))
      hashes.push(hash)
      appendToTile(grown, hash, nodeHasher)
      const built = tileFromHashes(joined(hashes), nodeHasher)
      expect(built.width).toBe(width)
      expect(equalBytes(built.slab, grown.slab)).toBe(true)
    }
  })

  test("tileFromHashes() refuses anything but 1 to 256 whole hashes", () => {
    for (const length of [0, 31, 33, 257 * 32]) {
      expectRefusal("malformed", () => tileFromHashes(new Uint8Array(length), nodeHasher))
    }
  })

  test("the full tile over 256 single bytes is the published one", () => {
    const tile = tileFromHashes(joined(singleBytes(256).map(nodeHasher.leaf)), nodeHasher)
    expect(formatHex(tileRoot(tile))).toBe(
      "0387b1bfaad194ad5b534d6a57c9710a83484cb544258df5f4df94bc41820b5f",
    )
    expect(formatHex(sha256(tileBytes(tile, 256)))).toBe(
      "28228937e55af53c1517329fdbfd33d2d43200d0be86f765eae4dfae6f07f5b1",
    )
  })

  test("one flipped bit in any hash of a tile changes its root", () => {
    const whole = joined(singleBytes(256).map(nodeHasher.leaf))
    const root = tileRoot(tileFromHashes(whole, nodeHasher))
    for (let i = 0; i < 256; i++) {
      const damaged = whole.slice()
      damaged[i * 32 + (i % 32)] = (damaged[i * 32 + (i % 32)] as number) ^ (1 << (i % 8))
      expect(tileRoot(tileFromHashes(damaged, nodeHasher))).not.toEqual(root)
    }
  })
})

describe("roots of single bytes", () => {
  test("the roots of sizes 0 to 130 have the published digest", () => {
    const edge = emptyEdge()
    const digest = createHash("sha256")
    for (let size = 0; size <= 130; size++) {
      if (size > 0) appendLeaf(edge, nodeHasher.leaf(Uint8Array.of(size - 1)), nodeHasher)
      digest.update(`${size} ${formatHex(edgeRoot(edge, nodeHasher))}\n`)
    }
    expect(digest.digest("hex")).toBe(
      "9c67f07f906103b6bf201842a50ff0b8c91fca9b3e211334a6b7aa3133165dec",
    )
  })

  test("the roots of the Certificate Transparency leaves are the published ones", () => {
    const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    leaves.push("606162636465666768696a6b6c6d6e6f")
    const edge = emptyEdge()
    const roots = leaves.map((leaf) => {
      appendLeaf(edge, nodeHasher.leaf(Buffer.from(leaf, "hex")), nodeHasher)
      return formatHex(edgeRoot(edge, nodeHasher))
    })
    expect(roots).toEqual([
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ])
  })
})

describe("where tiles are", () => {
  test("partialTiles() gives the right edge of C2SP tlog-tiles", () => {
    const named = (size: number) =>
      partialTiles(size).map(({ tile, width }) => formatTilePath({ kind: "tile", ...tile, width }))
    expect(named(0)).toEqual([])
    expect(named(1)).toEqual(["tile/0/000.p/1"])
    expect(named(255)).toEqual(["tile/0/000.p/255"])
    expect(named(256)).toEqual(["tile/1/000.p/1"])
    expect(named(257)).toEqual(["tile/0/001.p/1", "tile/1/000.p/1"])
    expect(named(65_536)).toEqual(["tile/2/000.p/1"])
    expect(named(65_537)).toEqual(["tile/0/256.p/1", "tile/2/000.p/1"])
    expect(named(70_000)).toEqual(["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"])
  })

  test("tileWidth() is 0 beyond the tree and 256 for full tiles", () => {
    expect(tileWidth({ level: 0, index: 273 }, 70_000)).toBe(112)
    expect(tileWidth({ level: 0, index: 272 }, 70_000)).toBe(256)
    expect(tileWidth({ level: 0, index: 274 }, 70_000)).toBe(0)
    expect(tileWidth({ level: 2, index: 0 }, 65_535)).toBe(0)
    expect(tileWidth({ level: 63, index: 0 }, Number.MAX_SAFE_INTEGER)).toBe(0)
    expect(hashesAtLevel(6, 2 ** 48)).toBe(1)
  })

  test("nodePlace() puts a node into the tile that covers it", () => {
    const node = fc.integer({ min: 0, max: 52 }).chain((height) =>
      fc.tuple(
        fc.constant(height),
        fc.maxSafeNat().map((n) => n % 2 ** (53 - height)),
      ),
    )
    fc.assert(
      fc.property(node, ([height, index]) => {
        const place = nodePlace({ height, index })
        expect(place.height).toBeLessThan(8)
        expect(place.tile.level * 8 + place.height).toBe(height)
        expect(place.offset).toBeLessThan(2 ** (8 - place.height))
        const inRow = BigInt(place.tile.index) << BigInt(8 - place.height)
        expect(inRow + BigInt(place.offset)).toBe(BigInt(index))
      }),
    )
  })
})

describe("tile paths", () => {
  const index = (n: number) => formatTilePath({ kind: "tile", level: 0, index: n, width: 256 })

  test("formatTilePath() groups digits as C2SP tlog-tiles does", () => {
    expect(index(0)).toBe("tile/0/000")
    expect(index(5)).toBe("tile/0/005")
    expect(index(67)).toBe("tile/0/067")
    expect(index(999)).toBe("tile/0/999")
    expect(index(1000)).toBe("tile/0/x001/000")
    expect(index(1_234_067)).toBe("tile/0/x001/x234/067")
    expect(index(123_456_789)).toBe("tile/0/x123/x456/789")
    expect(formatTilePath({ kind: "tile", level: 0, index: 1_234_067, width: 8 })).toBe(
      "tile/0/x001/x234/067.p/8",
    )
    expect(formatTilePath({ kind: "entries", index: 1000, width: 255 })).toBe(
      "tile/entries/x001/000.p/255",
    )
  })

  const refused = [
    "",
    "tile/00/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/0/67",
    "tile/0/0067",
    "tile/0/001/234",
    "tile/0/x000/001",
    "tile/0/x001/x234",
    "tile/0/x001%2F234",
    "tile/0//000",
    "tile/0/000/",
    "/tile/0/000",
    "tile/0/000.p/0",
    "tile/0/000.p/012",
    "tile/0/000.p/256",
    "tile/0/000.p/",
    "tile/0/000.p/1\n",
    "tile/data/000",
    "tile/entries/000.p/00",
    // 2^53 and 2^56-1, paths of C2SP tlog-tiles that this log cannot reach.
    "tile/0/x009/x007/x199/x254/x740/992",
    "tile/0/x072/x057/x594/x037/x927/935",
    `tile/0/${"x001/".repeat(20)}000`,
  ]
  for (const path of refused) {
    test(`parseTilePath() refuses ${JSON.stringify(path.slice(0, 40))}`, () => {
      expectRefusal("malformed", () => parseTilePath(path))
    })
  }

  test("parseTilePath() gives back what formatTilePath() prints", () => {
    const width = fc.integer({ min: 1, max: 256 })
    const resource = fc.oneof(
      fc.record({
        kind: fc.constant("tile" as const),
        level: fc.integer({ min: 0, max: 63 }),
        index: fc.maxSafeNat(),
        width,
      }),
      fc.record({ kind: fc.constant("entries" as const), index: fc.maxSafeNat(), width }),
    )
    fc.assert(
      fc.property(resource, (value) => {
        expect(parseTilePath(formatTilePath(value))).toEqual(value)
      }),
    )
  })
})
