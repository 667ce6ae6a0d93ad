// The heads under which bundles were proven, remembered in a file once all of them are verified (`--heads`).
import type { Trust } from "../../client/trust.ts"

export interface Heads {
  /** Checkpoints that were verified. */
  take(checkpoints: readonly string[]): void
  /** Throws a falsehood if two heads contradict each other, and as the file's reader does. */
  remember(): Promise<void>
}

/** Each is compared with each of the others, and the file keeps fewer. */
const MOST_AT_ONCE = 512

/** Without a file nothing is remembered, and the code that makes evidence of heads is not loaded. */
export function createHeads(path: string | undefined, trust: Trust): Heads {
  const taken = new Set<string>()
  return {
    take(checkpoints) {
      if (path !== undefined) for (const each of checkpoints) taken.add(each)
    },
    async remember() {
      if (path === undefined || taken.size === 0) return
      const { rememberCheckpoints } = await import("../user/remembered-heads.ts")
      const all = [...taken]
      for (let i = 0; i < all.length; i += MOST_AT_ONCE) {
        await rememberCheckpoints(path, all.slice(i, i + MOST_AT_ONCE), trust)
      }
    },
  }
}
