// The keys of a witness: Ed25519 (type 4) wherever it lives, ML-DSA-44 (type 6) in a thread of its own, because
// one signature takes some 5 ms. Each signature is verified once before it is given away.
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js"
import { Piscina } from "piscina"
import { bug, refuse, Trouble } from "../../core/base/errors.ts"
import { cosignatureMessage, subtreeMessage } from "../../core/note/cosignature.ts"
import { makeVkey } from "../../core/note/note.ts"
import type { Cosigner } from "../../witness/cosigning.ts"
import { workerFile } from "../engines/worker-file.ts"
import { assertAlgorithm, type KeyHandle, rawEd25519 } from "../keys/handle.ts"
import { SEED_SIZE } from "./seed-file.ts"

export interface HeldCosigner extends Cosigner {
  /** Finishes what was begun and ends the thread, if there is one. */
  close(): Promise<void>
}

const ED25519 = 0x04
const ML_DSA_44 = 0x06

/** Requests that may wait for the thread, some two seconds' worth; more are told to try later. */
const MOST_WAITING = 256

// SPEC: a witness MUST NOT cosign a checkpoint with the time 0 (C2SP tlog-witness).
function assertTime(time: number): void {
  if (!Number.isSafeInteger(time) || time < 1) bug(`${time} is no time to cosign at`)
}

/** Signs with an Ed25519 key and closes it in the end. Refuses `unsupported` for another kind of key. */
export function createEd25519Cosigner(name: string, key: KeyHandle): HeldCosigner {
  const { sign, close } = assertAlgorithm(key, "ed25519", "witness key")
  return {
    vkey: makeVkey(name, ED25519, rawEd25519(key)),
    async sign(time, text) {
      assertTime(time)
      return await sign(cosignatureMessage(time, text))
    },
    close,
  }
}

/** Makes the ML-DSA-44 key of a seed. Refuses `malformed` unless it has 32 bytes. */
export function createMlDsaCosigner(name: string, seed: Uint8Array): HeldCosigner {
  if (seed.length !== SEED_SIZE) {
    refuse("malformed", `ML-DSA-44 seed: expected ${SEED_SIZE} bytes, found ${seed.length}`)
  }
  const vkey = makeVkey(name, ML_DSA_44, ml_dsa44.keygen(seed).publicKey)
  const thread = new Piscina<Uint8Array, Uint8Array>({
    filename: workerFile("signers/ml-dsa-worker"),
    name: "signMlDsa",
    minThreads: 1,
    maxThreads: 1,
    maxQueue: MOST_WAITING,
    workerData: seed,
  })

  return {
    vkey,
    async sign(time, _text, { origin, size, root }) {
      assertTime(time)
      const message = subtreeMessage(name, time, { origin, start: 0, end: size, root })
      try {
        return await thread.run(message)
      } catch (cause) {
        throw new Trouble("busy", "the thread that signs with ML-DSA-44 cannot", { cause })
      }
    },
    close: () => thread.close(),
  }
}
