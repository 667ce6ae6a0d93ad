// A signer in memory for tests: real keys, its own judgement, and a memory that is a variable.
import { generateKeyPairSync } from "node:crypto"
import { formatCheckpoint, parseCheckpoint } from "../../src/core/note/checkpoint.ts"
import { openNote, parseNote, verifyTextSignature } from "../../src/core/note/note.ts"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { asHash, EMPTY_HEAD, type Hash, type Head } from "../../src/core/tree/hash.ts"
import { openPemKey } from "../../src/crypto/keys/pem-key.ts"
import { logSigningKeys } from "../../src/crypto/signers/log-signer.ts"
import type { LogIdentity } from "../../src/log/ports/store.ts"
import type { SignerMemory } from "../../src/signer/memory.ts"
import type { SignerAnswer } from "../../src/signer/message.ts"
import { createSigner, type Signer, type SignerKey } from "../../src/signer/signer.ts"
import { mth, nodeHasher, proof } from "../reference.ts"

export const origin = parseOrigin("log.example")
export const NOW = 1_800_000_000

const pem = { type: "pkcs8", format: "pem" } as const
const newEcdsa = () =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export(pem) as string
const newEd25519 = () => generateKeyPairSync("ed25519").privateKey.export(pem) as string

export function newKeys() {
  const keys = { ecdsa: openPemKey(newEcdsa()), ed25519: openPemKey(newEd25519()) }
  return logSigningKeys(origin, keys)
}

export interface MadeSigner {
  readonly signer: Signer
  readonly keys: readonly SignerKey[]
  readonly identity: LogIdentity
  /** What survives the end of the process. */
  readonly memory: SignerMemory
  /** Another process over the same memory. */
  again(): Signer
}

export function memoryOf(identity: LogIdentity, head: Head = EMPTY_HEAD): SignerMemory {
  let held = head
  return {
    identity,
    head: () => held,
    remember(to) {
      held = to
    },
    close() {},
  }
}

export function makeSigner(head: Head = EMPTY_HEAD): MadeSigner {
  const keys = newKeys()
  const keyFingerprints = keys.map(({ fingerprint }) => fingerprint)
  const identity = { origin, treeId: "4711", keyFingerprints }
  const memory = memoryOf(identity, head)
  const again = () =>
    createSigner({
      ...{ memory, keys, hasher: nodeHasher, holds: verifyTextSignature },
      now: () => NOW,
    })
  return { signer: again(), keys, identity, memory, again }
}

/** A tree of these bodies, as a log would ask for it. */
export interface AskedTree {
  readonly head: Head
  readonly text: string
  /** The proof from its beginning of so many entries. */
  from(size: number): readonly Hash[]
}

export function treeOf(bodies: readonly Uint8Array[], name: string = origin): AskedTree {
  const head = { size: bodies.length, root: asHash(mth(bodies)) }
  return {
    head,
    text: formatCheckpoint(name, head),
    from: (size) => (size === 0 || size > bodies.length ? [] : proof(size, bodies)),
  }
}

/** Asks for the signature over a tree, with the proof from `from`; as an honest log does if that is left out. */
export async function askFor(
  signer: Signer,
  tree: AskedTree,
  from: number = Math.min(signer.head().size, tree.head.size),
): Promise<string> {
  const { text } = tree
  const answer = await signer.answer({ ask: "checkpoint", text, from, proof: tree.from(from) })
  return noteOf(answer)
}

export function noteOf(answer: SignerAnswer): string {
  if ("note" in answer) return answer.note
  throw new Error("expected a note")
}

/** The head in a note that all of these keys have signed. */
export function openOwn(note: string, keys: readonly SignerKey[]): Head {
  const parsed = parseNote(note)
  const vkeys = keys.map(({ vkey }) => vkey)
  const lines = openNote(parsed, vkeys)
  if (lines.length !== keys.length) throw new Error(`expected ${keys.length} lines`)
  return parseCheckpoint(parsed.text)
}
