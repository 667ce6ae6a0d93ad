// How often a client may ask for what costs a server something: a rate and a burst for each class of requests, with
// defaults, and the form in which an operator writes others. What a point stands for: one request, one line of a batch,
// one entry of a key.
import { refuse, shown } from "../../core/base/errors.ts"
import type { Weight } from "../serving/route.ts"

/** So many points come back every minute, up to `burst` of them. */
export interface Rate {
  readonly perMinute: number
  readonly burst: number
}

/** `key` counts the entries of one key, whoever sends them; the others the requests of one client. */
export type LimitClass = Weight | "key"

/** Undefined where there is no limit. */
export type Rates = Readonly<Record<LimitClass, Rate | undefined>>

/**
 * What a CI never meets, and what keeps one client from taking more than a few hundredths of what a small machine can
 * do. Submissions of one address: 50 a second, and 5,000 at once.
 */
export const defaultRates = {
  submit: { perMinute: 3_000, burst: 5_000 },
  search: { perMinute: 600, burst: 600 },
  proof: { perMinute: 6_000, burst: 12_000 },
  evidence: { perMinute: 60, burst: 60 },
  heads: { perMinute: 1_200, burst: 2_400 },
  cosign: { perMinute: 6_000, burst: 6_000 },
  key: { perMinute: 6_000, burst: 10_000 },
} as const satisfies Rates

const LIMIT = /^([a-z]+)=(?:(off)|([1-9][0-9]{0,8})\/min(?:,([1-9][0-9]{0,8}))?)$/

function isClass(name: string): name is LimitClass {
  return Object.hasOwn(defaultRates, name)
}

/** Of a text such as `submit=600/min`, `submit=600/min,2000` or `search=off`; refuses `malformed` otherwise. */
export function parseLimit(text: string): Partial<Rates> {
  const [, name = "", off, perMinute = "", burst = perMinute] = LIMIT.exec(text) ?? []
  if (!isClass(name)) {
    const names = Object.keys(defaultRates).join(", ")
    return refuse(
      "malformed",
      `limit: expected CLASS=N/min[,BURST] or CLASS=off with a class of ${names}, found ${shown(text)}`,
    )
  }
  const rate = { perMinute: Number(perMinute), burst: Number(burst) }
  return { [name]: off === undefined ? rate : undefined }
}
