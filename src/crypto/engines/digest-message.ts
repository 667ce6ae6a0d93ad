// What the event loop and a digest thread say to each other: many checks in one buffer there, one byte
// a check back. One message for many checks is what makes the thread cheap to use.
import { readU16, writeU16 } from "../../core/base/bytes.ts"
import { hashNames } from "../../core/base/digest.ts"
import { type Algorithm, everyAlgorithm, type HashName } from "../../entry/algorithm.ts"

/** A signature over a ready-made digest, to be verified under one key. */
export interface DigestCheck {
  readonly algorithm: Algorithm
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly digest: Uint8Array
  /** What made the digest, if it is not the algorithm's own hash. */
  readonly hash?: HashName | undefined
}

/** algorithm, hash (none is the last), three lengths (u16), then the bytes of key, signature and digest; nothing between. */
const HEADER = 8
const LONGEST_PART = 65_535

export function canPack({ spki, signature, digest }: DigestCheck): boolean {
  return [spki, signature, digest].every(({ length }) => length <= LONGEST_PART)
}

export function packChecks(checks: readonly DigestCheck[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const { spki, signature, digest } of checks) {
    length += HEADER + spki.length + signature.length + digest.length
  }
  const packed = new Uint8Array(length)
  let at = 0
  for (const { algorithm, spki, signature, digest, hash } of checks) {
    packed[at] = everyAlgorithm.indexOf(algorithm)
    packed[at + 1] = hash === undefined ? hashNames.length : hashNames.indexOf(hash)
    writeU16(packed, at + 2, spki.length)
    writeU16(packed, at + 4, signature.length)
    writeU16(packed, at + 6, digest.length)
    at += HEADER
    for (const part of [spki, signature, digest]) {
      packed.set(part, at)
      at += part.length
    }
  }
  return packed
}

/** The checks as views into `packed`, in order. */
export function unpackChecks(packed: Uint8Array): DigestCheck[] {
  const checks: DigestCheck[] = []
  for (let at = 0; at < packed.length; ) {
    const spkiAt = at + HEADER
    const signatureAt = spkiAt + readU16(packed, at + 2)
    const digestAt = signatureAt + readU16(packed, at + 4)
    const end = digestAt + readU16(packed, at + 6)
    checks.push({
      algorithm: everyAlgorithm[packed[at] as number] as Algorithm,
      spki: packed.subarray(spkiAt, signatureAt),
      signature: packed.subarray(signatureAt, digestAt),
      digest: packed.subarray(digestAt, end),
      hash: hashNames[packed[at + 1] as number],
    })
    at = end
  }
  return checks
}

export type FromDigestThread =
  | { readonly type: "ready" }
  /** OpenSSL cannot be used; nothing will be answered. */
  | { readonly type: "unusable"; readonly reason: string }
  /** One byte a check, 1 where the signature holds. */
  | { readonly type: "answers"; readonly holds: Uint8Array }

/** What a digest thread is started with. */
export interface DigestThreadData {
  readonly maxKeys: number
  /** The file of an OpenSSL to call; null for the one inside the process. */
  readonly library: string | null
  /** Whether every other thread goes before it. */
  readonly isPatient: boolean
}
