import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { equalBytes } from "../../../src/core/base/bytes.ts"
import type { Hash, Head } from "../../../src/core/tree/hash.ts"
import {
  planConsistency,
  planInclusion,
  proofFromNodes,
  rootFromInclusion,
  rootsFromConsistency,
  verifyConsistency,
  verifyInclusion,
} from "../../../src/core/tree/proof.ts"
import type { NodeId } from "../../../src/core/tree/tree.ts"
import { bodies, mth, nodeHasher, path, proof, sha256 } from "../../reference.ts"
import { expectRefusal } from "../../refusals.ts"

const MOST = 64
const data = bodies(MOST)
const heads: readonly Head[] = Array.from({ length: MOST + 1 }, (_, size) => ({
  size,
  root: mth(data.slice(0, size)),
}))
const headAt = (size: number) => heads[size] as Head
const leafHashes = data.map(nodeHasher.leaf)
const leafAt = (index: number) => leafHashes[index] as Hash

const nodes = new Map<string, Hash>()
function nodeHash({ height, index }: NodeId): Hash {
  const name = `${height}/${index}`
  const known = nodes.get(name)
  if (known !== undefined) return known
  const hash = mth(data.slice(index * 2 ** height, (index + 1) * 2 ** height))
  nodes.set(name, hash)
  return hash
}

function flipped(hash: Hash): Hash {
  const copy = hash.slice() as Hash
  copy[31] = (copy[31] as number) ^ 1
  return copy
}

/** Every proof that differs from `hashes` by one damaged, lost, added or swapped hash. */
function damaged(hashes: readonly Hash[]): Hash[][] {
  const extra = sha256(Uint8Array.of(9))
  const all = [
    [...hashes, extra],
    [extra, ...hashes],
  ]
  for (let i = 0; i < hashes.length; i++) {
    all.push(hashes.with(i, flipped(hashes[i] as Hash)), hashes.toSpliced(i, 1))
    for (let j = 0; j < i; j++) {
      if (equalBytes(hashes[i] as Hash, hashes[j] as Hash)) continue
      all.push(hashes.with(i, hashes[j] as Hash).with(j, hashes[i] as Hash))
    }
  }
  return all
}

function everyIndex(action: (index: number, size: number) => void): void {
  for (let size = 1; size <= MOST; size++) {
    for (let index = 0; index < size; index++) action(index, size)
  }
}

function everyPair(action: (older: number, newer: number) => void): void {
  for (let newer = 1; newer <= MOST; newer++) {
    for (let older = 1; older <= newer; older++) action(older, newer)
  }
}

const includes = (index: number, head: Head, hashes: readonly Hash[], leaf = leafAt(index)) =>
  verifyInclusion(leaf, index, head, hashes, nodeHasher)
const continues = (older: Head, newer: Head, hashes: readonly Hash[]) =>
  verifyConsistency(older, newer, hashes, nodeHasher)

describe("inclusion, every index of every size to 64", () => {
  const pathOf = (index: number, size: number) =>
    proofFromNodes(planInclusion(index, size), nodeHash, nodeHasher)

  test("planInclusion() and proofFromNodes() give PATH of RFC 6962", () => {
    everyIndex((index, size) => {
      expect(pathOf(index, size)).toEqual(path(index, data.slice(0, size)))
    })
  })

  test("verifyInclusion() accepts every proof", () => {
    everyIndex((index, size) => includes(index, headAt(size), pathOf(index, size)))
  })

  test("verifyInclusion() refuses every proof with a damaged, lost, added or swapped hash", () => {
    everyIndex((index, size) => {
      for (const other of damaged(pathOf(index, size))) {
        expectRefusal("bad-proof", () => includes(index, headAt(size), other))
      }
    })
  })

  test("verifyInclusion() refuses another leaf, index, size and root", () => {
    everyIndex((index, size) => {
      const hashes = pathOf(index, size)
      const head = headAt(size)
      const leaf = leafAt(index)
      expectRefusal("bad-proof", () => includes(index, head, hashes, flipped(leaf)))
      expectRefusal("bad-proof", () => includes(index, { size, root: flipped(head.root) }, hashes))
      for (let other = 0; other <= size; other++) {
        if (other === index) continue
        expectRefusal("bad-proof", () => includes(other, head, hashes, leaf))
      }
      for (let other = 0; other <= MOST; other++) {
        if (other === size) continue
        expectRefusal("bad-proof", () => includes(index, headAt(other), hashes))
      }
    })
  })

  test("planInclusion() refuses an index that is not below the size", () => {
    expectRefusal("beyond-tree", () => planInclusion(0, 0))
    expectRefusal("beyond-tree", () => planInclusion(5, 5))
  })

  test("no fraction, negative number or NaN passes for an index or a size", () => {
    for (const odd of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expectRefusal("beyond-tree", () => planInclusion(odd, 8))
      expectRefusal("bad-proof", () => includes(odd, headAt(8), pathOf(0, 8), leafAt(0)))
      expectRefusal("bad-proof", () => includes(odd, headAt(8), pathOf(7, 8), leafAt(7)))
      expectRefusal("bad-proof", () => includes(0, { ...headAt(1), size: odd }, [], leafAt(0)))
      expectRefusal("malformed", () => planConsistency(odd, 8))
      expectRefusal("bad-proof", () => rootsFromConsistency(odd, 8, leafAt(0), []))
      expectRefusal("bad-proof", () => rootsFromConsistency(4, odd, leafAt(0), [leafAt(1)]))
    }
  })

  test("rootFromInclusion() gives the leaf hash as the root of a tree of one entry", () => {
    expect(rootFromInclusion(leafAt(0), 0, 1, [])).toBe(leafAt(0))
  })
})

describe("consistency, every pair of sizes to 64", () => {
  const proofOf = (older: number, newer: number) =>
    proofFromNodes(planConsistency(older, newer), nodeHash, nodeHasher)

  test("planConsistency() and proofFromNodes() give PROOF of RFC 6962", () => {
    everyPair((older, newer) => {
      expect(proofOf(older, newer)).toEqual(proof(older, data.slice(0, newer)))
    })
  })

  test("verifyConsistency() accepts every proof", () => {
    everyPair((older, newer) => continues(headAt(older), headAt(newer), proofOf(older, newer)))
  })

  test("verifyConsistency() refuses every proof with a damaged, lost, added or swapped hash", () => {
    everyPair((older, newer) => {
      for (const other of damaged(proofOf(older, newer))) {
        expectRefusal("bad-proof", () => continues(headAt(older), headAt(newer), other))
      }
    })
  })

  test("verifyConsistency() refuses other sizes and other roots", () => {
    everyPair((older, newer) => {
      const hashes = proofOf(older, newer)
      const [old, now] = [headAt(older), headAt(newer)]
      expectRefusal("bad-proof", () =>
        continues({ size: older, root: flipped(old.root) }, now, hashes),
      )
      expectRefusal("bad-proof", () =>
        continues(old, { size: newer, root: flipped(now.root) }, hashes),
      )
      for (let other = 1; other <= MOST; other++) {
        if (other !== older) {
          expectRefusal("bad-proof", () => continues(headAt(other), now, hashes))
        }
        if (other !== newer) {
          expectRefusal("bad-proof", () => continues(old, headAt(other), hashes))
        }
      }
    })
  })

  test("verifyConsistency() takes an empty proof only from size 0 and between equal sizes", () => {
    continues(headAt(0), headAt(7), [])
    continues(headAt(0), headAt(0), [])
    expectRefusal("bad-proof", () => continues(headAt(0), headAt(7), [leafAt(0)]))
    expectRefusal("bad-proof", () => continues(headAt(7), headAt(7), [headAt(7).root]))
    expectRefusal("bad-proof", () => continues(headAt(7), { size: 7, root: headAt(6).root }, []))
  })

  test("planConsistency() refuses an old size above the new one, and plans nothing from 0", () => {
    expectRefusal("malformed", () => planConsistency(8, 7))
    expect(planConsistency(0, 7)).toEqual([])
  })

  test("rootsFromConsistency() refuses size 0 and an old size above the new one", () => {
    expectRefusal("bad-proof", () => rootsFromConsistency(0, 7, leafAt(0), []))
    expectRefusal("bad-proof", () => rootsFromConsistency(8, 7, leafAt(0), []))
  })
})

describe("published vectors", () => {
  const hex = (hash: Hash) => Buffer.from(hash).toString("hex")
  const base64 = (hash: Hash) => Buffer.from(hash).toString("base64")
  const leavesOf = (entries: readonly Uint8Array[]) => ({
    inclusion: (index: number, size: number) =>
      proofFromNodes(planInclusion(index, size), nodeOf(entries), nodeHasher),
    consistency: (older: number, newer: number) =>
      proofFromNodes(planConsistency(older, newer), nodeOf(entries), nodeHasher),
  })
  const nodeOf = (entries: readonly Uint8Array[]) => (node: NodeId) =>
    mth(entries.slice(node.index * 2 ** node.height, (node.index + 1) * 2 ** node.height))

  test("the proofs over the Certificate Transparency leaves come out", () => {
    const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    leaves.push("606162636465666768696a6b6c6d6e6f")
    const tree = leavesOf(leaves.map((leaf) => new Uint8Array(Buffer.from(leaf, "hex"))))
    expect(tree.inclusion(0, 8).map(hex)).toEqual([
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ])
    expect(tree.consistency(6, 8).map(hex)).toEqual([
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ])
    expect(tree.consistency(2, 5).map(hex)).toEqual([
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ])
  })

  test("the proofs over fourteen single bytes come out", () => {
    const tree = leavesOf(Array.from({ length: 14 }, (_, i) => Uint8Array.of(i)))
    expect(tree.consistency(5, 14).map(base64)).toEqual([
      "TzUhLRL5rSA2SSyV8f55uvTse9m+89/6dXnyKT/1RqQ=",
      "nxr6TcEky6cxNOgv9Q8XyPcWQlfHn+2aE/WUOmrLjj0=",
      "u7D+sy9kjHP+FwUYvOwfZ1rxt4DcI9b78wt0XByl+hE=",
      "m81RJAr0AFFo8DMSG6hb5abtTw5qX6wmIGZym4+/3ss=",
      "v40GUF3fyAOIRLVB1QjEcoGoO1RpX+8XANB52/D07kM=",
    ])
    expect(tree.consistency(8, 14).map(base64)).toEqual([
      "v40GUF3fyAOIRLVB1QjEcoGoO1RpX+8XANB52/D07kM=",
    ])
    expect(tree.inclusion(10, 14).map(base64)).toEqual([
      "8Jp6EpVBaa5ZXRLYcOaaTACSADFX1yUj1ibSo5kCQeI=",
      "9+COmp6HgivXmgvyTRTHpDG+gHM2vTxQzLLSSbKpFAQ=",
      "Omno2fsjDdxCSaFF7tU4MOERloVL1OWIB2PyTlXuyT0=",
      "739JtiD2x+qbljohTaNLUCHG3tjtV3NDgKMRq3JqqQc=",
    ])
  })
})

describe("sizes to 2^53-1", () => {
  const size = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
  const placed = size.chain((n) => fc.tuple(fc.integer({ min: 0, max: n - 1 }), fc.constant(n)))
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes as Hash)

  test("a proof of the planned length implies a root, one of any other length is refused", () => {
    fc.assert(
      fc.property(placed, hash, ([index, n], sibling) => {
        const hashes = planInclusion(index, n).map(() => sibling)
        expect(rootFromInclusion(sibling, index, n, hashes, nodeHasher)).toHaveLength(32)
        const longer = [...hashes, sibling]
        expectRefusal("bad-proof", () => rootFromInclusion(sibling, index, n, longer, nodeHasher))
        if (hashes.length === 0) return
        const shorter = hashes.slice(1)
        expectRefusal("bad-proof", () => rootFromInclusion(sibling, index, n, shorter, nodeHasher))
      }),
    )
  })

  test("a consistency proof of the planned length implies roots, any other length is refused", () => {
    fc.assert(
      fc.property(placed, hash, ([index, n], sibling) => {
        const older = index + 1
        const hashes = planConsistency(older, n).map(() => sibling)
        const imply = (proofHashes: readonly Hash[]) =>
          rootsFromConsistency(older, n, sibling, proofHashes, nodeHasher)
        expect(imply(hashes).new).toHaveLength(32)
        expectRefusal("bad-proof", () => imply([...hashes, sibling]))
        if (hashes.length > 0) expectRefusal("bad-proof", () => imply(hashes.slice(1)))
      }),
    )
  })
})
