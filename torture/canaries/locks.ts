// Logs whose files are locked by their names, not by what they are.
import type { Canary } from "./canary.ts"

export const canaries: readonly Canary[] = [
  {
    name: "lock-by-name",
    harness: "places",
    without: "the lock on the guard's file itself",
    edits: [
      {
        file: "storage/disk/file-lock.js",
        found: "    lockFile(descriptor, path, what);\n",
        by: "",
      },
      {
        file: "storage/disk/file-lock.js",
        found: "onDisk(path, () => realpathSync(path))",
        by: "path",
      },
    ],
  },
]
