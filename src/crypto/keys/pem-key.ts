// Private keys in PEM that the program itself signs with: PKCS#8, plain, encrypted by scrypt (sealed-key.ts) or as
// OpenSSL encrypts them. Signs with a look at what was signed.
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signNow,
  verify as verifyNow,
} from "node:crypto"
import { promisify } from "node:util"
import { bug, Refusal, refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { algorithmOf, digestOf, type KeyHandle, type PublicHalf, verifyInThread } from "./handle.ts"
import { openSealedKey } from "./sealed-key.ts"

interface OpenedKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Null where the algorithm hashes by itself. */
  readonly digest: "sha256" | null
}

// With a callback both work in Node's own threads, which spares the event loop a tenth of a millisecond.
const signInThread = promisify<string | null, Uint8Array, KeyObject, Buffer>(signNow)

// A fault in signing never leaves the process: each signature is verified with the public key.
function checked(signature: Uint8Array, holds: boolean): Uint8Array {
  return holds ? new Uint8Array(signature) : bug("a signature of a key of our own does not verify")
}

/** Signs and verifies on the calling thread. */
function signHere(key: OpenedKey, message: Uint8Array): Uint8Array {
  const signature = signNow(key.digest, message, key.privateKey)
  return checked(signature, verifyNow(key.digest, message, key.publicKey, signature))
}

/** Signs at once and verifies in Node's threads, as an Ed25519 signature takes three times as long to verify. */
async function signAndVerify(key: OpenedKey, message: Uint8Array): Promise<Uint8Array> {
  const signature = signNow(key.digest, message, key.privateKey)
  return checked(signature, await verifyInThread(key.digest, message, key.publicKey, signature))
}

/** Signs and verifies in Node's threads. */
async function signElsewhere(key: OpenedKey, message: Uint8Array): Promise<Uint8Array> {
  const signature = await signInThread(key.digest, message, key.privateKey)
  return checked(signature, await verifyInThread(key.digest, message, key.publicKey, signature))
}

/** Where a key in memory signs: on the calling thread, or sparing it the verification, or both. */
export type Signing = "here" | "verify-elsewhere" | "elsewhere"

const ways = { here: signHere, "verify-elsewhere": signAndVerify, elsewhere: signElsewhere }

interface PemOptions {
  /** Opens the key if it is encrypted. */
  readonly passphrase?: string | undefined
  /** On the calling thread by default. */
  readonly signing?: Signing | undefined
  /** Whose key it is, in messages. */
  readonly what?: string | undefined
}

const CARRIAGE_RETURN =
  "the passphrase ends in a carriage return: write its file with Unix line ends"

/**
 * A private key of any kind, as this program or OpenSSL writes it. Refuses as `openSealedKey` does, and throws
 * what OpenSSL throws, which is not for people.
 */
export function parsePrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  const sealed = openSealedKey(pem, passphrase)
  return sealed ?? createPrivateKey({ key: pem, ...present({ passphrase }) })
}

/** Refuses `malformed`, and `too-large` for one that takes too long to open. */
export function readPem(pem: string, passphrase: string | undefined, what: string): KeyObject {
  try {
    return parsePrivateKey(pem, passphrase)
  } catch (cause) {
    if (cause instanceof Refusal && cause.code === "too-large") throw cause
    const remedy = "expected a PKCS#8 PEM private key (with its passphrase if it is encrypted)"
    const hint = passphrase?.endsWith("\r") ? ` (${CARRIAGE_RETURN})` : ""
    return refuse("malformed", `${what}: ${remedy}, found something else${hint}`, { cause })
  }
}

function spkiOf(publicKey: KeyObject): Uint8Array {
  return new Uint8Array(publicKey.export({ type: "spki", format: "der" }))
}

/** Refuses `malformed` for a file that has rotted: the public half of another key, or a point that is on no curve. */
function assertPair({ privateKey, publicKey, digest }: OpenedKey, what: string): void {
  const message = Buffer.from(what)
  try {
    if (verifyNow(digest, message, publicKey, signNow(digest, message, privateKey))) return
  } catch {
    // OpenSSL found it first.
  }
  refuse("malformed", `${what}: expected a private key with its public half, found a damaged one`)
}

/** Opens a key. Refuses as {@link readPem} does, and `unsupported` for another kind than P-256 and Ed25519. */
export function openPemKey(pem: string, options: PemOptions = {}): KeyHandle {
  const { passphrase, signing = "here", what = "private key" } = options
  const privateKey = readPem(pem, passphrase, what)
  const publicKey = createPublicKey(privateKey)
  const algorithm = algorithmOf(publicKey, what)
  const key = { privateKey, publicKey, digest: digestOf(algorithm) } as const
  assertPair(key, what)
  const sign = ways[signing]
  return {
    spki: spkiOf(publicKey),
    publicKey,
    algorithm,
    sign: async (message) => await sign(key, message),
    close: () => Promise.resolve(),
  }
}

/** The public half alone, in PEM. Refuses `malformed`, and `unsupported` for another kind of key. */
export function openPublicKey(pem: string, what: string): PublicHalf {
  try {
    const publicKey = createPublicKey(pem)
    return { spki: spkiOf(publicKey), algorithm: algorithmOf(publicKey, what) }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    return refuse("malformed", `${what}: expected a public key in PEM, found something else`, {
      cause,
    })
  }
}
