// Programs that give away what lies on the disk as it is.
import type { Canary } from "./canary.ts"

export const canaries: readonly Canary[] = [
  {
    name: "unchecked-entries",
    harness: "bitrot",
    without: "checking entries against the tree before they are given away",
    edits: [
      {
        file: "log/entry-reader.js",
        found: "if (equalBytes(hasher.leaf(body), nodeInTile(leaves, 0, index % TILE_WIDTH)))",
        by: "if (true || equalBytes(hasher.leaf(body), nodeInTile(leaves, 0, index % TILE_WIDTH)))",
      },
    ],
  },
]
