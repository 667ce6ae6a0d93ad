// Witnesses in the simulation: each judges by the program's own judgement and has a disk that never fails; what it is
// asked may be slow, lost, or a lie, and so may be what it answers.
import { hash } from "node:crypto"
import type { NoteSignature, SignatureRule, Vkey } from "../../src/core/note/note.ts"
import type { Policy } from "../../src/core/note/policy.ts"
import type { Hash, Head } from "../../src/core/tree/hash.ts"
import type { CosignAnswer, WitnessPort } from "../../src/log/ports/publishing.ts"
import type { WitnessedHead } from "../../src/witness/store.ts"
import type { Observer } from "./observer.ts"
import type { SimulatedProgram } from "./program.ts"
import { type LogSecrets, ORIGIN } from "./signer.ts"
import type { Life, World } from "./world.ts"

export interface Asked {
  readonly oldSize: number
  readonly proof: readonly Hash[]
  readonly note: string
}

export interface SimulatedWitness {
  readonly name: string
  head(): Head | undefined
  /** The cosignature; throws as the judgement refuses. */
  judge(asked: Asked): NoteSignature
  /** How the log of this process reaches it. */
  port(life: Life): WitnessPort
}

export const WITNESSES = ["one", "two", "three"] as const

export interface WitnessPorts {
  readonly world: World
  readonly program: SimulatedProgram
  readonly secrets: LogSecrets
  readonly observer: Observer
}

/** A cosignature in the simulation is a hash; it holds for nobody else. */
function lineOver(vkey: Vkey, text: string, time: number): NoteSignature {
  const stamp = Buffer.alloc(8)
  stamp.writeBigUInt64BE(BigInt(time))
  const digest = hash("sha512", `${vkey.name} ${time} ${text}`, "buffer")
  return { name: vkey.name, keyId: vkey.keyId, signature: Buffer.concat([stamp, digest]) }
}

export const cheapRule: SignatureRule = (vkey, text, signature) => {
  const time = Number(Buffer.from(signature).readBigUInt64BE(0))
  return Buffer.compare(lineOver(vkey, text, time).signature, signature) === 0
}

/** Keys that nobody holds: only their names and numbers matter here. */
export function witnessKeys(): readonly Vkey[] {
  return WITNESSES.map((name, i) => {
    return { name: `${name}.example`, keyId: i + 1, type: 4, publicKey: new Uint8Array(32) }
  })
}

export function policyOf(vkeys: readonly Vkey[], secrets: LogSecrets): Policy {
  const witnesses = vkeys.map((vkey, i) => ({ name: WITNESSES[i] as string, vkey }))
  const group = { name: "most", threshold: 2, members: WITNESSES.slice() }
  return {
    logs: secrets.vkeys.map((vkey) => ({ vkey })),
    witnesses,
    groups: [group],
    quorum: "most",
  }
}

export function createWitness(
  { world, program, secrets, observer }: WitnessPorts,
  name: string,
  vkey: Vkey,
): SimulatedWitness {
  let held: WitnessedHead | undefined

  function judge({ oldSize, proof, note }: Asked): NoteSignature {
    const { text, signatures } = program.parseNote(note)
    const checkpoint = program.parseCheckpoint(text)
    const log = { origin: ORIGIN, vkeys: secrets.vkeys }
    const seen = { checkpoint, text, logLines: signatures, ownLines: [] }
    const time = Math.floor(world.now() / 1_000)
    const submission = { ...seen, log, oldSize, proof }
    const timeAfter = (newest: number) => Math.max(newest, time)
    const { to } = program.judge(submission, held, undefined, timeAfter, program.nativeHasher)
    held = to
    observer.cosigned(to)
    return lineOver(vkey, text, to.time)
  }

  async function cosign(life: Life, asked: Asked): Promise<CosignAnswer> {
    await world.pause(life)
    const mood = world.dice(24)
    if (mood === 0) throw new program.Trouble("network", "connection refused")
    if (mood === 1) await world.pause(life, 10_000)
    if (mood === 2) return { size: (held?.size ?? 0) + world.dice(1_000) }
    if (mood === 3) program.refuse("malformed", "the witness answers 422")
    try {
      const line = judge(asked)
      await world.pause(life)
      if (mood === 4) return { lines: [{ ...line, signature: line.signature.slice().fill(7, 9) }] }
      return { lines: [line] }
    } catch (reason) {
      if (reason instanceof program.OldSizeConflict) return { size: reason.size }
      throw reason
    }
  }

  return {
    name,
    head: () => held,
    judge,
    port: (life) => ({
      name,
      members: [{ name, vkey }],
      cosign: (asked) => cosign(life, asked),
      async checkpoint() {
        await world.pause(life)
        return held?.note
      },
    }),
  }
}
