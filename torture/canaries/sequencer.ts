// Logs and witnesses that were built with the faults that killed others, one each.
import type { Canary, Edit } from "./canary.ts"

const SEQUENCER = "log/sequencer.js"
const OPEN_LOG = "log/open-log.js"
const RULES = "storage/rules/commit.js"

function canary(name: string, without: string, ...edits: readonly Edit[]): Canary {
  return { name, harness: "simulator", without, edits }
}

const edit = (file: string, found: string, by: string): Edit => ({ file, found, by })

const READ_BACK = "        await readBack(store, from.size, to, range, hasher);\n"

export const canaries: readonly Canary[] = [
  canary(
    "signs-before-guard",
    "moving the guard before a head is signed",
    edit(
      SEQUENCER,
      "        await advanceGuard({ reader, guard, hasher }, from, to);\n",
      "        const early = await publish(signer, reader, to);\n" +
        "        await advanceGuard({ reader, guard, hasher }, from, to);\n",
    ),
    edit(SEQUENCER, "return await publish(signer, reader, to);", "return early;"),
  ),
  canary(
    "no-compare-and-swap",
    "comparing what the guard holds before it is moved",
    edit(
      RULES,
      "if (held.size !== from.size || !equalBytes(held.root, from.root)) {",
      "if (held.size !== from.size && held.size > to.size) {",
    ),
    edit(RULES, "if (to.size <= held.size ||", "if ("),
  ),
  canary(
    "answers-before-commit",
    "waiting for the commit before a head is signed",
    edit(SEQUENCER, "await store.commit({", "void store.commit({"),
    edit(
      SEQUENCER,
      "storedSideTerms(batch.sideTerms, from.size, hasher),\n        });",
      "storedSideTerms(batch.sideTerms, from.size, hasher),\n        }).catch(() => {});",
    ),
    edit(SEQUENCER, READ_BACK, ""),
  ),
  canary(
    "no-read-back",
    "reading a batch back before its head is signed",
    edit(SEQUENCER, READ_BACK, ""),
  ),
  canary(
    "ignores-failed-reload",
    "refusing to start on a tree that is not the head's",
    edit("tree/edge-loading.js", "if (!equalBytes(root, head.root)) {", "if (false) {"),
  ),
  canary(
    "goes-on-after-error",
    "ending after a write that failed",
    edit(OPEN_LOG, "return failFor(reason);", "throw reason;"),
  ),
  canary(
    "no-size-check",
    "refusing a database that is behind what was signed",
    edit(SEQUENCER, "if (stored.size < guarded.size) {", "if (false) {"),
    edit(
      SEQUENCER,
      "if (sameHead(guarded, to))",
      "if (to.size < guarded.size || sameHead(guarded, to))",
    ),
  ),
  canary(
    "no-root-check",
    "refusing a database with another tree of the size that was signed",
    edit(
      SEQUENCER,
      "if (stored.size === guarded.size && !sameHead(stored, guarded)) {",
      "if (false) {",
    ),
    edit(SEQUENCER, "if (sameHead(guarded, to))", "if (guarded.size === to.size)"),
  ),
  canary(
    "duplicates-by-prefix",
    "comparing a whole leaf hash before an entry counts as there",
    edit(
      OPEN_LOG,
      "if (equalBytes(await entries.leafHash(candidate), leafHash))",
      "if (equalBytes((await entries.leafHash(candidate)).subarray(0, 16), leafHash.subarray(0, 16)))",
    ),
  ),
  canary(
    "time-runs-back",
    "keeping times from running back",
    edit(SEQUENCER, "Math.max(read, head.time)", "read"),
    edit(RULES, " || to.time < held.time", ""),
  ),
  canary(
    "believes-the-signer",
    "verifying what a distant key gives",
    edit("crypto/keys/handle.js", "if (holds)", "if (holds || true)"),
  ),
  canary(
    "no-proof-for-the-guard",
    "proving that a tree extends the guarded one before the guard is moved",
    edit(SEQUENCER, "    verifyConsistency(guarded, to, path, proving.hasher);\n", ""),
  ),
  canary(
    "witness-without-proof",
    "proving to a witness that a tree extends the one it holds",
    edit("witness/judgement.js", "    verifyConsistency(held, checkpoint, proof, hasher);\n", ""),
  ),
  canary(
    "ignores-held-heads",
    "asking what others hold before anything is signed",
    edit(SEQUENCER, "    await assertHeldHeads(options.held ?? [], stored, rootAt);\n", ""),
  ),
]
