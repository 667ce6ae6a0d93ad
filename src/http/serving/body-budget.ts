// Who may have how many bytes of unfinished work in memory. Each group of routes has a budget of its own, within it each
// client a share, and every body must keep coming: who delivers less than the minimum rate gives up the place. Counts
// bytes that have arrived, never those that were announced. Leaves out streams, see request-body.ts.
import { Refusal } from "../../core/base/errors.ts"

/** Milliseconds on any monotonic clock. */
type Now = () => number

interface Pace {
  /** Bytes a second that a body must bring, once `grace` is over. */
  readonly rate: number
  /** Milliseconds: how long a body is left alone, and how often it is measured from then on. */
  readonly grace: number
}

/** What is measured of something that is still arriving. */
interface Arrival {
  /** When it was last measured, and the bytes since then. */
  since: number
  bytes: number
  readonly giveUp: (refusal: Refusal) => void
}

function tooSlow({ rate }: Pace, bytes: number, elapsed: number): Refusal {
  const found = `${bytes} bytes in ${Math.round(elapsed)} ms`
  return new Refusal("too-slow", `body: expected at least ${rate} bytes a second, found ${found}`)
}

/**
 * The watch over what arrives: `look` is to be called every `interval` milliseconds. Where the process itself stood
 * still, nobody is blamed for the time.
 */
export function createArrivals(pace: Pace, interval: number, now: Now) {
  const arriving = new Set<Arrival>()
  let looked = now()

  function measure(arrival: Arrival, time: number): void {
    const elapsed = time - arrival.since
    if (elapsed < pace.grace) return
    if (arrival.bytes * 1000 < pace.rate * elapsed) {
      arriving.delete(arrival)
      arrival.giveUp(tooSlow(pace, arrival.bytes, elapsed))
    } else {
      arrival.since = time
      arrival.bytes = 0
    }
  }

  return {
    begin(giveUp: Arrival["giveUp"]): Arrival {
      if (arriving.size === 0) looked = now()
      const arrival: Arrival = { since: now(), bytes: 0, giveUp }
      arriving.add(arrival)
      return arrival
    },
    end: (arrival: Arrival): void => void arriving.delete(arrival),
    isEmpty: (): boolean => arriving.size === 0,
    look(): void {
      const time = now()
      const stoodStill = Math.max(0, time - looked - interval)
      looked = time
      for (const arrival of [...arriving]) {
        arrival.since = Math.min(time, arrival.since + stoodStill)
        measure(arrival, time)
      }
    },
  }
}

export type Arrivals = ReturnType<typeof createArrivals>

interface Share {
  held: number
  bodies: number
}

/** A body as its budget sees it. */
interface HeldBody {
  readonly share: Share
  readonly limit: number
  readonly begun: number
  held: number
  readonly evict: (refusal: Refusal) => void
}

export interface BodyAccount {
  /** Counts bytes that have arrived; refuses `try-later` if there is no room for them. */
  take(count: number): void
  /** It is here as a whole, and will be answered: nobody takes its place any more. */
  complete(): void
  /** Gives all bytes back. */
  release(): void
}

export interface BodyBudget {
  /**
   * Opens the account of a body of at most `limit` bytes. `evict` is called, once at most and while it is not
   * complete, if others need the room; the account is released by then.
   */
  open(client: string, limit: number, evict: (refusal: Refusal) => void): BodyAccount
}

function full(): Refusal {
  return new Refusal("try-later", "too many bodies are being read; try again in a second")
}

function evicted(): Refusal {
  const reason = "others needed the room of this body, which was long in coming"
  return new Refusal(
    "try-later",
    `too many bodies are being read: ${reason}; try again in a second`,
  )
}

/**
 * A budget of `bytes`. One client may have half of what the others leave, and always one body. Where that is not
 * enough, the body that has taken up most room for longest, in bytes times milliseconds, makes place: one of the same
 * client if it is the client's share that is spent, else any. So whoever sends and waits loses to whoever
 * delivers, also where all clients have one address. Costs as many steps as bodies are arriving, if it is full.
 */
export function createBodyBudget(bytes: number, now: Now): BodyBudget {
  const shares = new Map<string, Share>()
  const arriving = new Set<HeldBody>()
  let total = 0

  function shareOf(client: string): Share {
    const share = shares.get(client) ?? { held: 0, bodies: 0 }
    shares.set(client, share)
    return share
  }

  function settle(body: HeldBody): void {
    total -= body.held
    body.share.held -= body.held
    body.held = 0
  }

  function allowed({ share, limit }: HeldBody): number {
    return Math.max(limit, (bytes - (total - share.held)) / 2)
  }

  /** The body that has cost most, of those that `count` more bytes of `body` could replace. */
  function worst(body: HeldBody, count: number, share: Share | undefined): HeldBody {
    const time = now()
    let found = body
    let most = (body.held + count) * (time - body.begun)
    for (const other of arriving) {
      const cost = other.held * (time - other.begun)
      if (other === body || cost <= most || (share !== undefined && other.share !== share)) continue
      found = other
      most = cost
    }
    return found
  }

  function makeRoom(body: HeldBody, count: number): void {
    for (;;) {
      const isFull = total + count > bytes
      if (!isFull && body.share.held + count <= allowed(body)) return
      const other = worst(body, count, isFull ? undefined : body.share)
      if (other === body) throw full()
      arriving.delete(other)
      settle(other)
      other.evict(evicted())
    }
  }

  return {
    open(client, limit, evict) {
      const share = shareOf(client)
      share.bodies += 1
      const body: HeldBody = { share, limit, begun: now(), held: 0, evict }
      arriving.add(body)
      let isOpen = true
      return {
        take(count) {
          makeRoom(body, count)
          total += count
          share.held += count
          body.held += count
        },
        complete: () => void arriving.delete(body),
        release() {
          arriving.delete(body)
          settle(body)
          if (!isOpen) return
          isOpen = false
          share.bodies -= 1
          if (share.bodies === 0) shares.delete(client)
        },
      }
    },
  }
}
