// Programs that do not look at what their databases hold.
import type { Canary } from "./canary.ts"

export const canaries: readonly Canary[] = [
  {
    name: "rows-not-covered",
    harness: "flips",
    without: "the comparison of a witness's rows with its chain",
    edits: [
      {
        file: "storage/sqlite/witness/history.js",
        found: "if (isCovered && isKept)",
        by: "if (isCovered || isKept || true)",
      },
    ],
  },
  {
    name: "tags-not-covered",
    harness: "flips",
    without: "the comparison of a monitor's tags with their signed digests",
    edits: [
      {
        file: "monitor/state/tag-cover.js",
        found: "if (tags === undefined || !equalBytes(hasher.leaf(tags), digest))",
        by: "if (false)",
      },
    ],
  },
]
