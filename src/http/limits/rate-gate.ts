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

/** Of each class; such networks are far fewer. */
const MOST_WIDER = 4_096

/** The first three groups of a client's /64, which are its /48; undefined for IPv4. */
function widerNetwork(address: string): string | undefined {
  if (!address.endsWith("::/64")) return undefined
  const second = address.indexOf(":", address.indexOf(":") + 1)
  return address.slice(0, address.indexOf(":", second + 1))
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

function tablesOf(rates: Rates, create: () => Buckets): Readonly<Record<LimitClass, Buckets>> {
  const entries = Object.keys(rates).map((limit) => [limit, create()])
  return Object.fromEntries(entries) as Record<LimitClass, Buckets>
}

/** Gates nothing but routes that have a weight. About 1 µs where a limit applies. */
export function createRateGate({ rates, now, writerOf, onLimited }: RateGateOptions): Gate {
  const tables = tablesOf(rates, () => createBuckets(now))
  const wide = tablesOf(rates, () => createBuckets(now, MOST_WIDER))

  /** Gives what is left. */
  function pay(table: Buckets, account: Account, points: number, least: number): number {
    const { limit, name, rate } = account
    const left = table.take(name, rate, points, least)
    if (left !== undefined) return left
    onLimited(limit)
    throw tooMany(account, table.left(name, rate))
  }

  /** What a /48 may do together. */
  function payWide({ limit, name, rate }: Account, points: number, least: number): void {
    const network = widerNetwork(name)
    if (network === undefined) return
    const { perMinute, burst } = rate
    const wider = { perMinute: WIDER * perMinute, burst: WIDER * burst }
    pay(wide[limit], { limit, name: network, rate: wider }, points, least)
  }

  function payAll(account: Account, points: number, least: number): number {
    const left = pay(tables[account.limit], account, points, least)
    payWide(account, points, least)
    return left
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
    pay(tables.key, account, 0, 1)
    return () => void tables.key.take(key, rate, 1, Number.NEGATIVE_INFINITY)
  }

  function keysOf({ isLocal }: Client): ((key: string) => () => void) | undefined {
    const rate = isLocal ? undefined : rates.key
    return rate && ((key) => admitKey(key, rate))
  }

  return (passing) => {
    const { request, route, client } = passing
    const account = accountOf(passing)
    const left = account && payAll(account, 1, 1)
    if (route.method === "POST") {
      const admit = route.weight === "submit" ? keysOf(client) : undefined
      // Its own point was there, so a request may be dearer than all that is left; the next one waits for it.
      const charge = account && ((points: number) => void payAll(account, points, 0))
      if (charge !== undefined || admit !== undefined)
        chargeBy(request, { charge, admitKey: admit })
    }
    return account && headersOf(account, left ?? 0)
  }
}
