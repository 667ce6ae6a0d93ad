// Full bundles of long entries, asked for by many at once: how much is hashed before others get a turn.
import { expect, test } from "vitest"
import { concat } from "../../src/core/base/bytes.ts"
import { encodeBundle } from "../../src/core/tree/bundle.ts"
import { createEntryReader } from "../../src/log/entry-reader.ts"
import type { TreeReader } from "../../src/tree/tree-reader.ts"
import { nodeHasher } from "../reference.ts"

const WIDTH = 256
const BUNDLES = 6
const LENGTH = 60_000

test("however many ask for long bundles, not more than twice 2 MiB is hashed in a turn", async () => {
  const bodies = Array.from({ length: WIDTH }, (_, i) => new Uint8Array(LENGTH).fill(i))
  const bytes = encodeBundle(bodies)
  const slab = concat(...bodies.map((body) => nodeHasher.leaf(body)))
  const leaves = { width: WIDTH, slab }
  let hashed = 0
  let most = 0
  const reader = createEntryReader({
    tree: { edge: { size: BUNDLES * WIDTH }, tile: async () => leaves } as unknown as TreeReader,
    reads: { bundle: async () => bytes, bodies: async () => [] },
    timeOf: async () => 0,
    hasher: {
      ...nodeHasher,
      leaf(body) {
        hashed += body.length
        most = Math.max(most, hashed)
        return nodeHasher.leaf(body)
      },
    },
    cachedBundleBytes: 1024 * 1024 * 1024,
    defer(callback) {
      setImmediate(() => {
        hashed = 0
        callback()
      })
    },
  })
  const asked = Array.from({ length: 30 }, (_, i) => reader.bundle(i % BUNDLES, WIDTH))
  for (const found of await Promise.all(asked)) expect(found).toBe(bytes)
  expect(most).toBeLessThanOrEqual(4 * 1024 * 1024 + LENGTH)
})
