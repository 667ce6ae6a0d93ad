// A witness in memory behind a listening HTTP server.
import type { AddressInfo } from "node:net"
import { parseVkey } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import { createNoteVerification } from "../../../src/crypto/engines/note-verification.ts"
import { openPemKey } from "../../../src/crypto/keys/pem-key.ts"
import { createEd25519Cosigner } from "../../../src/crypto/signers/cosigner.ts"
import type { ServedWitness } from "../../../src/http/witness/handlers.ts"
import { createWitnessServer, type WitnessServerOptions } from "../../../src/http/witness/server.ts"
import { createWitness } from "../../../src/witness/witness.ts"
import { nodeHasher } from "../../reference.ts"
import { ed25519Pem, testSigner } from "../../signers.ts"
import { createMemoryWitnessStore } from "../../storage/memory/witness-store.ts"
import { notePort } from "../door/contract-check.ts"

export interface OpenedWitness {
  readonly port: number
  /** The clock of the witness, in Unix seconds; a test may set it. */
  readonly clock: { time: number }
  close(): Promise<void>
}

export interface OpenedWitnessOptions extends Omit<Partial<WitnessServerOptions>, "witness"> {
  /** The vkeys of the logs that are cosigned. */
  readonly logs: readonly string[]
  /** Puts something in front of the witness. */
  readonly witness?: (witness: ServedWitness["witness"]) => ServedWitness["witness"]
}

export const witnessName = "witness.example"
export const witnessSigner = testSigner(witnessName, 4, 2)

/** Opens a witness without any memory and lets it listen on a free port of the loopback interface. */
export async function openServedWitness(options: OpenedWitnessOptions): Promise<OpenedWitness> {
  const clock = { time: 1_700_000_000 }
  const cosigner = createEd25519Cosigner(witnessName, openPemKey(ed25519Pem(2)))
  const logs = options.logs.map(parseVkey).map((vkey) => {
    return { origin: parseOrigin(vkey.name), vkeys: [vkey] }
  })
  const witness = await createWitness({
    store: createMemoryWitnessStore(),
    logs,
    cosigners: [cosigner],
    hasher: nodeHasher,
    now: () => clock.time,
    holds: createNoteVerification(),
    defer: setImmediate,
  })
  const { server, close } = createWitnessServer({
    name: witnessName,
    vkeys: [],
    obstacle: () => undefined,
    ...options,
    witness: options.witness?.(witness) ?? witness,
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  notePort(port, "witness")
  return { port, clock, close }
}
