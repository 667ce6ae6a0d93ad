// Logs that do not look before they sign or answer.
import type { Canary } from "./canary.ts"

export const canaries: readonly Canary[] = [
  {
    name: "guard-not-compared",
    harness: "places",
    without: "the comparison of the database with the guard at the start",
    edits: [
      { file: "log/sequencer.js", found: "    assertNotBehind(stored, guarded);\n", by: "" },
      {
        file: "log/sequencer.js",
        found: "    if (sameHead(guarded, to))\n        return;\n",
        by: "    if (sameHead(guarded, to) || guarded.size > to.size)\n        return;\n",
      },
    ],
  },
  {
    name: "answer-before-commit",
    harness: "kills",
    without: "the commit before the answer",
    edits: [
      {
        file: "log/sequencer.js",
        found: "await store.commit({",
        by: "setTimeout((commit) => void store.commit(commit), 60, {",
      },
      {
        file: "log/sequencer.js",
        found: "        await readBack(store, from.size, to, range, hasher);\n",
        by: "",
      },
      {
        file: "log/sequencer.js",
        found: "        await advanceGuard({ reader, guard, hasher }, from, to);\n",
        by: "",
      },
    ],
  },
]
