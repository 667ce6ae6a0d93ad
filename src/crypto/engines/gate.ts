// Bounds how many asynchronous tasks are under way at once; the others wait in line.

/** Runs tasks, `limit` at once. */
export function createGate(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let underWay = 0

  // A place is handed on without being given up, so that nobody can slip in between.
  const leave = () => {
    const start = waiting.shift()
    if (start === undefined) underWay -= 1
    else start()
  }

  return async (task) => {
    if (underWay < limit) underWay += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await task()
    } finally {
      leave()
    }
  }
}
