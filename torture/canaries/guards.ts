// Logs that do not look before they sign or answer.
import type { Canary, Edit } from "./canary.ts"

/** Answers go out some time before their entries are in the database. */
const answersFirst: readonly Edit[] = [
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
    found: "        await proveGuarded(reader, from, to, hasher);\n",
    by: "",
  },
  {
    file: "log/sequencer.js",
    found: "        await guard.advance(from, to);\n",
    by: "",
  },
]

export const canaries: readonly Canary[] = [
  {
    name: "guard-not-compared",
    harness: "places",
    without: "the comparison of the database with the guard at the start",
    edits: [
      { file: "log/standing.js", found: "if (stored.size < guarded.size) {", by: "if (false) {" },
      {
        file: "log/standing.js",
        found: "    if (sameHead(guarded, stored))\n",
        by: "    if (sameHead(guarded, stored) || guarded.size > stored.size)\n",
      },
      {
        file: "log/sequencer.js",
        found: "    if (sameHead(guarded, to))\n",
        by: "    if (sameHead(guarded, to) || guarded.size > to.size)\n",
      },
      {
        file: "log/sequencer.js",
        found: "    await assertGuardedCommits(chain, stored, guarded);\n",
        by: "",
      },
      {
        file: "storage/files/guard-file.js",
        found: "            assertSuccessor(slots.newest.content.head, from, to);\n",
        by: "",
      },
    ],
  },
  {
    name: "answer-before-commit",
    harness: "kills",
    without: "the commit before the answer",
    edits: answersFirst,
  },
  {
    name: "answer-before-commit",
    harness: "double",
    without: "the commit before the answer",
    edits: answersFirst,
  },
  {
    name: "duplicates-not-looked-for",
    harness: "kills",
    without: "the look for an equal entry in the tree",
    edits: [
      {
        file: "log/open-log.js",
        found: "const known = await indexOf(leafHash);",
        by: "const known = await Promise.resolve(undefined);",
      },
    ],
  },
  {
    name: "intake-goes-on",
    harness: "space",
    without: "the watermark under which a log takes nothing",
    edits: [
      { file: "cli/log/free-space.js", found: "reason = free < least", by: "reason = false" },
    ],
  },
]
