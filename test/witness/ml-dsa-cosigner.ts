// A cosigner of type 6 whose signatures are deterministic, for tests.

import type { Cosigner } from "../../src/witness/cosigning.ts"
import { testSigner } from "../signers.ts"

const TIME_SIZE = 8

export function mlDsaCosigner(name: string, seed: number): Cosigner {
  const signer = testSigner(name, 6, seed)
  return {
    vkey: signer.vkey,
    sign: async (time, text, head) => signer.sign(text, head, time).signature.subarray(TIME_SIZE),
  }
}
