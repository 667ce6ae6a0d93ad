// Signs checkpoints with the log's own keys, held as PEM files: an ECDSA P-256 line first (the key that
// Rekor clients know), an Ed25519 line second (the one that C2SP clients and witnesses know).
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto"
import { bug, refuse } from "../../core/base/errors.ts"
import {
  formatNote,
  formatVkey,
  makeVkey,
  type NoteSignature,
  type Vkey,
} from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { LogSigner } from "../../log/ports/signer.ts"

const ECDSA = 0x02
const ED25519 = 0x01

/** One key of the log, ready to sign. `digest` is null where the algorithm hashes by itself. */
export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly digest: "sha256" | null
  readonly vkey: Vkey
  readonly fingerprint: string
}

export interface LogKeys {
  /** PKCS#8 PEM of an ECDSA P-256 key. */
  readonly ecdsa: string
  /** PKCS#8 PEM of an Ed25519 key. */
  readonly ed25519: string
  /** Opens both if they are encrypted. */
  readonly passphrase?: string
}

function readPrivateKey(pem: string, passphrase: string | undefined, what: string): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase })
  } catch (cause) {
    const remedy = "expected a PKCS#8 PEM private key (with its passphrase if it is encrypted)"
    return refuse("malformed", `${what}: ${remedy}, found something else`, { cause })
  }
}

/** Opens the ECDSA key alone; refuses as {@link createLogSigner} does. */
export function openEcdsaKey(
  origin: Origin,
  keys: Pick<LogKeys, "ecdsa" | "passphrase">,
): SigningKey {
  const privateKey = readPrivateKey(keys.ecdsa, keys.passphrase, "ECDSA log key")
  const curve = privateKey.asymmetricKeyDetails?.namedCurve
  if (privateKey.asymmetricKeyType !== "ec" || curve !== "prime256v1") {
    refuse("unsupported", `log key: expected ECDSA P-256, found ${curve ?? "another kind"}`)
  }
  const publicKey = createPublicKey(privateKey)
  const spki = exportSpki(publicKey)
  const vkey = makeVkey(origin, ECDSA, spki)
  return { privateKey, publicKey, digest: "sha256", vkey, fingerprint: fingerprintOf(spki) }
}

function ed25519Key(origin: Origin, privateKey: KeyObject): SigningKey {
  if (privateKey.asymmetricKeyType !== "ed25519") {
    refuse("unsupported", `log key: expected Ed25519, found ${privateKey.asymmetricKeyType}`)
  }
  const publicKey = createPublicKey(privateKey)
  const spki = exportSpki(publicKey)
  const vkey = makeVkey(origin, ED25519, spki.subarray(-32))
  return { privateKey, publicKey, digest: null, vkey, fingerprint: fingerprintOf(spki) }
}

function exportSpki(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }))
}

function fingerprintOf(spki: Uint8Array): string {
  return createHash("sha256").update(spki).digest("hex")
}

/** Signs and checks the signature with the public key: a fault in signing never leaves the process. */
function signatureLine(key: SigningKey, message: Buffer): NoteSignature {
  const signature = sign(key.digest, message, key.privateKey)
  if (!verify(key.digest, message, key.publicKey, signature)) {
    bug("a signature of the log's own key does not verify")
  }
  return { name: key.vkey.name, keyId: key.vkey.keyId, signature: new Uint8Array(signature) }
}

export interface KeyedSigner extends LogSigner {
  /** SPKI DER of the ECDSA key, for trust files. */
  readonly ecdsaSpki: Uint8Array
}

/** Opens the log's keys. Refuses `malformed` or `unsupported` keys. */
export function createLogSigner(origin: Origin, keys: LogKeys): KeyedSigner {
  const held = [
    openEcdsaKey(origin, keys),
    ed25519Key(origin, readPrivateKey(keys.ed25519, keys.passphrase, "Ed25519 log key")),
  ] as const
  return {
    origin,
    keyFingerprints: held.map((key) => key.fingerprint),
    vkeys: held.map((key) => formatVkey(key.vkey)),
    ecdsaSpki: exportSpki(held[0].publicKey),
    sign(text) {
      const message = Buffer.from(text)
      const lines = held.map((key) => signatureLine(key, message))
      return Promise.resolve(formatNote(text, lines))
    },
  }
}
