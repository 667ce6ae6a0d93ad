// Programs that forget to wait for the disk, or answer before they have.
import type { Canary } from "./canary.ts"

const CONNECTION = "storage/sqlite/database/connection.js"
const GUARD = "storage/files/guard-file.js"

export const canaries: readonly Canary[] = [
  {
    name: "synchronous-normal",
    harness: "power",
    without: "waiting for the write-ahead log at each commit (synchronous = NORMAL)",
    edits: [{ file: CONNECTION, found: "full: 2,", by: "full: 1," }],
  },
  {
    name: "synchronous-off",
    harness: "power",
    without: "any sync of the database (synchronous = OFF)",
    edits: [{ file: CONNECTION, found: "full: 2,", by: "full: 0," }],
  },
  {
    name: "guard-unsynced",
    harness: "power",
    without: "a sync of the guard",
    edits: [{ file: GUARD, found: "fdatasyncSync(descriptor);", by: "" }],
  },
  {
    name: "guard-nameless",
    harness: "power",
    without: "a sync of the folder in which a new guard lies",
    edits: [{ file: GUARD, found: "    syncNameOf(path);", by: "" }],
  },
  {
    name: "keys-nameless",
    harness: "power",
    without: "a sync of the folder in which new keys lie",
    edits: [{ file: "cli/command/key-files.js", found: "    syncNameOf(file);", by: "" }],
  },
  {
    name: "folders-nameless",
    harness: "power",
    without: "a sync of the folders in which new folders lie",
    edits: [
      {
        file: "storage/disk/durable-file.js",
        found: "at !== above;",
        by: "at !== at;",
      },
    ],
  },
  {
    name: "answer-before-guard",
    harness: "power",
    without: "waiting for the guard before a head is signed",
    edits: [
      {
        file: "log/sequencer.js",
        found: "        await guard.advance(from, to);",
        by: "        setTimeout(() => void guard.advance(from, to), 20);",
      },
    ],
  },
  {
    name: "published-unsynced",
    harness: "power",
    without: "a sync of the published checkpoint",
    edits: [
      {
        file: "storage/files/published-file.js",
        found: "    await file.datasync();",
        by: "",
      },
    ],
  },
  {
    name: "signer-unsynced",
    harness: "power",
    without: "a sync of a signer's memory before it signs",
    edits: [
      {
        file: "storage/files/signer-memory.js",
        found: "            fdatasyncSync(descriptor);",
        by: "",
      },
    ],
  },
]
