// A signer that waits for its keys: while what holds them cannot sign, it asks again for the same signature, and the
// sequencer stands still between guard and signature, where standing still is safe at any length.
import { Trouble } from "../core/base/errors.ts"
import type { LogSigner } from "./ports/signer.ts"

export interface Patience {
  /** Waits before another try; `tries` have failed. */
  pause(tries: number): Promise<void>
  /** Told why nothing is signed, once it has failed twice; undefined when it signs again. */
  onSigning(trouble: string | undefined): void
}

/** A single failure may be a restart of what holds the keys, and is nobody's concern. */
const FAILURES_TO_TELL = 2

/**
 * Signs as `signer` does, however long that takes. Only trouble ("busy") passes by itself: a refusal and everything
 * else is thrown on.
 */
export function createPatientSigner<S extends LogSigner>(signer: S, patience: Patience): S {
  return {
    ...signer,
    // SPEC: a log MUST NOT sign a checkpoint inconsistent with any it signed before (tlog-checkpoint). The guard
    // has this head already, and every try is for the same text, so the tries cannot contradict each other.
    async sign(text, prove) {
      for (let failures = 1; ; failures++) {
        try {
          const note = await signer.sign(text, prove)
          if (failures > FAILURES_TO_TELL) patience.onSigning(undefined)
          return note
        } catch (reason) {
          if (!(reason instanceof Trouble && reason.code === "busy")) throw reason
          if (failures === FAILURES_TO_TELL) patience.onSigning(reason.message)
          await patience.pause(failures)
        }
      }
    },
  }
}
