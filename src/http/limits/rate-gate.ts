// The gate that limits how often one client may ask: by writer where one is known, else by address, and by the key of
// what is logged. Says what is left in RateLimit headers (draft-ietf-httpapi-ratelimit-headers). Clients of this machine
// are not limited, unless a trusted proxy speaks for others there.
import type { IncomingMessage } from "node:http"
import type { Headers } from "../serving/answer.ts"
import type { Client } from "../serving/client.ts"
import { chargeBy, type Gate, GateRefusal, type Passing } from "../serving/gate.ts"
import { type Buckets, createBuckets, secondsFor } from "./buckets.ts"
import type { LimitClass, Rate, Rates } from "./rates.ts"

/** Who writes, where the operator gave them a name. */
export interface LimitedWriter {
  readonly id: string
  /** Writes a minute, in place of those of a class. */
  readonly perMinute?: number
}

const ANONYMOUS = "anonymous"

export interface RateGateOptions {
  readonly rates: Rates
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number
  readonly writerOf?: (request: IncomingMessage) => LimitedWriter | undefined
  /** Told of each request that is turned away. */
  readonly onLimited: (limit: LimitClass) => void
}

/** What one request is held against. */
interface Account {
  readonly limit: LimitClass
  readonly name: string
  readonly rate: Rate
}

/** Networks of IPv6 that one customer may well have as a whole get so many times what a /64 gets. */
const WIDER = 8

/** The /48 of the /64 that a client is counted as; undefined for IPv4. */
function widerNetwork(address: string): string | undefined {
  if (!address.endsWith("::/64")) return undefined
  const third = address.split(":", 3).join(":")
  return `${third}::/48`
}

function policyOf({ limit, rate }: Account): string {
  return `"${limit}";q=${rate.burst};w=${secondsFor(rate.burst, rate)}`
}

function headersOf(account: Account, left: number): Headers {
  const { limit, rate } = account
  const missing = secondsFor(rate.burst - left, rate)
  return {
    "ratelimit-policy": policyOf(account),
    ratelimit: `"${limit}";r=${Math.max(0, Math.floor(left))};t=${missing}`,
  }
}

function tooMany(account: Account, left: number): GateRefusal {
  const { limit, rate } = account
  const wait = Math.max(1, secondsFor(1 - left, rate))
  const most = `expected up to ${rate.perMinute} a minute after the first ${rate.burst}`
  return new GateRefusal("rate-limited", `${limit}: ${most}, found more; ask again in ${wait} s`, {
    ...headersOf(account, left),
    "retry-after": String(wait),
  })
}

/** Gates nothing but routes that have a weight. About 1 µs where a limit applies. */
export function createRateGate({ rates, now, writerOf, onLimited }: RateGateOptions): Gate {
  const tables = new Map<LimitClass, Buckets>()
  const wide = createBuckets(now)

  function tableOf(limit: LimitClass): Buckets {
    const table = tables.get(limit) ?? createBuckets(now)
    tables.set(limit, table)
    return table
  }

  function pay(account: Account, points: number, least: number): void {
    const { limit, name, rate } = account
    const table = tableOf(limit)
    if (table.take(name, rate, points, least)) return
    onLimited(limit)
    throw tooMany(account, table.left(name, rate))
  }

  /** What a /48 may do together. */
  function payWide({ limit, name, rate }: Account, points: number, least: number): void {
    const network = widerNetwork(name)
    if (network === undefined) return
    const { perMinute, burst } = rate
    const wider = { perMinute: WIDER * perMinute, burst: WIDER * burst }
    const account = { limit, name: `${limit} ${network}`, rate: wider }
    if (wide.take(account.name, wider, points, least)) return
    onLimited(limit)
    throw tooMany(account, wide.left(account.name, wider))
  }

  function payAll(account: Account, points: number, least: number): void {
    pay(account, points, least)
    payWide(account, points, least)
  }

  function accountOf({ request, route, client }: Passing): Account | undefined {
    const { weight: limit } = route
    if (limit === undefined) return undefined
    const writer = writerOf?.(request)
    const named = writer === undefined || writer.id === ANONYMOUS ? undefined : writer
    const perMinute = route.method === "POST" ? named?.perMinute : undefined
    if (named !== undefined && perMinute !== undefined) {
      return { limit, name: named.id, rate: { perMinute, burst: perMinute } }
    }
    const rate = client.isLocal ? undefined : rates[limit]
    return rate && { limit, name: named?.id ?? client.address, rate }
  }

  /** Holds the entries of a key against its limit; what comes of it counts one that was logged. */
  function admitKey(key: string, rate: Rate): () => void {
    const account: Account = { limit: "key", name: key, rate }
    // Whoever has not shown that it is theirs could use up a key's points otherwise.
    pay(account, 0, 1)
    return () => tableOf("key").take(key, rate, 1, Number.NEGATIVE_INFINITY)
  }

  function keysOf({ isLocal }: Client): ((key: string) => () => void) | undefined {
    const rate = isLocal ? undefined : rates.key
    return rate && ((key) => admitKey(key, rate))
  }

  return (passing) => {
    const { request, route, client } = passing
    const account = accountOf(passing)
    if (account !== undefined) payAll(account, 1, 1)
    if (route.method === "POST") {
      const admit = route.weight === "submit" ? keysOf(client) : undefined
      // Its own point was there, so a request may be dearer than all that is left; the next one waits for it.
      const charge = account && ((points: number) => payAll(account, points, 0))
      if (charge !== undefined || admit !== undefined)
        chargeBy(request, { charge, admitKey: admit })
    }
    return account && headersOf(account, tableOf(account.limit).left(account.name, account.rate))
  }
}
