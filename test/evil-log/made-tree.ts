// A tree over any leaf hashes, true or not, with the tiles that a server of it would give.
import { appendLeaf, edgeRoot, emptyEdge } from "../../src/core/tree/edge.ts"
import { HASH_SIZE, type Hash, type Head } from "../../src/core/tree/hash.ts"
import { nativeHasher as hasher } from "../../src/crypto/tree-hasher.ts"

export interface MadeTree {
  readonly head: Head
  tile(level: number, index: number, width: number): Uint8Array | undefined
}

function rootOf(leafHashes: readonly Hash[]): Hash {
  const edge = emptyEdge()
  for (const leafHash of leafHashes) appendLeaf(edge, leafHash, hasher)
  return edgeRoot(edge, hasher)
}

/** For small trees: every tile is computed when it is asked for. */
export function makeTree(leafHashes: readonly Hash[]): MadeTree {
  function node(level: number, index: number): Hash | undefined {
    if (level === 0) return leafHashes[index]
    const width = 256 ** level
    const below = leafHashes.slice(index * width, (index + 1) * width)
    return below.length === width ? rootOf(below) : undefined
  }
  return {
    head: { size: leafHashes.length, root: rootOf(leafHashes) },
    tile(level, index, width) {
      const tile = new Uint8Array(width * HASH_SIZE)
      for (let i = 0; i < width; i++) {
        const hash = node(level, index * 256 + i)
        if (hash === undefined) return undefined
        tile.set(hash, i * HASH_SIZE)
      }
      return tile
    },
  }
}
