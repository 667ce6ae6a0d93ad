// Judges submissions in batches and stores what they advance to, a batch in one durable step. Nothing is
// answered before that step, not even a refusal, which may rest on a head that the step stores.
//
// Why no two cosignatures of the witness contradict each other: a cosignature at time t over size n says
// that n was the largest tree at t. Submissions are judged one after the other, each against what the one
// before it stores; sizes and times of one log never shrink from one to the next; and the time that is
// signed is stored, with the size, before it is signed. So whoever holds two of them finds a larger size
// never at an earlier time, also across a restart, and also if the clock was put back meanwhile: then the newest
// time is signed on until the clock has caught up.
import { Refusal, Trouble } from "../core/base/errors.ts"
import { formatNote, type SignatureRule } from "../core/note/note.ts"
import type { TreeHasher } from "../core/tree/hash.ts"
import type { WitnessClock } from "./clock.ts"
import type { Conviction } from "./conviction.ts"
import { forkOf, frozen, isBeyond, judge, OldSizeConflict } from "./judgement.ts"
import { type LogState, type LogStates, stateOf } from "./log-states.ts"
import type { Advance, WitnessedHead, WitnessStore } from "./store.ts"
import type { Submission } from "./submission.ts"

/** A submission with those who wait for it. */
export interface Waiting {
  readonly submission: Submission
  /** The head is stored and may be cosigned at its time. */
  resolve(head: WitnessedHead): void
  reject(reason: unknown): void
}

interface AdvancingOptions {
  readonly store: WitnessStore
  readonly states: LogStates
  readonly conviction: Conviction
  readonly hasher: TreeHasher
  readonly holds: SignatureRule
  readonly clock: WitnessClock
}

/** What becomes of a submission once the batch is stored; `effects` must be over by then, too. */
interface Outcome {
  readonly result: Advance | Refusal | Trouble
  readonly effects: readonly Promise<void>[]
}

function isAdvance(result: Outcome["result"]): result is Advance {
  return !(result instanceof Error)
}

export function createAdvancing(options: AdvancingOptions) {
  const { store, states, conviction, hasher, holds, clock } = options
  let stopped: string | undefined

  function judgeOne(
    submission: Submission,
    state: LogState,
    head: WitnessedHead | undefined,
  ): Outcome {
    const effects: Promise<void>[] = []
    if (isBeyond(submission, head)) {
      const { text, logLines, ownLines } = submission
      effects.push(conviction.stop(state, formatNote(text, [...logLines, ...ownLines])))
    }
    try {
      return { result: judge(submission, head, state.freeze, clock.timeAfter, hasher), effects }
    } catch (reason) {
      if (!(reason instanceof Refusal || reason instanceof Trouble)) throw reason
      const isProven = state.freeze?.cause === "proven"
      const fork = isProven ? undefined : forkOf(submission, head, hasher, holds)
      if (fork !== undefined) effects.push(conviction.convict(state, fork))
      return { result: reason, effects }
    }
  }

  /** Judges in order; each submission sees what the ones before it advance to. */
  function judgeAll(batch: readonly Waiting[]): Outcome[] {
    const ahead = new Map<string, WitnessedHead>()
    return batch.map(({ submission }) => {
      const { origin } = submission.log
      const state = stateOf(states, origin)
      const outcome = judgeOne(submission, state, ahead.get(origin) ?? state.head)
      if (isAdvance(outcome.result)) ahead.set(origin, outcome.result.to)
      return outcome
    })
  }

  /** The logs of which another process has stored something since we looked; their heads are loaded. */
  async function storeAll(
    advances: readonly Advance[],
    effects: readonly Promise<void>[],
  ): Promise<ReadonlySet<string>> {
    const [done] = await Promise.all([store.advance(advances), ...effects])
    const outdated = new Set<string>()
    advances.forEach(({ origin, to }, i) => {
      if (done[i] === true) stateOf(states, origin).head = to
      else outdated.add(origin)
    })
    if (outdated.size > 0) {
      for (const head of await store.heads()) {
        if (outdated.has(head.origin)) stateOf(states, head.origin).head = head
      }
    }
    return outdated
  }

  async function settleAll(batch: readonly Waiting[]): Promise<void> {
    const outcomes = judgeAll(batch)
    const advances = outcomes.map(({ result }) => result).filter(isAdvance)
    const effects = outcomes.flatMap((outcome) => outcome.effects)
    const outdated = await storeAll(advances, effects)
    outcomes.forEach(({ result }, i) => {
      const { submission, resolve, reject } = batch[i] as Waiting
      const { head, freeze } = stateOf(states, submission.log.origin)
      if (outdated.has(submission.log.origin)) {
        reject(new OldSizeConflict(head?.size ?? 0, submission.oldSize))
      } else if (!isAdvance(result)) reject(result)
      else if (freeze !== undefined) reject(frozen(freeze))
      else resolve(result.to)
    })
  }

  function stop(reason: unknown): void {
    stopped ??= `the witness signs no more until it is started again: ${String(reason)}`
  }

  /** Throws Trouble once the state of the store is unknown: nothing is signed until a restart. */
  function assertGoing(): void {
    if (stopped !== undefined) throw new Trouble("disk", stopped)
  }

  return {
    /** Settles every submission of the batch; never rejects. */
    async work(batch: readonly Waiting[]): Promise<void> {
      try {
        assertGoing()
        await settleAll(batch)
      } catch (reason) {
        stop(reason)
        for (const { reject } of batch) reject(reason)
      }
    },
    /** Stores the present time for the heads that are held; gives those that may be cosigned at it. */
    async renew(): Promise<readonly WitnessedHead[]> {
      const advances = [...states.values()].flatMap(({ head, freeze }) => {
        if (head === undefined || freeze !== undefined) return []
        const time = clock.timeIfAny(head.time)
        return time === undefined
          ? []
          : [{ origin: head.origin, from: head, to: { ...head, time } }]
      })
      const outdated = await storeAll(advances, [])
      return advances.flatMap(({ origin, to }) => (outdated.has(origin) ? [] : to))
    },
    assertGoing,
    /** Why {@link assertGoing} throws; undefined if it does not. */
    stopped: () => stopped,
  }
}
