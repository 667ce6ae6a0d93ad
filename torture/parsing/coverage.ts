// Which blocks of the program ran, as V8 counts them: an input that reaches a block for the first time is worth keeping.
// Leaves out what lies in node_modules.
import { Session } from "node:inspector"

interface Covered {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number
        readonly endOffset: number
        readonly count: number
      }[]
    }[]
  }[]
}

/** Counts from now on; the function it gives says how many blocks have run for the first time since it was last asked. */
export function watchCoverage(part: string): () => number {
  const session = new Session()
  session.connect()
  session.post("Profiler.enable")
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true })
  const seen = new Set<string>()
  return () => {
    const before = seen.size
    session.post("Profiler.takePreciseCoverage", (error: Error | null, covered: Covered) => {
      if (error !== null) throw error
      for (const { url, functions } of covered.result) {
        if (!url.includes(part)) continue
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            if (count > 0) seen.add(`${url}:${startOffset}:${endOffset}`)
          }
        }
      }
    })
    return seen.size - before
  }
}
