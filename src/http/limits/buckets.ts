// Token buckets by name, as many as fit: points come back with time and are taken by work. The least recently used
// bucket is forgotten first, which gives its client a full one: whoever has that many addresses is not held by limits
// on each of them. Never waits and keeps no timer.
import { LRUCache } from "lru-cache"
import type { Rate } from "./rates.ts"

/** About 4 MB. */
const MOST_BUCKETS = 16_384

interface Bucket {
  points: number
  /** When the points were counted. */
  at: number
}

export type Buckets = ReturnType<typeof createBuckets>

/** `now` is in milliseconds on a monotonic clock. About 0.3 µs a call. */
export function createBuckets(now: () => number, most: number = MOST_BUCKETS) {
  const kept = new LRUCache<string, Bucket>({ max: most })

  function filled(name: string, { perMinute, burst }: Rate): Bucket {
    const at = now()
    const bucket = kept.get(name)
    if (bucket === undefined) {
      const full = { points: burst, at }
      kept.set(name, full)
      return full
    }
    bucket.points = Math.min(burst, bucket.points + ((at - bucket.at) * perMinute) / 60_000)
    bucket.at = at
    return bucket
  }

  return {
    /**
     * Takes `points` if there are at least `least`, and gives whether it did. What is taken may be more than there is:
     * the debt is waited for.
     */
    take(name: string, rate: Rate, points: number, least: number): boolean {
      const bucket = filled(name, rate)
      if (bucket.points < least) return false
      bucket.points -= points
      return true
    },
    /** The points that are left; less than 0 is a debt. */
    left: (name: string, rate: Rate): number => filled(name, rate).points,
    count: (): number => kept.size,
  }
}

/** Whole seconds until `points` have come back. */
export function secondsFor(points: number, { perMinute }: Rate): number {
  return Math.max(0, Math.ceil((points * 60) / perMinute))
}
