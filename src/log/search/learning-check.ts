// Checks what an index has learnt of messages, and which entries it takes for opaque, against the log. What is wrong is
// mended by making the index again.
import { equalBytes } from "../../core/base/bytes.ts"
import { Trouble } from "../../core/base/errors.ts"
import type { TreeHasher } from "../../core/tree/hash.ts"
import type { LearntReads, Progress } from "../ports/search.ts"
import { createExplainableReader, messageKeys } from "./explaining.ts"
import { createTermHasher } from "./hash.ts"
import type { MessageSource } from "./learning.ts"
import { createOpaqueSet } from "./opaque-set.ts"
import { hasTerms } from "./segment.ts"
import type { TermSource } from "./term-source.ts"

interface LearningCheck extends MessageSource {
  readonly index: LearntReads
  readonly source: TermSource
  readonly hasher: TreeHasher
  /** How many entries the index has. */
  readonly size: number
}

/** Where something is wrong, and what. */
interface LearningFinding {
  readonly where: string
  readonly reason: string
}

const ENTRIES_AT_ONCE = 1_024
const MOST_FINDINGS = 100

async function checkMessage(
  { index, reads, terms, hasher }: LearningCheck,
  sequence: number,
  hashTerms: ReturnType<typeof createTermHasher>,
): Promise<string | undefined> {
  const stored = await reads.messages.at(sequence)
  const learnt = await index.learnt(sequence)
  if (stored?.bytes === undefined) {
    return learnt === undefined ? undefined : "is found by what was redacted"
  }
  if (learnt === undefined) return "is not found"
  const keys = messageKeys(stored.digest, hasher)
  const expected = hashTerms(terms.ofMessage(stored.bytes))
  const isSame =
    equalBytes(keys.digest, learnt.keys.digest) &&
    equalBytes(keys.payload, learnt.keys.payload) &&
    hasTerms(learnt.terms, expected) &&
    hasTerms(expected, learnt.terms)
  return isSame ? undefined : "is not found by what it says"
}

async function checkMessages(check: LearningCheck, upTo: number): Promise<LearningFinding[]> {
  const hashTerms = createTermHasher(check.hasher)
  const findings: LearningFinding[] = []
  for (let sequence = 1; sequence <= upTo && findings.length < MOST_FINDINGS; sequence++) {
    const reason = await checkMessage(check, sequence, hashTerms)
    if (reason !== undefined) findings.push({ where: `message ${sequence}`, reason })
  }
  return findings
}

/** Of each of these entries whether it is opaque, by what the log has and the index has learnt. */
async function judged(
  { index, source, reads, hasher }: LearningCheck,
  from: number,
  to: number,
): Promise<readonly boolean[]> {
  const explainableOf = createExplainableReader(hasher)
  const kept = new Set(await reads.attached(from, to))
  const found = (await source(from, to)).map(explainableOf)
  const keys = found.map((it) => it?.key ?? new Uint8Array(16))
  const explained = await index.explained(keys)
  return found.map((it, i) => {
    if (it === undefined) return true
    return !(explained[i] === true || (it.isPayload && kept.has(from + i)))
  })
}

async function checkOpaque(check: LearningCheck, upTo: number): Promise<LearningFinding[]> {
  const opaque = createOpaqueSet(await check.index.opaquePages(), check.hasher)
  const findings: LearningFinding[] = []
  for (let from = 0; from < upTo; from += ENTRIES_AT_ONCE) {
    const to = Math.min(upTo, from + ENTRIES_AT_ONCE)
    for (const [i, isOpaque] of (await judged(check, from, to)).entries()) {
      if (opaque.has(from + i) === isOpaque) continue
      const reason = isOpaque ? "is opaque and not counted" : "is counted and not opaque"
      findings.push({ where: `entry ${from + i}`, reason })
      if (findings.length >= MOST_FINDINGS) return findings
    }
  }
  return findings
}

async function checkAll(check: LearningCheck, progress: Progress): Promise<LearningFinding[]> {
  const { messages } = check.reads
  const newest = await messages.newest()
  const { attachedUpTo, opaqueUpTo } = progress
  if (attachedUpTo > newest || opaqueUpTo > check.size) {
    const found = `messages up to ${attachedUpTo} and entries up to ${opaqueUpTo}`
    return [{ where: "learnt", reason: `has ${found}, the log has ${newest} and ${check.size}` }]
  }
  const { entries, digests } = await messages.redactions()
  // A redaction of a stopped log is taken into account when the log starts.
  if (progress.redactions !== entries.length + digests.length) return []
  return [...(await checkMessages(check, attachedUpTo)), ...(await checkOpaque(check, opaqueUpTo))]
}

/** Reads all that was learnt, and all of the log that it is of, once. */
export async function checkLearning(check: LearningCheck): Promise<LearningFinding[]> {
  try {
    return await checkAll(check, await check.index.progress())
  } catch (error) {
    if (!(error instanceof Trouble && error.code === "damaged")) throw error
    return [{ where: "learnt", reason: error.message }]
  }
}
