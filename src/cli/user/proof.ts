// `countersign proof`: fetches an inclusion or a consistency proof and prints it once it was verified up
// to the log's newest checkpoint. A proof to an older size is tied to that checkpoint by consistency.
import type { Command } from "commander"
import { assertSameHead, verifyPath } from "../../client/inclusion.ts"
import type { Inclusion } from "../../client/log-answer.ts"
import type { LogClient } from "../../client/log-client.ts"
import { refuse } from "../../core/base/errors.ts"
import { parseHex } from "../../core/base/text.ts"
import { formatTlogProof } from "../../core/note/tlog-proof.ts"
import { asHash, EMPTY_HEAD, type Hash, type Head, portableHasher } from "../../core/tree/hash.ts"
import { verifyConsistency } from "../../core/tree/proof.ts"
import { provenAnswer } from "../command/exit-code.ts"
import { type FetchedHead, fetchHead } from "../command/fetched-head.ts"
import { credentialOptions, logOption, openLog } from "../command/log-options.ts"
import { networkOptions } from "../command/network.ts"
import {
  choice,
  decimalArgument,
  defineCommand,
  gathered,
  parsed,
  type ValuesOf,
} from "../command/options.ts"
import { formatJson } from "../command/output.ts"
import { remarkPinning, trustOptions } from "../command/trust-options.ts"

const proofOptions = [
  logOption(),
  parsed("--leaf-hash <hex>", "the entry's leaf hash, instead of its index", (text) =>
    asHash(parseHex(text, "leaf hash"), "leaf hash"),
  ),
  parsed("--size <n>", "size of the tree that the proof leads to", decimalArgument),
  parsed(
    "--consistency <sizes...>",
    "prove that the tree of the second size extends the first",
    gathered(decimalArgument),
  ),
  choice("--format <form>", "how to print an inclusion proof", ["json", "tlog-proof"], "json"),
  ...trustOptions,
  ...credentialOptions,
  ...networkOptions,
] as const

type ProofOptions = ValuesOf<typeof proofOptions>

/** Proves that the tree of `head` begins with the tree of `older`. */
async function linkToHead(log: LogClient, older: Head, head: Head): Promise<void> {
  if (older.size === head.size) {
    provenAnswer(() => assertSameHead(older, head, "proof"))
    return
  }
  const path = await log.consistency(older.size, head.size)
  provenAnswer(() => verifyConsistency(older, head, path))
}

function assertCovered(size: number, head: Head): void {
  if (size <= head.size) return
  refuse("beyond-tree", `expected a size up to the checkpoint's ${head.size}, found ${size}`)
}

/** The head of an older tree as the log tells it, tied to `head`. */
async function olderHead(log: LogClient, size: number, head: Head): Promise<Head> {
  assertCovered(size, head)
  if (size === 0) return EMPTY_HEAD
  if (size === head.size) return head
  const { proof } = await log.inclusion(0, size)
  await linkToHead(log, proof, head)
  return proof
}

async function consistencyText(
  log: LogClient,
  sizes: readonly number[],
  head: FetchedHead,
): Promise<string> {
  const [from = 0, to = 0] = sizes
  const older = await olderHead(log, from, head)
  const newer = await olderHead(log, to, head)
  const hashes = await log.consistency(from, to)
  provenAnswer(() => verifyConsistency(older, newer, hashes))
  const roots = { oldRoot: older.root, newRoot: newer.root }
  return `${formatJson({ from, to, ...roots, hashes, checkpoint: head.checkpoint }, 2)}\n`
}

/** What a proof is asked for: an entry by its index, whose body is then read, or a leaf hash. */
type Wanted = { readonly index: number } | { readonly leafHash: Hash }

async function fetchInclusion(log: LogClient, wanted: Wanted, size: number): Promise<Inclusion> {
  if ("leafHash" in wanted) {
    return { ...(await log.inclusionOf(wanted.leafHash, size)), leafHash: wanted.leafHash }
  }
  const { index } = wanted
  const [{ body }, inclusion] = await Promise.all([log.entry(index), log.inclusion(index, size)])
  return { ...inclusion, leafHash: portableHasher.leaf(body) }
}

async function inclusionText(
  log: LogClient,
  wanted: Wanted,
  { size, format }: ProofOptions,
  head: FetchedHead,
): Promise<string> {
  assertCovered(size ?? 0, head)
  const { leafHash, proof } = await fetchInclusion(log, wanted, size ?? head.size)
  provenAnswer(() => verifyPath(leafHash, proof))
  await linkToHead(log, proof, head)
  const { checkpoint } = head
  if (format === "tlog-proof") {
    return formatTlogProof({ index: proof.index, path: proof.hashes, checkpoint })
  }
  const { index } = proof
  return `${formatJson({ index, leafHash, inclusionProof: proof, checkpoint }, 2)}\n`
}

type Question = { readonly sizes: readonly number[] } | Wanted

/** Exactly one thing may be asked for; anything else is a usage error. */
function questionOf(index: number | undefined, options: ProofOptions, command: Command): Question {
  const { leafHash, consistency, size, format } = options
  const asked = [index, leafHash, consistency].filter((it) => it !== undefined)
  if (asked.length !== 1) command.error("error: give one of INDEX, --leaf-hash and --consistency")
  if (format === "tlog-proof" && (consistency ?? size) !== undefined) {
    command.error("error: a tlog-proof is an inclusion proof under the newest checkpoint")
  }
  if (leafHash !== undefined) return { leafHash }
  if (index !== undefined) return { index }
  const sizes = consistency ?? []
  if (sizes.length !== 2) command.error("error: --consistency takes two sizes: FROM TO")
  return { sizes }
}

export const proofCommand = defineCommand({
  argument: ["[index]", "the entry's place, counted from 0", decimalArgument],
  options: proofOptions,
  help: `
Examples:
  countersign proof --log https://log.example.com 42 --format tlog-proof > 42.tlog-proof
  countersign proof --log https://log.example.com --consistency 100 200

Every proof is verified up to the log's newest checkpoint before it is printed; exits with 3 if
it does not hold.`,
  async run(options, called, index: number | undefined) {
    const question = questionOf(index, options, called.command)
    const { log, trust, terminal, output } = await openLog(called)
    const head = await fetchHead(log, trust)
    const text =
      "sizes" in question
        ? await consistencyText(log, question.sizes, head)
        : await inclusionText(log, question, options, head)
    terminal.stdout.write(text)
    remarkPinning(output, head.isPinned)
  },
})
