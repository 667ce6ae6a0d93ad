// Answers searches from an index that follows the log: brings it up to the head that the log had when it was
// asked, as far as there is time, and says how far it came.
import { Trouble } from "../../core/base/errors.ts"
import type { LogSearch } from "../ports/search.ts"
import type { SearchIndex } from "./index.ts"

/** Whether an index that cannot go on for this reason still answers with what it has. */
function standsStill(reason: unknown): boolean {
  return reason instanceof Trouble && (reason.code === "disk" || reason.code === "busy")
}

/** `patience` resolves when a search has waited long enough. */
export function createLogSearch(index: SearchIndex, patience: () => Promise<void>): LogSearch {
  async function catchUp(size: number): Promise<void> {
    if (index.size() >= size) return
    const followed = index.follow(size).catch((reason: unknown) => {
      if (!standsStill(reason)) throw reason
    })
    await Promise.race([followed, patience()])
  }

  return {
    indexed: () => index.size(),
    async search(query, page, size) {
      await catchUp(size)
      const completeUpTo = Math.min(size, index.size())
      return { ...(await index.search(query, page, completeUpTo)), completeUpTo }
    },
  }
}
