// A signer that may be away for a while: a token that is pulled, a process that is started again. A head that the
// guard has may be signed at any later time, as starting again does, so the signature alone is asked for again and
// nothing else happens meanwhile.
import { Trouble } from "../core/base/errors.ts"
import type { LogSigner } from "./ports/signer.ts"

interface PatienceOptions {
  /** Resolves after so many milliseconds. */
  readonly wait: (delay: number) => Promise<void>
  /** Told why nothing is signed now, and `undefined` once that is over. */
  readonly onAway: (reason: string | undefined) => void
  /** How often to ask again for one signature; looked at each time. */
  readonly mostTries: () => number
}

const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 1_000

/** Asks again after trouble ("busy"); all else is thrown on, as is that once it was asked `mostTries` times. */
export function createPatientSigner<S extends LogSigner>(
  signer: S,
  { wait, onAway, mostTries }: PatienceOptions,
): S {
  return {
    ...signer,
    async sign(text, prove) {
      let delay = FIRST_DELAY_MS
      let said: string | undefined
      for (let tries = 1; ; tries++) {
        try {
          const note = await signer.sign(text, prove)
          if (tries > 1) onAway(undefined)
          return note
        } catch (reason) {
          const passes = reason instanceof Trouble && reason.code === "busy"
          if (!passes || tries >= mostTries()) throw reason
          if (reason.message !== said) onAway(reason.message)
          said = reason.message
        }
        await wait(delay)
        delay = Math.min(2 * delay, LONGEST_DELAY_MS)
      }
    },
  }
}
