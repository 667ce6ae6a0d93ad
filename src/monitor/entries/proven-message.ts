// Which of the messages that are kept for a digest is that of an entry: bytes whose hash is the digest in its body, and,
// where the body binds only a payload, bytes over which its signature holds.
import type { SignatureCheck } from "../../entry/entry.ts"

/** Whether signatures hold. */
export type Verify = (checks: readonly SignatureCheck[]) => boolean

export function provenMessage(_body: Uint8Array, _messages: readonly Uint8Array[]) {
  return Promise.resolve<Uint8Array | undefined>(undefined)
}
