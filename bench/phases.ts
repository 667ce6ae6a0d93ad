// The phases of a run, in their order. Reads have one core for the server and one for the generator;
// submissions share two cores with it, as verification can use both.
import type { Phase, Submissions } from "./runs/phase.ts"
import type { PublishPhase } from "./runs/publish-run.ts"

const KEYS = 64
/** Above what two cores can verify. */
const SINGLE_RATE = 16_000
const BATCH_RATE = 30_000
const LONE_RATE = 3_000

function submissions(name: string, connections: number, sends: Partial<Submissions> = {}): Phase {
  const usual = { keys: KEYS, entriesARequest: 1, entriesASecond: SINGLE_RATE } as const
  return {
    name,
    connections,
    split: "two cores shared",
    sends: { type: "submissions", ...usual, ...sends },
  }
}

function reads(name: string, path: (size: number) => string): Phase {
  return { name, connections: 64, split: "one core each", sends: { type: "reads", path } }
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}

const TILE_WIDTH = 256

/** The path of a full tile of leaf hashes, any of them. */
function tilePath(size: number): string {
  const digits = String(below(Math.floor(size / TILE_WIDTH))).padStart(9, "0")
  const groups = [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)]
  while (groups.length > 1 && groups[0] === "000") groups.shift()
  return `/tile/0/${groups.map((group, i) => (i + 1 < groups.length ? `x${group}/` : group)).join("")}`
}

export const readPhases: readonly Phase[] = [
  reads("proof", (size) => `/v1/entries/${below(size)}/proof`),
  reads("tile", tilePath),
  reads("checkpoint", () => "/checkpoint"),
]

export const submissionPhases: readonly Phase[] = [
  submissions("submit-1", 1, { entriesASecond: LONE_RATE }),
  submissions("submit-16", 16),
  submissions("submit-64", 64),
  submissions("submit-256", 256),
  submissions("submit-256-one-key", 256, { keys: 1 }),
  submissions("batch-100", 8, { entriesARequest: 100, entriesASecond: BATCH_RATE }),
]

/** A log on its own, and then the same one with witnesses that must cosign. */
export const publishPhases: readonly PublishPhase[] = [
  { ...submissions("publish-1-alone", 1, { entriesASecond: LONE_RATE }), hasWitnesses: false },
  { ...submissions("publish-64-alone", 64), hasWitnesses: false },
  {
    ...submissions("publish-1-waiting", 1, { entriesASecond: LONE_RATE, waits: true }),
    hasWitnesses: true,
  },
  { ...submissions("publish-64", 64), hasWitnesses: true },
  { ...submissions("publish-64-waiting", 64, { waits: true }), hasWitnesses: true },
]

/** What is measured again on a large log. */
export const largeSubmissionPhases: readonly Phase[] = submissionPhases.filter(({ name }) =>
  ["submit-1", "submit-256", "batch-100"].includes(name),
)
