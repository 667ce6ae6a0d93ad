// Shows one client a tree that no honest log could have, signed by the log's keys: any leaf hashes over any
// bodies.
import { encodeBundle } from "../../src/core/tree/bundle.ts"
import type { Hash } from "../../src/core/tree/hash.ts"
import { nativeHasher } from "../../src/crypto/tree-hasher.ts"
import type { EvilLog } from "./evil-log.ts"
import type { Front } from "./front.ts"
import { makeTree } from "./made-tree.ts"

/** Shows up to 256 entries; their leaf hashes are the true ones unless others are given. */
export async function showTree(
  evil: EvilLog,
  { lies }: Front,
  bodies: readonly Uint8Array[],
  leafHashes: readonly Hash[] = bodies.map((body) => nativeHasher.leaf(body)),
): Promise<void> {
  const tree = makeTree(leafHashes)
  const note = await evil.sign(tree.head)
  lies.checkpoint = () => note
  lies.tile = (level, index, width) => tree.tile(level, index, width)
  lies.bundle = () => encodeBundle(bodies)
}
