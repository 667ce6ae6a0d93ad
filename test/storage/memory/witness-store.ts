// The store of a witness in memory, for tests: the same contract, except that nothing is durable.
import { asHash } from "../../../src/core/tree/hash.ts"
import { assertMayUnfreeze, follows } from "../../../src/storage/rules/witness-rules.ts"
import {
  type Advance,
  type Freeze,
  type KeptEvidence,
  type KnownLog,
  MOST_EVIDENCE_A_LOG,
  type WitnessedHead,
  type WitnessStore,
} from "../../../src/witness/store.ts"

function copyHead(head: WitnessedHead): WitnessedHead {
  return { ...head, root: asHash(head.root.slice()) }
}

export function createMemoryWitnessStore(): WitnessStore {
  const heads = new Map<string, WitnessedHead>()
  const freezes = new Map<string, Freeze>()
  const logs = new Map<string, KnownLog>()
  const evidence: KeptEvidence[] = []

  function advanceOne({ origin, from, to }: Advance): boolean {
    const isNext = follows(heads.get(origin), from, to)
    if (isNext) heads.set(origin, copyHead(to))
    return isNext
  }

  function keep(kept: KeptEvidence, isCause: boolean): void {
    const own = evidence.filter(({ origin }) => origin === kept.origin)
    if (!isCause && own.length >= MOST_EVIDENCE_A_LOG) return
    if (own.every((other) => other.evidence.id !== kept.evidence.id)) evidence.push(kept)
  }

  return {
    heads: async () => sorted(heads).map(copyHead),
    freezes: async () => sorted(freezes),
    logs: async () => sorted(logs),
    advance: async (advances) => advances.map(advanceOne),
    async setLog(log) {
      logs.set(log.origin, log)
    },
    async convict(origin, convicting, freeze) {
      const isCause = freeze && !freezes.has(origin)
      keep({ origin, evidence: convicting }, isCause)
      if (isCause) freezes.set(origin, { origin, cause: "proven", evidence: convicting.id })
    },
    async stop(origin, note) {
      freezes.set(origin, { origin, cause: "rolled-back", note })
    },
    async unfreeze(origin) {
      assertMayUnfreeze(origin, freezes.get(origin)?.cause)
      freezes.delete(origin)
    },
    evidence: async () => evidence.toSorted((a, b) => compare(a.origin, b.origin)),
    async close() {},
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): T[] {
  return Array.from(map)
    .sort(([a], [b]) => compare(a, b))
    .map(([, value]) => value)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
