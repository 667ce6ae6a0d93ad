// Signers for tests: the keys of the published end-to-end vectors, made from their seeds, and what
// they sign. The secrets are public, so nothing but a test may use them.
import { createPrivateKey } from "node:crypto"
import { ed25519 } from "@noble/curves/ed25519.js"
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js"
import { utf8 } from "../src/core/base/bytes.ts"
import { parseHex } from "../src/core/base/text.ts"
import {
  cosignatureMessage,
  type NamedHead,
  subtreeMessage,
  timestamped,
} from "../src/core/note/cosignature.ts"
import { type KeyType, makeVkey, type NoteSignature, type Vkey } from "../src/core/note/note.ts"

/** A key with what it signs: over a text for type 1, over a checkpoint for types 4 and 6. */
export interface TestSigner {
  readonly vkey: Vkey
  sign(text: string, head: NamedHead, time: number): NoteSignature
}

function line(vkey: Vkey, signature: Uint8Array): NoteSignature {
  return { name: vkey.name, keyId: vkey.keyId, signature }
}

/** Signs with the key whose 32 seed bytes are all `seed`. */
export function testSigner(name: string, type: Exclude<KeyType, 2>, seed: number): TestSigner {
  const secret = new Uint8Array(32).fill(seed)
  if (type === 6) return mlDsaSigner(name, secret)
  const vkey = makeVkey(name, type, ed25519.getPublicKey(secret))
  return {
    vkey,
    sign(text, _head, time) {
      if (type === 1) return line(vkey, ed25519.sign(utf8(text), secret))
      return line(vkey, timestamped(time, ed25519.sign(cosignatureMessage(time, text), secret)))
    },
  }
}

function mlDsaSigner(name: string, seed: Uint8Array): TestSigner {
  const { publicKey, secretKey } = ml_dsa44.keygen(seed)
  const vkey = makeVkey(name, 6, publicKey)
  return {
    vkey,
    sign(_text, { origin, size, root }, time) {
      const message = subtreeMessage(name, time, { origin, start: 0, end: size, root })
      const signature = ml_dsa44.sign(message, secretKey, { extraEntropy: false })
      return line(vkey, timestamped(time, signature))
    },
  }
}

const PKCS8_PREFIX = parseHex("302e020100300506032b657004220420", "PKCS#8 prefix")

/** The Ed25519 key whose 32 seed bytes are all `seed`, in PKCS#8 PEM. */
export function ed25519Pem(seed: number, passphrase?: string): string {
  const der = Buffer.concat([PKCS8_PREFIX, new Uint8Array(32).fill(seed)])
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" })
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase }
  return key.export({ type: "pkcs8", format: "pem", ...encryption }) as string
}
