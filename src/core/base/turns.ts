// One thing after the other: work that must not overlap, in the order in which it was asked for.

/** Gives each caller its turn; what becomes of one is no matter to the next. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work)
    last = mine.catch(() => {})
    return mine
  }
}
