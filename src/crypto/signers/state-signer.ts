// Signs a monitor's state with the monitor's own Ed25519 key, held as a PEM file.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto"
import { refuse } from "../../core/base/errors.ts"
import { formatNote, makeVkey } from "../../core/note/note.ts"
import type { StateSigner } from "../../monitor/state/statement.ts"

const NAME = "countersign-monitor"
const ED25519 = 0x01

/** A new key as PKCS#8 PEM. */
export function newStateKey(): string {
  const { privateKey } = generateKeyPairSync("ed25519")
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string
}

function readKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === "ed25519") return key
  } catch (cause) {
    return refuse("malformed", "monitor key: expected a PKCS#8 PEM private key, found none", {
      cause,
    })
  }
  return refuse("unsupported", "monitor key: expected Ed25519, found another kind of key")
}

/** Opens a key; refuses `malformed` or `unsupported`. */
export function createStateSigner(pem: string): StateSigner {
  const key = readKey(pem)
  const spki = new Uint8Array(createPublicKey(key).export({ type: "spki", format: "der" }))
  const vkey = makeVkey(NAME, ED25519, spki.subarray(-32))
  return {
    vkey,
    async sign(text) {
      const signature = new Uint8Array(sign(null, Buffer.from(text), key))
      return formatNote(text, [{ name: vkey.name, keyId: vkey.keyId, signature }])
    },
  }
}
