// Logs and witnesses that were built with the faults that killed others, one each.
import type { Canary, Edit } from "./canary.ts"

const SEQUENCER = "log/sequencer.js"
const OPEN_LOG = "log/open-log.js"
const STANDING = "log/standing.js"
const CHAIN = "log/commit-chain.js"
const CLOCK = "core/time/clock.js"
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
      "        await guard.advance(from, to);\n",
      "        const early = await publish(signer, reader, to);\n" +
        "        await guard.advance(from, to);\n",
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
      "...present({ block }),\n        });",
      "...present({ block }),\n        }).catch(() => {});",
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
    edit(
      "log/writes.js",
      'const why = "the log stopped after an error";',
      'throw reason;\n        const why = "the log stopped after an error";',
    ),
  ),
  canary(
    "no-size-check",
    "refusing a database that is behind what was signed",
    edit(STANDING, "if (stored.size < guarded.size) {", "if (false) {"),
    edit(
      SEQUENCER,
      "if (sameHead(guarded, to))",
      "if (to.size < guarded.size || sameHead(guarded, to))",
    ),
    edit(SEQUENCER, "if (!sameHead(guarded, stored))", "if (stored.size > guarded.size)"),
    edit(CHAIN, "if (guarded.commits === undefined)", "if (stored.size < guarded.size)"),
  ),
  canary(
    "no-root-check",
    "refusing a database with another tree of the size that was signed",
    edit(
      STANDING,
      "if (stored.size === guarded.size && !sameHead(stored, guarded)) {",
      "if (false) {",
    ),
    edit(SEQUENCER, "if (!sameHead(guarded, stored))", "if (guarded.size !== stored.size)"),
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
    edit(CLOCK, "Math.max(newest, Math.floor(now))", "Math.floor(now)"),
    edit(RULES, " || to.time < held.time", ""),
  ),
  canary(
    "believes-any-clock",
    "doubting a clock that steps far forward",
    edit(CLOCK, "if (ahead <= STEP_BOUND_MS)", "if (true)"),
  ),
  canary(
    "times-not-covered",
    "refusing commits that are not those which the head covers",
    edit(CHAIN, "if (!isCovered) {", "if (false) {"),
  ),
  canary(
    "blocks-not-checked",
    "hashing a block of commits before a time in it is given away",
    edit(
      CHAIN,
      "if (rows.length !== BLOCK_COMMITS || !equalBytes(blockDigest(rows, hasher), digest)) {",
      "if (false) {",
    ),
  ),
  canary(
    "believes-the-signer",
    "verifying what a distant key gives",
    edit("crypto/keys/handle.js", "if (holds)", "if (holds || true)"),
  ),
  canary(
    "no-proof-for-the-guard",
    "proving that a tree extends the guarded one before the guard is moved",
    edit(SEQUENCER, "    verifyConsistency(guarded, to, path, hasher);\n", ""),
    edit(CHAIN, "if (guarded.commits === undefined)", "if (true)"),
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
