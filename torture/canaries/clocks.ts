// Programs that believe any clock.
import type { Canary } from "./canary.ts"

export const canaries: readonly Canary[] = [
  {
    name: "any-step",
    harness: "clock",
    without: "the bound on steps of the clock",
    edits: [{ file: "core/time/clock.js", found: "ahead <= STEP_BOUND_MS", by: "true" }],
  },
  {
    name: "any-start",
    harness: "clock",
    without: "the bound on the clock at the start",
    edits: [{ file: "core/time/clock.js", found: "now - known <= START_BOUND_MS", by: "true" }],
  },
  {
    name: "times-run-back",
    harness: "clock",
    without: "times that stand still after a step back",
    edits: [
      {
        file: "core/time/clock.js",
        found: "Math.max(newest, Math.floor(now))",
        by: "Math.floor(now)",
      },
      // Databases and guard would refuse such a time, too, and the process end before anybody saw it.
      {
        file: "storage/rules/commit.js",
        found: "!Number.isSafeInteger(to.time) || to.time < held.time",
        by: "!Number.isSafeInteger(to.time)",
      },
      {
        file: "../migrations/0006-digests.sql",
        found: "WHEN NEW.time < OLD.time\n",
        by: "WHEN 0\n",
      },
      {
        file: "../migrations/witness/0001-witness.sql",
        found: "NEW.size < OLD.size OR NEW.time < OLD.time",
        by: "NEW.size < OLD.size",
      },
    ],
  },
]
