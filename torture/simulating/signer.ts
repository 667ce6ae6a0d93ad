// The log's keys in the simulation: real ones behind the program's own adapters for some lives, and for most one whose
// signature is a hash, which costs little. Either may be away, slow, unwilling, or give garbage.
import { createPublicKey, generateKeyPairSync, hash, sign, verify } from "node:crypto"
import type { Vkey } from "../../src/core/note/note.ts"
import type { Origin } from "../../src/core/note/origin.ts"
import type { KeyHandle } from "../../src/crypto/keys/handle.ts"
import type { LogSigner } from "../../src/log/ports/signer.ts"
import type { Faults } from "./faults.ts"
import type { SimulatedProgram } from "./program.ts"
import type { Life, World } from "./world.ts"

export const ORIGIN = "log.example" as Origin

interface OwnKey {
  readonly handle: Omit<KeyHandle, "sign" | "close">
  signNow(message: Uint8Array): Uint8Array
}

function makeKey(algorithm: "ecdsa-p256" | "ed25519"): OwnKey {
  const { privateKey } =
    algorithm === "ed25519"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: "P-256" })
  const publicKey = createPublicKey(privateKey)
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }))
  const digest = algorithm === "ed25519" ? null : "sha256"
  return {
    handle: { algorithm, publicKey, spki },
    signNow: (message) => new Uint8Array(sign(digest, message, privateKey)),
  }
}

/** What the choices of a life do not depend on: only the letters of signatures differ from run to run. */
export interface LogSecrets {
  readonly ecdsa: OwnKey
  readonly ed25519: OwnKey
  readonly publics: Pick<LogSigner, "keyFingerprints" | "vkeys">
  readonly vkeys: readonly Vkey[]
}

export function makeSecrets(program: SimulatedProgram): LogSecrets {
  const [ecdsa, ed25519] = [makeKey("ecdsa-p256"), makeKey("ed25519")]
  const publics = program.logPublicKeys(ORIGIN, { ecdsa: ecdsa.handle, ed25519: ed25519.handle })
  return { ecdsa, ed25519, publics, vkeys: publics.vkeys.map(program.parseVkey) }
}

export interface SignerPorts {
  readonly world: World
  readonly program: SimulatedProgram
  readonly secrets: LogSecrets
  readonly life: Life
  readonly faults: Faults
  readonly isKeyed: boolean
  /** Told of each text as it is signed. */
  readonly onSigned: (text: string) => void
  readonly mostTries: () => number
}

/** A key that lies in another house, behind the adapter that verifies what it gives. */
function distantKey({ world, program, life, faults }: SignerPorts, key: OwnKey): KeyHandle {
  const own = program.createVerifiedHandle({
    ...key.handle,
    where: "the key",
    async sign(message) {
      const signature = key.signNow(message)
      if (faults.strikes("signer-garbage")) signature[9] = (signature[9] as number) ^ 1
      return signature
    },
    async close() {},
  })
  return {
    ...own,
    async sign(message) {
      await world.pause(life)
      return await world.outside(own.sign(message))
    },
  }
}

/** Two lines whose signatures are hashes: nobody outside of the simulation would take them. */
function cheapNote(secrets: LogSecrets, program: SimulatedProgram, text: string): string {
  const half = (salt: string) => hash("sha256", salt + text, "buffer")
  const signature = Buffer.concat([half("a"), half("b")])
  return program.formatNote(
    text,
    secrets.vkeys.map(({ name, keyId }) => ({ name, keyId, signature })),
  )
}

/** Whether both lines hold, by the observer's own verification. */
function holds({ ecdsa, ed25519 }: LogSecrets, program: SimulatedProgram, note: string): boolean {
  const { text, signatures } = program.parseNote(note)
  const message = Buffer.from(text)
  const [first, second] = signatures.map(({ signature }) => signature)
  if (first === undefined || second === undefined || signatures.length !== 2) return false
  return (
    verify("sha256", message, ecdsa.handle.publicKey, first) &&
    verify(null, message, ed25519.handle.publicKey, second)
  )
}

export function createSigner(ports: SignerPorts): LogSigner {
  const { world, program, secrets, life, faults, isKeyed } = ports
  const keyed = isKeyed
    ? program.createLogSigner(ORIGIN, {
        ecdsa: distantKey(ports, secrets.ecdsa),
        ed25519: distantKey(ports, secrets.ed25519),
      })
    : undefined
  const signer: LogSigner = {
    origin: ORIGIN,
    ...secrets.publics,
    async sign(text) {
      await world.pause(life)
      if (faults.strikes("signer-away")) {
        await world.pause(life, 20_000)
        throw new program.Trouble("busy", "the signer does not answer")
      }
      if (faults.strikes("signer-refuses")) {
        life.doubt ??= "a refusal of the signer"
        program.refuse("conflict", "the signer has signed another tree")
      }
      ports.onSigned(text)
      if (keyed === undefined) return cheapNote(secrets, program, text)
      const note = await keyed.sign(text)
      if (!holds(secrets, program, note))
        world.broken("a signature was given away that does not hold")
      return note
    },
  }
  return program.createPatientSigner(signer, {
    wait: (delay) => world.pause(life, delay),
    onAway: () => {},
    mostTries: ports.mostTries,
  })
}
