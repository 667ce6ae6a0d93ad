// The heads under which bundles were proven, remembered in a file once all of them are verified (`--heads`).
import type { Trust } from "../../client/trust.ts"
import { rememberCheckpoints } from "../user/remembered-heads.ts"

export interface Heads {
  /** Checkpoints that were verified. */
  take(checkpoints: readonly string[]): void
  /** Throws a falsehood if two heads contradict each other, and as the file's reader does. */
  remember(): Promise<void>
}

/** Each is compared with each of the others, and the file keeps fewer. */
const MOST_AT_ONCE = 512

export function createHeads(path: string, trust: Trust): Heads {
  const taken = new Set<string>()
  return {
    take(checkpoints) {
      for (const each of checkpoints) taken.add(each)
    },
    async remember() {
      const all = [...taken]
      for (let i = 0; i < all.length; i += MOST_AT_ONCE) {
        await rememberCheckpoints(path, all.slice(i, i + MOST_AT_ONCE), trust)
      }
    },
  }
}
