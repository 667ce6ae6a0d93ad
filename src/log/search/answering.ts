// Answers searches from an index that follows the log: brings it up to the head and the messages that the log had
// when it was asked, as far as there is time, and says how far it came.
import { Trouble } from "../../core/base/errors.ts"
import type { LogSearch, SearchAsked } from "../ports/search.ts"
import type { SearchIndex } from "./index.ts"

/** Whether an index that cannot go on for this reason still answers with what it has. */
function standsStill(reason: unknown): boolean {
  return reason instanceof Trouble && (reason.code === "disk" || reason.code === "busy")
}

/**
 * `patience` resolves when a search has waited long enough. Messages that cannot be learnt keep no answer back: it
 * says up to which it knows. `onTrouble` is told why they cannot.
 */
export function createLogSearch(
  index: SearchIndex,
  patience: () => Promise<void>,
  onTrouble: (reason: unknown) => void = () => {},
): LogSearch {
  async function follow(size: number): Promise<void> {
    try {
      await index.follow(size)
    } catch (reason) {
      if (!standsStill(reason)) throw reason
    }
  }

  async function bringUpTo({ size, attached }: SearchAsked): Promise<void> {
    if (index.size() < size) await follow(size)
    if (index.indexed().attachedUpTo < attached) await index.learn().catch(onTrouble)
  }

  async function catchUp(asked: SearchAsked): Promise<void> {
    if (index.size() >= asked.size && index.indexed().attachedUpTo >= asked.attached) return
    await Promise.race([bringUpTo(asked), patience()])
  }

  return {
    indexed: () => index.indexed(),
    async search(asked) {
      await catchUp(asked)
      const { query, size: wanted, attached: _, ...page } = asked
      const completeUpTo = Math.min(wanted, index.size())
      const found = await index.search(query, page, completeUpTo)
      return page.isOpaque === true
        ? { ...found, completeUpTo: Math.min(completeUpTo, found.opaque.upTo) }
        : { ...found, completeUpTo }
    },
  }
}
