// What was found out lately, so that nobody can have it found out again and again: bounded, and the oldest goes first.

interface Memory<T> {
  /** What is remembered under this name; else what `make` gives, which is remembered from now on. */
  get(name: string, make: () => T): T
  forget(name: string): void
}

/** Remembers `most` answers. */
export function createMemory<T>(most: number): Memory<T> {
  const known = new Map<string, T>()
  return {
    get(name, make) {
      const found = known.get(name)
      if (found !== undefined) return found
      const made = make()
      known.set(name, made)
      const [oldest] = known.keys()
      if (known.size > most && oldest !== undefined) known.delete(oldest)
      return made
    },
    forget: (name) => void known.delete(name),
  }
}
