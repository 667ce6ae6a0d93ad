// Letting callers go who wait for what may take long: the work itself goes on, and nobody is told of it any more.

/** What waits until it is done, or until everything is stalled. */
export function createStalling() {
  const waiting = new Set<(reason: unknown) => void>()
  return {
    /** What `work` gives; rejects as soon as everything is stalled before that. */
    unlessStalled<T>(work: Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        waiting.add(reject)
        const done = () => waiting.delete(reject)
        work.then(resolve, reject).finally(done)
      })
    },
    stall(reason: unknown): void {
      for (const reject of waiting) reject(reason)
      waiting.clear()
    },
  }
}
