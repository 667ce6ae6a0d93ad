// Publishing with witnesses: in rounds, the newest head goes to all witnesses of a policy, and becomes
// everybody's checkpoint once their quorum has cosigned it (C2SP tlog-policy, tlog-witness). Without the
// quorum the last published checkpoint stays, also after a restart. Entries are accepted all the same,
// unless a note under the log's own key shows that the log was forked.
import { Refusal, refuse, Trouble } from "../../core/base/errors.ts"
import { cosignatureTime } from "../../core/note/cosignature.ts"
import { formatNote, parseNote, parseVkey, type SignatureRule } from "../../core/note/note.ts"
import type { Policy } from "../../core/note/policy.ts"
import { type Contradiction, contradictionOf, openHeld } from "../held-head.ts"
import type { Log, SignedHead } from "../ports/log.ts"
import type {
  Clock,
  PublishedStore,
  Publisher,
  PublishingStatus,
  WitnessFailure,
  WitnessPort,
} from "../ports/publishing.ts"
import { type Cosigned, createWitnessLink, type WitnessLink } from "./witness-link.ts"
import { beginRound, type Round } from "./witness-round.ts"

/** In milliseconds. */
export const defaultTimes = {
  /** Between two rounds when nobody waits. */
  every: 1_000,
  /** Of one round. */
  deadline: 5_000,
  /** For the remaining witnesses once the quorum is reached. */
  grace: 50,
  /** After which the same head is cosigned again, so that its times stay fresh. */
  again: 600_000,
  /** How long a submitter waits for a witnessed checkpoint at most. */
  wait: 10_000,
}

export type PublishingTimes = Readonly<typeof defaultTimes>

/** For the operator's log. Reasons hold what witnesses said. */
export type PublishingEvent =
  | {
      readonly type: "witness"
      readonly name: string
      /** Undefined when it cosigns again. */
      readonly failure: WitnessFailure | undefined
      readonly reason: string
    }
  | { readonly type: "quorum"; readonly isReached: boolean; readonly reason: string }
  | { readonly type: "forgotten"; readonly reason: string }

export interface PublisherOptions {
  readonly log: Pick<Log, "origin" | "vkeys" | "head" | "rootAt" | "consistency" | "stop">
  readonly policy: Policy
  readonly witnesses: readonly WitnessPort[]
  readonly store: PublishedStore
  readonly holds: SignatureRule
  readonly clock: Clock
  readonly times?: Partial<PublishingTimes>
  readonly onEvent: (event: PublishingEvent) => void
  /** Whether cosignatures are wanted at once for the sake of their times. */
  readonly isUrgent?: () => boolean
  /** Told the times, in Unix seconds, that a witness has signed with now. */
  readonly onTimes?: (witness: string, times: readonly number[]) => void
  /** Told once, when the log has stopped because of it. */
  readonly onContradiction: (contradiction: Contradiction) => void
}

/** Who comes when so many wait is not made to wait. */
const MOST_WAITING = 10_000
/** Between two looks at what a witness holds that goes on refusing. */
const JUDGED_EVERY_MS = 60_000
const NOT_YET = "no round of cosignatures has ended yet"

interface Waiter {
  readonly size: number
  readonly resolve: (head: SignedHead | undefined) => void
  readonly callOff: () => void
}

/** The kept checkpoint, if this log's key signed it; refuses `conflict` if the tree has not that head. */
async function readPublished(options: PublisherOptions): Promise<SignedHead | undefined> {
  const { log, store, onEvent } = options
  const kept = await store.read()
  if (kept === undefined) return undefined
  const head = openHeld(kept, log.origin, log.vkeys.map(parseVkey))
  if (head === undefined) {
    // It may be the newest that another log has published.
    const place = await store.setAside()
    const reason =
      `the kept checkpoint is not signed by this log. It was moved to ${place}: bring it back to the log that it ` +
      "belongs to. Witnesses are asked for a new one"
    onEvent({ type: "forgotten", reason })
    return undefined
  }
  const contradiction = await contradictionOf(head, log)
  if (contradiction === undefined) return head
  return refuse("conflict", `the published checkpoint contradicts the log: ${contradiction.reason}`)
}

/** Begins to publish. Refuses `conflict` as said above; what it is given stays the caller's to close. */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  const { log, policy, store, clock, onEvent } = options
  const times = { ...defaultTimes, ...options.times }
  const ownVkeys = log.vkeys.map(parseVkey)
  const isOptional = policy.quorum === "none"
  let last = await readPublished(options)
  /** By the steady clock. */
  let lastTime = Number.NEGATIVE_INFINITY
  let isReached = isOptional
  /** Whether the last round published its head: only then the next one may follow at once. */
  let isFlowing = false
  let since = clock.now()
  let reason: string | undefined = isOptional ? undefined : NOT_YET
  let round: Round | undefined
  let isOver = false
  const waiters = new Set<Waiter>()
  const judged = new Map<WitnessLink, { readonly failure: WitnessFailure; readonly time: number }>()

  const links = options.witnesses.map((port) => {
    const link: WitnessLink = createWitnessLink({
      port,
      prove: log.consistency,
      holds: options.holds,
      now: clock.now,
      onChange: (failure, why) => {
        if (!isOver) onEvent({ type: "witness", name: port.name, failure, reason: why })
      },
      onRefusal: (failure) => void judge(link, failure),
      onCosigned: (lines) => options.onTimes?.(port.name, [...lines.values()].map(cosignatureTime)),
    })
    return link
  })

  /** Whoever just says no, or says a number, stops nothing: only a note under our own key counts. */
  async function judge(link: WitnessLink, failure: WitnessFailure): Promise<void> {
    const before = judged.get(link)
    const time = clock.steady()
    if (before?.failure === failure && time - before.time < JUDGED_EVERY_MS) return
    judged.set(link, { failure, time })
    try {
      const note = await link.port.checkpoint(log.origin)
      const head = note === undefined ? undefined : openHeld(note, log.origin, ownVkeys)
      const contradiction = head && (await contradictionOf(head, log))
      if (contradiction !== undefined) stop(contradiction)
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Trouble)) throw error
    }
  }

  function stop(contradiction: Contradiction): void {
    if (isOver) return
    close()
    setReached(false, "the log has stopped: its own key signed another tree")
    log.stop("this log was forked: its key signed another tree; see the evidence")
    options.onContradiction(contradiction)
  }

  function setReached(reached: boolean, why?: string): void {
    if (reached !== isReached) {
      since = clock.now()
      onEvent({ type: "quorum", isReached: reached, reason: why ?? "" })
    }
    isReached = reached
    reason = why
  }

  function whyNotReached(): string {
    const missing = links.flatMap((link) => {
      const { name, failure } = link.status()
      if (link.isBusy()) return [`${name} does not answer`]
      return failure === undefined ? [] : [`${name}: ${failure}`]
    })
    return `the quorum ${policy.quorum} is not reached (${missing.join(", ")})`
  }

  function begin(): void {
    const head = log.head()
    const { deadline, grace } = times
    const onEnd = (cosigned: Cosigned, reached: boolean) => void finish(head, cosigned, reached)
    round = beginRound({ head, links, policy, clock, deadline, grace, onEnd })
  }

  async function finish(head: SignedHead, cosigned: Cosigned, reached: boolean): Promise<void> {
    isFlowing = false
    try {
      if (cosigned.size > 0 && reached) await publish(head, cosigned)
      else if (!reached) setReached(false, whyNotReached())
    } catch (error) {
      // A refusal: so many lines that they make no note.
      if (!(error instanceof Trouble || error instanceof Refusal)) throw error
      setReached(isOptional, `the published checkpoint cannot be kept: ${error.message}`)
    }
    round = undefined
    if (!isOver && isFlowing && waiters.size > 0 && (last?.size ?? 0) < log.head().size) begin()
  }

  async function publish(head: SignedHead, cosigned: Cosigned): Promise<void> {
    const { text, signatures } = parseNote(head.checkpoint)
    const lines = policy.witnesses.flatMap(({ name }) => cosigned.get(name) ?? [])
    const checkpoint = formatNote(text, [...signatures, ...lines])
    // If we stop before this, nobody has seen it; once seen, it is never taken back.
    await store.write(checkpoint)
    if (isOver) return
    last = { size: head.size, root: head.root, checkpoint }
    lastTime = clock.steady()
    isFlowing = true
    setReached(true)
    const { size } = last
    for (const waiter of waiters) if (waiter.size <= size) answer(waiter, last)
  }

  function answer(waiter: Waiter, head: SignedHead | undefined): void {
    waiters.delete(waiter)
    waiter.callOff()
    waiter.resolve(head)
  }

  function isDue(): boolean {
    if (last === undefined || last.size < log.head().size || !isReached) return true
    return options.isUrgent?.() === true || clock.steady() - lastTime >= times.again
  }

  function tick(): void {
    callOffTick = clock.after(times.every, tick)
    if (round !== undefined) round.ask()
    else if (isDue()) begin()
  }

  function close(): void {
    isOver = true
    callOffTick()
    round?.cancel()
    for (const waiter of waiters) answer(waiter, undefined)
  }

  let callOffTick = (): void => {}
  tick()

  return {
    published() {
      if (!isOptional) return last
      const newest = log.head()
      return last !== undefined && last.size >= newest.size ? last : newest
    },
    async witnessed(size) {
      if (last !== undefined && last.size >= size) return last
      if (isOver || waiters.size >= MOST_WAITING) return undefined
      return await new Promise((resolve) => {
        const callOff = clock.after(times.wait, () => answer(waiter, undefined))
        const waiter: Waiter = { size, resolve, callOff }
        waiters.add(waiter)
        // Witnesses that fail are asked once a second, however many wait for them.
        if (round === undefined && isFlowing) begin()
      })
    },
    status(): PublishingStatus {
      const newest = log.head().size
      const witnesses = links.map((link) => link.status())
      return { published: last?.size, newest, isReached, since, reason, witnesses }
    },
    close,
  }
}
