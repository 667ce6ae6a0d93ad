// What lies where in the directory of a signer, and how it is opened: the memory of one log's heads, and the keys.
import { join } from "node:path"
import { createPatientTime } from "../../core/time/patient-time.ts"
import { createNoteVerification } from "../../crypto/engines/note-verification.ts"
import { logSigningKeys } from "../../crypto/signers/log-signer.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { createSigner, type Signer } from "../../signer/signer.ts"
import { openSignerMemory } from "../../storage/files/signer-memory.ts"
import { machineClock } from "../clock/machine-clock.ts"
import type { Close } from "../command/closers.ts"
import { optional } from "../command/options.ts"
import { openLogKeys } from "../log/signing/log-keys.ts"

/** Where the keys are, if not in the signer's directory. */
interface SignerPlaces {
  readonly ecdsaKey?: string | undefined
  readonly ed25519Key?: string | undefined
}

export function signerDirectory(path: string, { ecdsaKey, ed25519Key }: SignerPlaces = {}) {
  return {
    path,
    /** Never part of a backup. */
    memory: join(path, "memory"),
    ecdsaKey: ecdsaKey ?? join(path, "keys", "ecdsa.pem"),
    ed25519Key: ed25519Key ?? join(path, "keys", "ed25519.pem"),
  }
}

export type SignerDirectory = ReturnType<typeof signerDirectory>

export const signerKeyOptions = [
  optional("--ecdsa-key <uri>", "the log's ECDSA P-256 key (default: DIR/keys/ecdsa.pem)"),
  optional("--ed25519-key <uri>", "the log's Ed25519 key (default: DIR/keys/ed25519.pem)"),
] as const

/** How long a step of the clock must have lasted; a signer signs no time that is not asked for. */
const CLOCK_PATIENCE_MS = 10 * 60_000

/**
 * Opens memory and keys; `closers` close them again. Refuses and throws as the parts do, and `mismatch` for keys of
 * another log.
 */
export async function openSigner(
  directory: SignerDirectory,
  passphrase: string | undefined,
  closers: Close[],
): Promise<Signer> {
  const memory = openSignerMemory(directory.memory)
  closers.push(memory.close)
  const keys = await openLogKeys(directory, { passphrase })
  closers.push(async () => {
    await keys.ecdsa.close()
    await keys.ed25519.close()
  })
  const time = createPatientTime({ ...machineClock(), patience: CLOCK_PATIENCE_MS })
  return createSigner({
    memory,
    keys: logSigningKeys(memory.identity.origin, keys),
    hasher: nativeHasher,
    holds: createNoteVerification(),
    now: () => Math.floor(time().now / 1000),
  })
}
