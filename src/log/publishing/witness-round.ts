// One round of publishing: all witnesses are asked for one head side by side, until enough of them have
// cosigned it. Nobody is waited for longer than the deadline, and after the quorum only for a moment.
import type { NoteSignature } from "../../core/note/note.ts"
import { isQuorum, type Policy } from "../../core/note/policy.ts"
import type { SignedHead } from "../ports/log.ts"
import type { Clock } from "../ports/publishing.ts"
import type { Cosigned, WitnessLink } from "./witness-link.ts"

export interface Round {
  /** Asks those again that have failed and are not busy. */
  ask(): void
  /** Ends the round without telling; what is under way comes to nothing. */
  cancel(): void
}

interface RoundOptions {
  readonly head: SignedHead
  readonly links: readonly WitnessLink[]
  readonly policy: Policy
  readonly clock: Clock
  /** Milliseconds of the whole round. */
  readonly deadline: number
  /** Milliseconds that the remaining witnesses have after the quorum. */
  readonly grace: number
  /** Told once, never before this call has returned. */
  readonly onEnd: (cosigned: Cosigned, isReached: boolean) => void
}

/**
 * Begins a round. It ends when no request is under way any more, some time after the quorum, or at the
 * deadline. A quorum of none does not end it early, or nothing would ever be collected.
 */
export function beginRound(options: RoundOptions): Round {
  const { head, links, policy, clock, grace, onEnd } = options
  const cosigned = new Map<string, NoteSignature>()
  const done = new Set<WitnessLink>()
  const callOffs: (() => void)[] = []
  let isReached = isQuorum(policy, [])
  let underWay = 0
  let isOver = false

  function cancel(): void {
    isOver = true
    for (const callOff of callOffs) callOff()
  }

  function end(): void {
    if (isOver) return
    cancel()
    onEnd(cosigned, isReached)
  }

  function take(lines: Cosigned): void {
    for (const [name, line] of lines) cosigned.set(name, line)
    const members = policy.witnesses.filter(({ name }) => cosigned.has(name))
    if (isReached || !isQuorum(policy, members)) return
    isReached = true
    callOffs.push(clock.after(grace, end))
  }

  async function askOne(link: WitnessLink): Promise<void> {
    underWay += 1
    const lines = await link.cosign(head)
    underWay -= 1
    if (isOver) return
    if (lines !== undefined) {
      done.add(link)
      take(lines)
    }
    if (underWay === 0) end()
  }

  function ask(): void {
    if (isOver) return
    // A witness that still hangs from an earlier round is left alone: it holds up nobody.
    for (const link of links) if (!link.isBusy() && !done.has(link)) void askOne(link)
    if (underWay === 0) callOffs.push(clock.after(0, end))
  }

  callOffs.push(clock.after(options.deadline, end))
  ask()
  return { ask, cancel }
}
