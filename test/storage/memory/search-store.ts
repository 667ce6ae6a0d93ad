// The store of the search index in memory: everything is gone with the process. It keeps the contract of the one
// on a disk.
import { refuse } from "../../../src/core/base/errors.ts"
import type {
  FoldStep,
  LearntMessage,
  Progress,
  SearchStore,
  StoredRun,
  StoredTerms,
} from "../../../src/log/ports/search.ts"

const ROWS_AT_ONCE = 1_024

interface KeptRun extends StoredRun {
  readonly directory: Uint8Array
  readonly own: readonly Uint8Array[]
}

function copyTerms({ firstIndex, endIndex, bytes }: StoredTerms): StoredTerms {
  return { firstIndex, endIndex, bytes: bytes.slice() }
}

export function createMemorySearchStore(): SearchStore {
  let terms: readonly StoredTerms[] = []
  let unfinished: readonly Uint8Array[] = []
  const runs: KeptRun[] = []
  let progress: Progress = { opaqueUpTo: 0, attachedUpTo: 0, redactions: 0 }
  let learnt: readonly LearntMessage[] = []
  const opaque = new Map<number, Uint8Array>()

  const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

  function says({ terms: said }: LearntMessage, wanted: readonly Uint8Array[]): boolean {
    const own = Array.from({ length: said.length / 16 }, (_, i) => said.slice(16 * i, 16 * i + 16))
    return own.some((term) => wanted.some((other) => isSame(term, other)))
  }

  function fold({ run, firstPage, pages, finished }: FoldStep): void {
    unfinished = [...unfinished.slice(0, firstPage), ...pages.map((page) => page.slice())]
    if (finished === undefined) return
    const { endIndex } = finished
    const directory = finished.directory.slice()
    runs.push({ run, endIndex, pages: unfinished.length, directory, own: unfinished })
    terms = terms.filter((stored) => stored.endIndex > endIndex)
    unfinished = []
  }

  return {
    async terms(from) {
      const after = terms.filter(({ endIndex }) => endIndex > from)
      return after.slice(0, ROWS_AT_ONCE).map(copyTerms)
    },
    runs: async (from) =>
      runs.slice(from).map(({ run, endIndex, pages }) => ({ run, endIndex, pages })),
    directory: async (run) => runs[run]?.directory.slice(),
    page: async (run, page) => (runs[run]?.own ?? unfinished)[page]?.slice(),
    async append(step) {
      const end = terms.at(-1)?.endIndex ?? runs.at(-1)?.endIndex ?? 0
      if (end !== step.firstIndex) {
        refuse("conflict", `expected terms from entry ${end} on, found ${step.firstIndex}`)
      }
      terms = [...terms, copyTerms(step)]
      if (step.fold !== undefined) fold(step.fold)
    },
    progress: async () => progress,
    opaquePages: async () =>
      [...opaque]
        .toSorted(([a], [b]) => a - b)
        .map(([page, bytes]) => ({ page, bytes: bytes.slice() })),
    explained: async (keys) =>
      keys.map((key) =>
        learnt.some(({ keys: own }) => isSame(own.digest, key) || isSame(own.payload, key)),
      ),
    saying: async (wanted, after, limit) =>
      learnt
        .filter((message) => message.sequence > after && says(message, wanted))
        .slice(0, limit)
        .map(({ sequence, keys }) => ({ sequence, keys })),
    learnt: async (sequence) => learnt.find((message) => message.sequence === sequence),
    async learn({ message, forgotten, pages, progress: reached }) {
      if (message !== undefined && learnt.every(({ sequence }) => sequence !== message.sequence)) {
        learnt = [...learnt, message].toSorted((a, b) => a.sequence - b.sequence)
      }
      if (forgotten !== undefined) {
        learnt = learnt.filter(({ keys }) => !isSame(keys.digest, forgotten))
      }
      for (const { page, bytes } of pages) opaque.set(page, bytes.slice())
      progress = reached
    },
    async close() {},
  }
}
