// Builds commits for the contract tests and remembers everything that they hold.

import { utf8 } from "../../src/core/base/bytes.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { encodeBundle } from "../../src/core/tree/bundle.ts"
import { appendLeaf, edgeRoot, emptyEdge } from "../../src/core/tree/edge.ts"
import { EMPTY_HEAD, portableHasher } from "../../src/core/tree/hash.ts"
import { TILE_WIDTH, tileBytes } from "../../src/core/tree/tile.ts"
import { chainEnd } from "../../src/log/commit-chain.ts"
import type {
  Commit,
  LogIdentity,
  StoredBundle,
  StoredTile,
  TimedHead,
} from "../../src/log/ports/store.ts"

export const startTime = 1_700_000_000_000

export const identity: LogIdentity = {
  origin: parseOrigin("log.example"),
  treeId: "9223372036854775807",
  keyFingerprints: ["a".repeat(64), "0".repeat(64)],
}

/** What a log holds after the commits that were made. */
export interface Reference {
  head: TimedHead
  readonly bodies: Uint8Array[]
  readonly tiles: StoredTile[]
  readonly bundles: StoredBundle[]
  /** The next commit: one millisecond after the last one unless a time is given. */
  next(bodies: readonly Uint8Array[], time?: number): Commit
  /** The same with `count` bodies of a few bytes each. */
  grow(count: number, time?: number): Commit
}

/** A reference without entries; `salt` makes the bodies of two of them differ. */
export function createReference(salt = ""): Reference {
  const edge = emptyEdge()
  const chain = chainEnd({ ...identity, created: startTime }, [], portableHasher)

  function next(bodies: readonly Uint8Array[], time = reference.head.time + 1): Commit {
    const from = reference.head
    const tiles: StoredTile[] = []
    for (const body of bodies) {
      for (const { id, nodes } of appendLeaf(edge, portableHasher.leaf(body), portableHasher)) {
        tiles.push({ id, hashes: tileBytes(nodes, TILE_WIDTH) })
      }
    }
    reference.bodies.push(...bodies)
    const bundles: StoredBundle[] = []
    for (let end = TILE_WIDTH; end <= edge.size; end += TILE_WIDTH) {
      if (end <= from.size) continue
      const bytes = encodeBundle(reference.bodies.slice(end - TILE_WIDTH, end))
      bundles.push({ index: end / TILE_WIDTH - 1, bytes })
    }
    reference.tiles.push(...tiles)
    reference.bundles.push(...bundles)
    const { commits, block } = chain.append({ size: edge.size, time })
    reference.head = { size: edge.size, root: edgeRoot(edge, portableHasher), time, commits }
    const beside = { attachments: [], sideTerms: [], ...(block && { block }) }
    return { from, to: reference.head, bodies, tiles, bundles, ...beside }
  }

  const reference: Reference = {
    head: { ...EMPTY_HEAD, time: startTime, commits: chain.commits() },
    bodies: [],
    tiles: [],
    bundles: [],
    next,
    grow(count, time) {
      const first = reference.bodies.length
      return next(
        Array.from({ length: count }, (_, i) => utf8(`entry ${first + i} ${salt}`)),
        time,
      )
    },
  }
  return reference
}
