// When tokens were last used, by the day, collected while a server runs and written down beside them now and then. No
// revocation depends on it.
import type { Logger } from "pino"
import type { StoredToken } from "../../core/access/stored-token.ts"
import { type LastUses, readLastUses, writeLastUses } from "../../storage/files/token-file.ts"

/** The last uses of tokens, by the day, written down beside the tokens. */
export function createUses(file: string, now: () => number, logger: Pick<Logger, "error">) {
  const uses = new Map<string, string>(readLastUses(file))
  let today = ""
  let until = 0
  let isChanged = false

  function dayAt(time: number): string {
    if (time >= until || time < until - 86_400_000) {
      today = new Date(time).toISOString().slice(0, 10)
      until = Date.parse(today) + 86_400_000
    }
    return today
  }

  return {
    onUse(id: string): void {
      const day = dayAt(now())
      if (uses.get(id) === day) return
      uses.set(id, day)
      isChanged = true
    },
    /** Only those of tokens that are still there. */
    write(tokens: readonly StoredToken[]): void {
      if (!isChanged) return
      isChanged = false
      const known = new Set(tokens.map(({ id }) => id))
      const kept: LastUses = new Map([...uses].filter(([id]) => known.has(id)))
      try {
        writeLastUses(file, kept)
      } catch (err) {
        logger.error({ err }, "the last uses of tokens cannot be written")
      }
    },
  }
}
