// Which tests run where. `npm test` runs all of them; `npm run check` runs the project "unit", which fits into
// a minute: the floors that touch no disk, socket or process, but for the files that draw at random for long.
import { defineConfig } from "vitest/config"

/** The floors whose tests compute only; they share the modules they load, which halves their time. */
const unit = [
  "test/*.test.ts",
  "test/{client,core,entry,evidence,log,monitor,sigstore,tree,witness}/**/*.test.ts",
]

/** Thousands of random trees, histories and damaged files: minutes of work that a small change rarely needs. */
const long = [
  "test/client/damaged-bundles.test.ts",
  "test/client/verify/damaged.test.ts",
  "test/core/tree/proof.test.ts",
  "test/evidence/any-file.test.ts",
  "test/log/search/learning.test.ts",
  "test/log/search/search.test.ts",
  "test/monitor/heads/judge-histories.test.ts",
]

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: "unit", include: unit, exclude: long, isolate: false, pool: "threads" },
      },
      { extends: true, test: { name: "long", include: long } },
      {
        extends: true,
        test: { name: "whole", include: ["test/**/*.test.ts"], exclude: unit },
      },
    ],
  },
})
