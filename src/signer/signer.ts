// A signer of its own: keeps the keys of one log and remembers its newest head, so that whoever holds the log's
// process cannot fork the log. Answers what is asked of it, one kind of signature each; nothing is ever signed as
// raw bytes. Leaves out the wire (message.ts), disks and the keys themselves, which are ports.
import { utf8 } from "../core/base/bytes.ts"
import { bug, refuse } from "../core/base/errors.ts"
import { formatHex } from "../core/base/text.ts"
import { formatCheckpoint } from "../core/note/checkpoint.ts"
import {
  formatNote,
  formatVkey,
  lineOf,
  type NoteSignature,
  parseNote,
  type SignatureRule,
  type Vkey,
} from "../core/note/note.ts"
import type { Head, TreeHasher } from "../core/tree/hash.ts"
import { createBoundedMap } from "../tree/bounded-map.ts"
import { assertNotBeyond, judgeCheckpoint, judgePromise, ownHead } from "./judgement.ts"
import type { SignerMemory } from "./memory.ts"
import type { Asked, SignerAnswer } from "./message.ts"

/** One key; an adapter verifies its own signatures before it gives them away. */
export interface SignerKey {
  readonly vkey: Vkey
  /** SHA-256 over the SPKI, lower-case hex. */
  readonly fingerprint: string
  sign(message: Uint8Array): Promise<Uint8Array>
}

interface SignerOptions {
  readonly memory: SignerMemory
  /** In the order of the lines: the ECDSA key, which Rekor v1 clients know, comes first. */
  readonly keys: readonly SignerKey[]
  readonly hasher: TreeHasher
  /** Whether a line of an own key holds over a text. */
  readonly holds: SignatureRule
  /** Unix seconds. */
  readonly now: () => number
}

export interface Signer {
  /**
   * Signs what is asked, or says who it is. Refuses as the judgement does, and `untrusted` for a head that it has
   * not signed. Throws trouble: "busy" while a key cannot sign, any other means that this process must end.
   */
  answer(asked: Asked): Promise<SignerAnswer>
  /** The newest head that is remembered. */
  head(): Head
}

/** Heads that were signed by this process are not looked at again. */
const REMEMBERED_HEADS = 4_096

function nameOf({ size, root }: Head): string {
  return `${size} ${formatHex(root)}`
}

/** Refuses `mismatch` if these are not the keys of the log that the memory is about. */
function assertKeys({ identity }: SignerMemory, keys: readonly SignerKey[]): void {
  const found = keys.map(({ fingerprint }) => fingerprint).join(" ")
  const expected = identity.keyFingerprints.join(" ")
  if (found === expected) return
  refuse(
    "mismatch",
    `this memory belongs to ${identity.origin} with the keys ${expected}, found the keys ${found}; ` +
      "give the keys that it was made with",
  )
}

export function createSigner({ memory, keys, hasher, holds, now }: SignerOptions): Signer {
  assertKeys(memory, keys)
  const { origin, treeId } = memory.identity
  const rekorKey = keys[0] ?? bug("a signer needs a key")
  const signed = createBoundedMap<string, true>(REMEMBERED_HEADS)
  let isBroken = false

  function remember(head: Head): void {
    if (isBroken) bug("the memory could not be written; nothing is signed any more")
    if (head.size === memory.head().size) return
    isBroken = true
    memory.remember(head)
    isBroken = false
  }

  /** A line of each of `signing`, in that order. */
  async function note(text: string, signing: readonly SignerKey[]): Promise<string> {
    const message = utf8(text)
    const lines = signing.map(async (key): Promise<NoteSignature> => {
      return { ...key.vkey, signature: await key.sign(message) }
    })
    return formatNote(text, await Promise.all(lines))
  }

  async function checkpoint(asked: Asked & { readonly ask: "checkpoint" }): Promise<SignerAnswer> {
    // No wait may stand between the judgement and what is remembered.
    const head = judgeCheckpoint(asked, origin, memory.head(), hasher)
    remember(head)
    const made = await note(asked.text, keys)
    signed.set(nameOf(head), true)
    return { note: made }
  }

  /** The head of a checkpoint that bears this signer's own signature. Refuses `untrusted` without one. */
  function signedHead(published: string): Head {
    const { text, signatures } = parseNote(published)
    const head = ownHead(text, origin)
    assertNotBeyond(head, memory.head())
    if (signed.get(nameOf(head)) === true) return head
    const { vkey } = rekorKey
    const line = lineOf(vkey, signatures)
    if (line === undefined || !holds(vkey, text, line.signature)) {
      refuse(
        "untrusted",
        `expected a checkpoint that this signer has signed, found size ${head.size}`,
      )
    }
    signed.set(nameOf(head), true)
    return head
  }

  return {
    head: memory.head,
    async answer(asked) {
      switch (asked.ask) {
        case "identity": {
          const vkeys = keys.map(({ vkey }) => formatVkey(vkey))
          return { identity: { origin, treeId, vkeys, size: memory.head().size } }
        }
        case "checkpoint":
          return await checkpoint(asked)
        case "rekor-checkpoint": {
          const text = formatCheckpoint(`${origin} - ${treeId}`, signedHead(asked.checkpoint))
          return { note: await note(text, [rekorKey]) }
        }
        case "entry-timestamp": {
          const head = signedHead(asked.checkpoint)
          const { fingerprint: logId } = rekorKey
          const message = judgePromise(asked, { logId, head, now: now(), hasher })
          return { signature: await rekorKey.sign(message) }
        }
      }
    },
  }
}
