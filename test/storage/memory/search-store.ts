// The store of the search index in memory: everything is gone with the process. It keeps the contract of the one
// on a disk.
import { refuse } from "../../../src/core/base/errors.ts"
import type {
  FoldStep,
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
    async close() {},
  }
}
