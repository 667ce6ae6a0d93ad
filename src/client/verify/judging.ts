// The order of reasons: what cannot be judged here is no reason before what is false. So a refusal of the first kind waits
// until the rest was looked at, or a bundle could be damaged until nobody calls it false any more.
import { Refusal, type RefusalCode } from "../../core/base/errors.ts"

const unjudged: readonly RefusalCode[] = ["unsupported", "malformed", "too-large"]

export function isUnjudged({ code }: Refusal): boolean {
  return unjudged.includes(code)
}

/** What `work` gives, or its refusal if that says that something cannot be judged; other refusals are thrown on. */
export function unlessUnjudged<T>(work: () => T): T | Refusal {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal && isUnjudged(error)) return error
    throw error
  }
}
