// Signs what Rekor v1 clients need and C2SP does not know, with the log's ECDSA key: signed entry
// timestamps (SET) and checkpoints under the origin `ORIGIN - TREEID` with exactly one signature line.
import { equalBytes } from "../../core/base/bytes.ts"
import { bug } from "../../core/base/errors.ts"
import { formatCheckpoint, parseCheckpoint } from "../../core/note/checkpoint.ts"
import { formatNote, lineOf, parseNote } from "../../core/note/note.ts"
import type { Head } from "../../core/tree/hash.ts"
import type { SignedHead } from "../../log/ports/log.ts"
import type { EntryPromise, RekorSigner } from "../../log/ports/signer.ts"
import type { LogIdentity } from "../../log/ports/store.ts"
import { promisedBytes } from "../../signer/promised-bytes.ts"
import { digestOf, type KeyHandle, verifyInThread } from "../keys/handle.ts"
import { ecdsaSigningKey, type SigningKey } from "./log-signer.ts"

/** Takes the log's word for what it promises: the log's own process holds the key. */
interface KeyedRekorSigner extends RekorSigner {
  signEntry(promise: EntryPromise): Promise<Uint8Array>
}

/** The size and root in a published checkpoint, once this key's own signature on it was verified. */
async function signedHead(key: SigningKey, published: SignedHead): Promise<Head> {
  const { text, signatures } = parseNote(published.checkpoint)
  const own = lineOf(key.vkey, signatures)
  const isOwn =
    own !== undefined &&
    (await verifyInThread(digestOf(key.algorithm), Buffer.from(text), key.publicKey, own.signature))
  const head = parseCheckpoint(text)
  const isSame = head.size === published.size && equalBytes(head.root, published.root)
  if (!isOwn || !isSame || head.origin !== key.vkey.name) {
    bug("a head is to be signed for Rekor v1 that the log has not published")
  }
  return head
}

/** Signs with the log's ECDSA key, which stays the caller's to close. Refuses `unsupported` for another kind of key. */
export function createRekorSigner(
  { origin, treeId }: Pick<LogIdentity, "origin" | "treeId">,
  ecdsa: KeyHandle,
): KeyedRekorSigner {
  const key = ecdsaSigningKey(origin, ecdsa)
  const checkpoints = new WeakMap<SignedHead, Promise<string>>()

  // SPEC: a log MUST NOT sign a checkpoint inconsistent with any it signed before (tlog-checkpoint).
  // This text comes out of a checkpoint that has this key's signature already. The sequencer made that
  // one after the guard had the head, so no head is ever signed here that is not guarded.
  async function sign(published: SignedHead): Promise<string> {
    const text = formatCheckpoint(`${origin} - ${treeId}`, await signedHead(key, published))
    const signature = await key.sign(Buffer.from(text))
    return formatNote(text, [{ ...key.vkey, signature }])
  }

  return {
    logId: key.fingerprint,
    publicKeyPem: key.publicKey.export({ type: "spki", format: "pem" }) as string,
    signEntry: (promise) => key.sign(promisedBytes(promise)),
    async checkpoint(published) {
      const signing = checkpoints.get(published) ?? sign(published)
      checkpoints.set(published, signing)
      // Asked again, a key that was away may be back.
      signing.catch(() => checkpoints.delete(published))
      return await signing
    },
  }
}
