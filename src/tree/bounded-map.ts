// A map that forgets the least recently used values once they are more than its limit, counted or weighed.

/** `sizeOf` weighs a value, for example in bytes; each counts as one by default. One beyond the limit is not kept. */
export function createBoundedMap<K, V>(limit: number, sizeOf: (value: V) => number = () => 1) {
  // A Map iterates in order of insertion, so its first key is the one that was not used for longest.
  const entries = new Map<K, V>()
  let size = 0

  function remove(key: K): void {
    const value = entries.get(key)
    if (value === undefined) return
    entries.delete(key)
    size -= sizeOf(value)
  }

  return {
    get(key: K): V | undefined {
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      entries.set(key, value)
      return value
    },
    set(key: K, value: V): void {
      remove(key)
      entries.set(key, value)
      size += sizeOf(value)
      for (const oldest of entries.keys()) {
        if (size <= limit) return
        remove(oldest)
      }
    },
  }
}
