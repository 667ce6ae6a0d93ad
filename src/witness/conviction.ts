// What stops a witness from cosigning a log: evidence against the log, or against the witness's own memory.
// A freeze holds at once in this process and is durable when its promise resolves.
import { refuse } from "../core/errors.ts"
import { formatVkey, type SignatureRule, type Vkey } from "../core/note.ts"
import type { Origin } from "../core/origin.ts"
import type { Evidence } from "../evidence/evidence.ts"
import { verifyEvidence } from "../evidence/verification.ts"
import type { LogState, LogStates } from "./log-states.ts"
import type { WitnessStore } from "./store.ts"

export interface ConvictionOptions {
  readonly store: WitnessStore
  readonly states: LogStates
  /** Whether evidence freezes. */
  readonly freezes: boolean
  readonly holds: SignatureRule
  readonly onEvidence?: ((origin: Origin, evidence: Evidence) => void) | undefined
}

export interface TakenEvidence {
  readonly id: string
  /** The logs that are cosigned here and use the convicted key. */
  readonly origins: readonly Origin[]
}

export interface Conviction {
  /** Freezes a log for evidence that holds; known evidence changes nothing, also after an unfreeze. */
  convict(state: LogState, evidence: Evidence): Promise<void>
  /** Freezes a log for good, because `note` has the witness's own cosignature beyond its memory. */
  stop(state: LogState, note: string): Promise<void>
  /** See {@link Witness.takeEvidence}. */
  take(text: string): Promise<TakenEvidence>
  /** See {@link Witness.unfreeze}. */
  unfreeze(state: LogState): Promise<void>
}

export async function createConviction(options: ConvictionOptions): Promise<Conviction> {
  const { store, states, freezes, holds, onEvidence } = options
  const kept = await store.evidence()
  const known = new Set(kept.map(({ origin, evidence }) => caseOf(origin, evidence.id)))

  async function convict(state: LogState, evidence: Evidence): Promise<void> {
    const { origin } = state.log
    if (known.has(caseOf(origin, evidence.id))) return
    known.add(caseOf(origin, evidence.id))
    if (freezes) state.freeze ??= { origin, cause: "proven", evidence: evidence.id }
    await store.convict(origin, evidence, freezes)
    onEvidence?.(origin, evidence)
  }

  async function stop(state: LogState, note: string): Promise<void> {
    const { origin } = state.log
    if (state.freeze?.cause === "rolled-back") return
    state.freeze = { origin, cause: "rolled-back", note }
    await store.stop(origin, note)
  }

  async function take(text: string): Promise<TakenEvidence> {
    const { id, kind, convicted, freezes: isReason } = verifyEvidence(text, undefined, holds)
    const found = [...states.values()].filter(({ log }) =>
      log.vkeys.some((vkey) => isSameKey(vkey, convicted)),
    )
    if (found.length === 0) {
      refuse("untrusted", "expected evidence against a key of a log that is cosigned here")
    }
    if (!isReason) {
      refuse("not-allowed", `evidence of the kind ${kind} is no reason to stop cosigning a log`)
    }
    await Promise.all(found.map((state) => convict(state, { id, kind, text })))
    return { id, origins: found.map(({ log }) => log.origin) }
  }

  async function unfreeze(state: LogState): Promise<void> {
    const { freeze, log } = state
    if (freeze === undefined) refuse("not-found", `${log.origin} is not frozen`)
    await store.unfreeze(log.origin)
    state.freeze = undefined
  }

  return { convict, stop, take, unfreeze }
}

function caseOf(origin: Origin, evidence: string): string {
  return `${evidence} ${origin}`
}

function isSameKey(a: Vkey, b: Vkey): boolean {
  // The key ID is only 32 bits of a hash.
  return formatVkey(a) === formatVkey(b)
}
