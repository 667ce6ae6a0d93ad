// A verifier key as people keep it: PEM or DER of a public key or of a certificate, which in
// PEM may be the first of its chain. What is accepted of
// the key itself is decided in entry/verifier-key.ts.
import { parseUtf8 } from "../core/base/bytes.ts"
import { Refusal, refuse } from "../core/base/errors.ts"
import { foreignDer } from "../core/base/foreign-key.ts"
import { parsePem, refuseLabel } from "../core/base/pem.ts"
import { readVerifierKey, type VerifierKey } from "../entry/verifier-key.ts"

function readPemKey(text: string, what: string): VerifierKey {
  const { label, der } = parsePem(text, what)
  if (label === "PUBLIC KEY") return readVerifierKey({ publicKey: der })
  if (label === "CERTIFICATE") return readVerifierKey({ certificate: der })
  return refuseLabel(label, what)
}

function readDerKey(der: Uint8Array, what: string): VerifierKey {
  const foreign = foreignDer(der)
  if (foreign !== undefined) {
    const expected = "a public key or a certificate"
    refuse("malformed", `${what}: expected ${expected}, found ${foreign.found}; ${foreign.advice}`)
  }
  try {
    return readVerifierKey({ publicKey: der })
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === "unsupported") throw error
    return readVerifierKey({ certificate: der })
  }
}

/** Every key in DER begins with this byte; of texts with PEM in them only one that begins with a `0` does. */
const SEQUENCE = 0x30

/**
 * Reads one key, of a chain of certificates that of the first: text is PEM; bytes are DER or PEM, told apart by their first byte. Refuses
 * `malformed`, `too-large`, or `unsupported` for a key that no algorithm of the log uses.
 */
export function readKeyFile(content: string | Uint8Array, what = "verifier key"): VerifierKey {
  if (typeof content === "string") return readPemKey(content, what)
  if (content[0] === SEQUENCE) return readDerKey(content, what)
  return readPemKey(parseUtf8(content, what), what)
}
