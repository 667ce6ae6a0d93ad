// Two sides of small logs: entries, roots and consistency proofs by RFC 6962 section 2.1, with node:crypto and nothing of
// the program that is judged.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto"

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex")

/** The key whose 32 seed bytes are all `seed`. */
export function keyOf(seed: number): KeyObject {
  const key = Buffer.concat([PKCS8, new Uint8Array(32).fill(seed)])
  return createPrivateKey({ key, format: "der", type: "pkcs8" })
}

export function publicBytes(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" })
  return new Uint8Array(spki.subarray(-32))
}

export function signed(key: KeyObject, text: string | Uint8Array): Buffer {
  return sign(null, Buffer.from(text), key)
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash("sha256").update(Buffer.concat(parts)).digest()

export function leafOf(entry: Uint8Array): Buffer {
  return sha256(Buffer.of(0), entry)
}

function splitOf(count: number): number {
  let half = 1
  while (half * 2 < count) half *= 2
  return half
}

export function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return leaves[0] as Buffer
  const at = splitOf(leaves.length)
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, at)), rootOf(leaves.slice(at)))
}

function subproof(from: number, leaves: readonly Buffer[], isWhole: boolean): Buffer[] {
  if (from === leaves.length) return isWhole ? [] : [rootOf(leaves)]
  const at = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, at), leaves.slice(at)]
  return from <= at
    ? [...subproof(from, left, isWhole), rootOf(right)]
    : [...subproof(from - at, right, false), rootOf(left)]
}

/** A log by its origin; the salt tells the sides of a fork apart. */
export function createSmallLog(origin: string, seed: number, salt = 0) {
  const key = keyOf(seed)
  const all = Array.from({ length: 16 }, (_, i) => leafOf(Buffer.of(i, salt)))
  const text = (size: number) =>
    `${origin}\n${size}\n${rootOf(all.slice(0, size)).toString("base64")}\n`
  return {
    key,
    /** The add-checkpoint request from one size to another, given the ID of the key. */
    request(from: number, to: number, keyId: number): Uint8Array {
      const proof = from === 0 || from >= to ? [] : subproof(from, all.slice(0, to), true)
      const lines = proof.map((hash) => `${hash.toString("base64")}\n`).join("")
      const id = Buffer.alloc(4)
      id.writeUInt32BE(keyId)
      const line = Buffer.concat([id, signed(key, text(to))]).toString("base64")
      return Buffer.from(`old ${from}\n${lines}\n${text(to)}\n— ${origin} ${line}\n`)
    },
  }
}
