// The private keys that the program itself signs with, in PEM: opened with their public halves, and signing
// with a look at what was signed.
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signNow,
  verify as verifyNow,
} from "node:crypto"
import { promisify } from "node:util"
import { bug, refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"

export interface OpenedKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** SPKI in DER. */
  readonly spki: Uint8Array
  /** Null where the algorithm hashes by itself. */
  readonly digest: "sha256" | null
}

// With a callback both work in Node's own threads, which spares the event loop a tenth of a millisecond.
const signInThread = promisify<string | null, Uint8Array, KeyObject, Buffer>(signNow)
export const verifyInThread = promisify<string | null, Uint8Array, KeyObject, Uint8Array, boolean>(
  verifyNow,
)

function readPem(pem: string, passphrase: string | undefined, what: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...present({ passphrase }) })
  } catch (cause) {
    const remedy = "expected a PKCS#8 PEM private key (with its passphrase if it is encrypted)"
    return refuse("malformed", `${what}: ${remedy}, found something else`, { cause })
  }
}

function opened(privateKey: KeyObject, digest: OpenedKey["digest"]): OpenedKey {
  const publicKey = createPublicKey(privateKey)
  const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }))
  return { privateKey, publicKey, spki, digest }
}

/** Opens an Ed25519 key in PKCS#8 PEM. Refuses `malformed`, and `unsupported` for another kind. */
export function openEd25519(pem: string, passphrase: string | undefined, what: string): OpenedKey {
  const key = readPem(pem, passphrase, what)
  if (key.asymmetricKeyType === "ed25519") return opened(key, null)
  return refuse("unsupported", `${what}: expected Ed25519, found ${key.asymmetricKeyType}`)
}

/** Opens an ECDSA key on P-256 in PKCS#8 PEM, for SHA-256. Refuses as {@link openEd25519} does. */
export function openP256(pem: string, passphrase: string | undefined, what: string): OpenedKey {
  const key = readPem(pem, passphrase, what)
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (curve === "prime256v1") return opened(key, "sha256")
  return refuse("unsupported", `${what}: expected ECDSA P-256, found ${curve ?? "another kind"}`)
}

/** The 32 bytes of an Ed25519 key, which end its SPKI. */
export function rawEd25519({ spki }: OpenedKey): Uint8Array {
  return spki.slice(-32)
}

// A fault in signing never leaves the process: each signature is verified with the public key.
function checked(signature: Uint8Array, holds: boolean): Uint8Array {
  return holds ? new Uint8Array(signature) : bug("a signature of a key of our own does not verify")
}

/** Signs and verifies on the calling thread. */
export function signHere(key: OpenedKey, message: Uint8Array): Uint8Array {
  const signature = signNow(key.digest, message, key.privateKey)
  return checked(signature, verifyNow(key.digest, message, key.publicKey, signature))
}

/** Signs at once and verifies in Node's threads, as an Ed25519 signature takes three times as long to verify. */
export async function signAndVerify(key: OpenedKey, message: Uint8Array): Promise<Uint8Array> {
  const signature = signNow(key.digest, message, key.privateKey)
  return checked(signature, await verifyInThread(key.digest, message, key.publicKey, signature))
}

/** Signs and verifies in Node's threads. */
export async function signElsewhere(key: OpenedKey, message: Uint8Array): Promise<Uint8Array> {
  const signature = await signInThread(key.digest, message, key.privateKey)
  return checked(signature, await verifyInThread(key.digest, message, key.publicKey, signature))
}
