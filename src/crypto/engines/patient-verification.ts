// Verifies the signature lines of checkpoints off the calling thread, for servers that anyone may give lines to: Ed25519
// and ECDSA in the threads of libuv, ML-DSA-44, which takes OpenSSL 3.5 or 8 ms of portable code, in a thread of its
// own. As strict as note-verification.ts, line by line.
import { Piscina } from "piscina"
import { utf8 } from "../../core/base/bytes.ts"
import { refuse, Trouble } from "../../core/base/errors.ts"
import { parseCheckpointText } from "../../core/note/checkpoint.ts"
import { cosignatureMessage, splitTimed } from "../../core/note/cosignature.ts"
import type { SignatureRule, Vkey } from "../../core/note/note.ts"
import { createMessageVerification, MOST_KEYS } from "./note-verification.ts"
import type { CheckpointLine } from "./portable-worker.ts"
import { workerFile } from "./worker-file.ts"

const IDLE_MILLISECONDS = 5_000

/** Lines of ML-DSA-44 that wait for their thread: half a second of work. */
const MOST_WAITING = 64

/** A signature rule that is waited for; refuses `try-later` if too much of what it costs waits already. */
type PatientRule = (...line: Parameters<SignatureRule>) => Promise<boolean>

/** Verifies ML-DSA-44 in one thread, which starts when it is needed and ends when it is not. */
function createMlDsaThread() {
  let thread: Piscina<CheckpointLine, boolean> | undefined
  return async (vkey: Vkey, text: string, signature: Uint8Array): Promise<boolean> => {
    // Refuses here, where a refusal is known as one.
    parseCheckpointText(text)
    if (splitTimed(signature) === undefined) return false
    thread ??= new Piscina({
      filename: workerFile("engines/portable-worker"),
      name: "verifyLine",
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MILLISECONDS,
    })
    if (thread.queueSize >= MOST_WAITING) {
      refuse(
        "try-later",
        "too many signatures of ML-DSA-44 are being verified; try again in a second",
      )
    }
    // Posting a view would copy the whole buffer behind it.
    const publicKey = Uint8Array.from(vkey.publicKey)
    const line = { vkey: { ...vkey, publicKey }, text, signature: Uint8Array.from(signature) }
    try {
      return await thread.run(line)
    } catch (cause) {
      throw new Trouble("busy", "the thread for signatures of ML-DSA-44 failed", { cause })
    }
  }
}

/**
 * The rule of `createNoteVerification` off the calling thread. Keeps at most `maxKeys` imported keys. Refuses
 * `malformed` for a line of type 6 under a text that is no checkpoint, `try-later` if 64 lines of type 6 wait.
 */
export function createPatientNoteVerification(maxKeys = MOST_KEYS): PatientRule {
  const verification = createMessageVerification(maxKeys)
  const mlDsa = createMlDsaThread()
  return async (vkey, text, signature) => {
    const { type, publicKey } = vkey
    switch (type) {
      case 1:
        return await verification.ed25519Elsewhere(publicKey, utf8(text), signature)
      case 2:
        return await verification.ecdsaElsewhere(publicKey, utf8(text), signature)
      case 4: {
        const timed = splitTimed(signature)
        if (timed === undefined) return false
        const message = cosignatureMessage(timed.time, text)
        return await verification.ed25519Elsewhere(publicKey, message, timed.bare)
      }
      case 6:
        return await mlDsa(vkey, text, signature)
    }
  }
}
