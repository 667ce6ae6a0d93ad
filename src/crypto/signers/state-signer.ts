// Signs a monitor's state with the monitor's own Ed25519 key, held as a PEM file.
import { generateKeyPairSync } from "node:crypto"
import { formatNote, makeVkey } from "../../core/note/note.ts"
import type { StateSigner } from "../../monitor/state/state.ts"
import { openEd25519, rawEd25519, signHere } from "./private-key.ts"

const NAME = "countersign-monitor"
const ED25519 = 0x01

/** A new key as PKCS#8 PEM. */
export function newStateKey(): string {
  const { privateKey } = generateKeyPairSync("ed25519")
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string
}

/** Opens a key; refuses `malformed` or `unsupported`. */
export function createStateSigner(pem: string): StateSigner {
  const key = openEd25519(pem, undefined, "monitor key")
  const vkey = makeVkey(NAME, ED25519, rawEd25519(key))
  return {
    vkey,
    async sign(text) {
      return formatNote(text, [{ ...vkey, signature: signHere(key, Buffer.from(text)) }])
    },
  }
}
