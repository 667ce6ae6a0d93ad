// Signs a monitor's state with the monitor's own Ed25519 key, held as a PEM file.
import { generateKeyPairSync } from "node:crypto"
import { formatNote, makeVkey } from "../../core/note/note.ts"
import type { StateSigner } from "../../monitor/state/state.ts"
import { assertAlgorithm, rawEd25519 } from "../keys/handle.ts"
import { openPemKey } from "../keys/pem-key.ts"

const NAME = "countersign-monitor"
const ED25519 = 0x01

/** A new key as PKCS#8 PEM. */
export function newStateKey(): string {
  const { privateKey } = generateKeyPairSync("ed25519")
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string
}

/** Opens a key; refuses `malformed` or `unsupported`. */
export function createStateSigner(pem: string, passphrase?: string): StateSigner {
  const what = "monitor key"
  const key = assertAlgorithm(openPemKey(pem, { passphrase, what }), "ed25519", what)
  const vkey = makeVkey(NAME, ED25519, rawEd25519(key))
  return {
    vkey,
    async sign(text) {
      return formatNote(text, [{ ...vkey, signature: await key.sign(Buffer.from(text)) }])
    },
  }
}
