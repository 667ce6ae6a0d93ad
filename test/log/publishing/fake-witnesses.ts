// Witnesses for tests of publishing: each keeps to the rules of tlog-witness unless the test breaks it.

import { refuse, Trouble } from "../../../src/core/base/errors.ts"
import { parseCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { checkpointRule } from "../../../src/core/note/cosignature.ts"
import {
  formatNote,
  formatVkey,
  type NoteSignature,
  parseNote,
  type SignatureRule,
} from "../../../src/core/note/note.ts"
import { type Policy, type PolicyWitness, parsePolicy } from "../../../src/core/note/policy.ts"
import { EMPTY_HEAD, type Head } from "../../../src/core/tree/hash.ts"
import { verifyConsistency } from "../../../src/core/tree/proof.ts"
import type {
  CosignAnswer,
  PublishedStore,
  WitnessPort,
} from "../../../src/log/ports/publishing.ts"
import { testSigner } from "../../signers.ts"
import { startTime } from "../opened-log.ts"

export interface FakeWitness {
  readonly port: WitnessPort
  readonly vkey: string
  /** How it misbehaves; by default it does not. */
  mode: "honest" | "down" | "hangs" | "refuses" | "false-line" | "other-key" | "no-time"
  /** A size that it claims to be at instead of cosigning. */
  claims: number | undefined
  /** What it gives for the checkpoint that it stands for, if not the true one. */
  note: string | undefined
  /** How often it was asked to cosign. */
  asked: number
  head: Head
  /** Lets requests end that hang. */
  release(): void
}

const TIME = startTime / 1000

export const holds: SignatureRule = (vkey, text, signature) =>
  checkpointRule(parseCheckpoint(text))(vkey, text, signature)

/** The witness with the key made of this seed; `name` is its name in policies. */
export function fakeWitness(name: string, seed: number): FakeWitness {
  const signer = testSigner(`witness.example/${name}`, 4, seed)
  const stranger = testSigner(`witness.example/${name}`, 4, seed + 100)
  const members: readonly PolicyWitness[] = [{ name, vkey: signer.vkey }]
  let stands: string | undefined
  const hanging: (() => void)[] = []

  function lineOver(note: string): NoteSignature {
    const { text } = parseNote(note)
    const checkpoint = parseCheckpoint(text)
    if (witness.mode === "other-key") return stranger.sign(text, checkpoint, TIME)
    const line = signer.sign(text, checkpoint, witness.mode === "no-time" ? 0 : TIME)
    if (witness.mode === "false-line") line.signature[20] = (line.signature[20] ?? 0) ^ 1
    return line
  }

  const witness: FakeWitness = {
    mode: "honest",
    claims: undefined,
    note: undefined,
    asked: 0,
    head: EMPTY_HEAD,
    vkey: formatVkey(signer.vkey),
    release() {
      for (const end of hanging.splice(0)) end()
    },
    port: {
      name,
      members,
      async cosign({ oldSize, proof, note }): Promise<CosignAnswer> {
        witness.asked += 1
        if (witness.mode === "down") throw new Trouble("network", "connection refused")
        if (witness.mode === "refuses") refuse("malformed", "the witness answers 422")
        if (witness.mode === "hangs") {
          await new Promise<void>((resolve) => hanging.push(resolve))
          throw new Trouble("network", "timed out")
        }
        if (witness.claims !== undefined) return { size: witness.claims }
        const checkpoint = parseCheckpoint(parseNote(note).text)
        if (oldSize !== witness.head.size) return { size: witness.head.size }
        verifyConsistency(witness.head, checkpoint, proof)
        const line = lineOver(note)
        witness.head = checkpoint
        stands = formatNote(parseNote(note).text, [...parseNote(note).signatures, line])
        return { lines: [line] }
      },
      async checkpoint() {
        if (witness.mode === "down") throw new Trouble("network", "connection refused")
        return witness.note ?? stands
      },
    },
  }
  return witness
}

/** A policy over these witnesses; `rules` has its groups and its quorum. */
export function policyOver(witnesses: readonly FakeWitness[], rules: string): Policy {
  const lines = witnesses.map(({ port, vkey }) => `witness ${port.name} ${vkey}\n`)
  return parsePolicy(`${lines.join("")}${rules}\n`)
}

/** Keeps the published checkpoint in memory. */
export function fakeStore(
  kept?: string,
): PublishedStore & { kept: string | undefined; aside: string | undefined; fails: boolean } {
  return {
    kept,
    aside: undefined,
    fails: false,
    async read() {
      return this.kept
    },
    async write(checkpoint) {
      if (this.fails) throw new Trouble("disk", "the disk is full")
      this.kept = checkpoint
    },
    async setAside() {
      this.aside = this.kept
      this.kept = undefined
      return "published.other"
    },
  }
}
