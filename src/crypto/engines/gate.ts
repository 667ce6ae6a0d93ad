// Bounds how many asynchronous tasks are under way at once; the others wait in line.

interface Gate {
  run<T>(task: () => Promise<T>): Promise<T>
  /** Resolves when nothing is under way and nobody waits. */
  idle(): Promise<void>
}

export function createGate(limit: number): Gate {
  const waiting: (() => void)[] = []
  const onIdle: (() => void)[] = []
  let underWay = 0

  // A place is handed on without being given up, so that nobody can slip in between.
  const leave = () => {
    const start = waiting.shift()
    if (start !== undefined) return start()
    underWay -= 1
    if (underWay === 0) for (const resolve of onIdle.splice(0)) resolve()
  }

  return {
    async run(task) {
      if (underWay < limit) underWay += 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await task()
      } finally {
        leave()
      }
    },
    async idle() {
      if (underWay > 0) await new Promise<void>((resolve) => onIdle.push(resolve))
    },
  }
}
