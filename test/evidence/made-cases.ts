// Logs, witnesses and entries that misbehave on purpose, as evidence is made of them.
import { generateKeyPairSync, sign as signNatively } from "node:crypto"
import { formatPem } from "../../src/core/base/pem.ts"
import { formatCheckpoint } from "../../src/core/note/checkpoint.ts"
import { formatNote, makeVkey } from "../../src/core/note/note.ts"
import type { Hash, Head } from "../../src/core/tree/hash.ts"
import { createNoteVerification } from "../../src/crypto/engines/note-verification.ts"
import { digestAlgorithm } from "../../src/entry/algorithm.ts"
import { canonicalJson } from "../../src/entry/canonical-json.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import { hashedrekordBody } from "../../src/entry/kinds/hashedrekord-v002.ts"
import { revocationText } from "../../src/entry/revocation.ts"
import { sha256Text } from "../../src/entry/search-terms.ts"
import type { LoggedEntry } from "../../src/evidence/format.ts"
import { signSha256 } from "../entry/rekor-v1/signing.ts"
import { base64, hashOf, makeSigner, type Signer, signMessage } from "../entry/signers.ts"
import { mth, path, sha256 } from "../reference.ts"
import { type TestSigner, testSigner } from "../signers.ts"

export const ORIGIN = "log.example/test"
export const log = testSigner(ORIGIN, 1, 1)
/** A log whose own signatures carry a time. */
export const timedLog = testSigner(ORIGIN, 4, 1)
export const otherLog = testSigner(ORIGIN, 1, 2)
export const witness = testSigner("witness.example/w1", 4, 3)
export const secondWitness = testSigner("witness.example/w2", 6, 4)

/** OpenSSL's rule, for tests that verify thousands of notes. */
export const natively = createNoteVerification()

export interface EcdsaLog extends TestSigner {
  readonly logID: string
  signBytes(bytes: Uint8Array): Uint8Array
}

/** A log with an ECDSA key, as clients of Rekor v1 know it. */
export function ecdsaLog(name = ORIGIN): EcdsaLog {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const spki = Uint8Array.from(publicKey.export({ format: "der", type: "spki" }))
  const vkey = makeVkey(name, 2, spki)
  const signBytes = (bytes: Uint8Array) =>
    Uint8Array.from(signNatively("sha256", bytes, privateKey))
  return {
    vkey,
    logID: Buffer.from(sha256(spki)).toString("hex"),
    signBytes,
    sign: (text) => ({ name, keyId: vkey.keyId, signature: signBytes(Buffer.from(text)) }),
  }
}

export interface NoteOptions {
  readonly origin?: string
  /** Unix seconds, of signatures that carry a time. */
  readonly time?: number
}

export const TIME = 1_800_000_000

/** A note over any head, signed by anyone. */
export function noteOf(
  head: Head,
  signers: readonly TestSigner[],
  { origin = ORIGIN, time = TIME }: NoteOptions = {},
): string {
  const text = formatCheckpoint(origin, head)
  const named = { ...head, origin }
  return formatNote(
    text,
    signers.map((signer) => signer.sign(text, named, time)),
  )
}

export function headOf(bodies: readonly Uint8Array[]): Head {
  return { size: bodies.length, root: mth(bodies) }
}

/** A root that no tree has. */
export function anyRoot(seed: number): Hash {
  return sha256(Uint8Array.of(0xee, seed))
}

/** An entry with its proof in the tree of `bodies`. */
export function logged(
  bodies: readonly Uint8Array[],
  index: number,
  payload?: Uint8Array,
): LoggedEntry {
  const body = bodies[index] as Uint8Array
  return { index, body, path: path(index, bodies), ...(payload && { payload }) }
}

export const alice = makeSigner("ecdsa-p256")
export const bob = makeSigner("ed25519")

/** A logged hashedrekord whose signature holds. */
export function hashedrekordOf(signer: Signer, message: string): Uint8Array {
  const algorithm = digestAlgorithm[signer.keyType]
  const bytes = Buffer.from(message)
  return hashedrekordBody({
    algorithm,
    digest: hashOf(algorithm, bytes),
    signature: signMessage(signer, algorithm, bytes),
    key: { form: "publicKey", der: signer.spki },
  })
}

export function keyOf({ spki }: Signer): string {
  return sha256Text(sha256(spki))
}

export function revocationOf(signer: Signer): Uint8Array {
  return hashedrekordOf(signer, revocationText(keyOf(signer)))
}

/** The same JSON with something else in it. */
export function replaced(body: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(body).toString()
  if (!text.includes(from)) throw new Error(`the body has no ${from}`)
  return new TextEncoder().encode(text.replace(from, to))
}

/** An in-toto statement about one subject; `content` decides on its digest. */
export function statementOf(name: string, content: string): Uint8Array {
  const digest = { sha256: Buffer.from(sha256(Buffer.from(content))).toString("hex") }
  const statement = { _type: "https://in-toto.io/Statement/v1", subject: [{ name, digest }] }
  return new TextEncoder().encode(JSON.stringify(statement))
}

/** A logged intoto entry by `signer`; a lie if another one has signed. */
export function intotoOf(named: Signer, payload: Uint8Array, signer = named): Uint8Array {
  const payloadType = "application/vnd.in-toto+json"
  const signature = signSha256(signer, dssePae(payloadType, payload))
  const pem = formatPem({ label: "PUBLIC KEY", der: named.spki })
  const sig = Buffer.from(base64(signature)).toString("base64")
  const hash = { algorithm: "sha256", value: Buffer.from(sha256(payload)).toString("hex") }
  return canonicalJson({
    apiVersion: "0.0.2",
    kind: "intoto",
    spec: {
      content: {
        envelope: { payloadType, signatures: [{ publicKey: base64(Buffer.from(pem)), sig }] },
        hash,
        payloadHash: hash,
      },
    },
  })
}

/** A logged rekord by `signer`; a lie if another one has signed. */
export function rekordOf(named: Signer, artifact: string, signer = named): Uint8Array {
  const bytes = Buffer.from(artifact)
  const pem = formatPem({ label: "PUBLIC KEY", der: named.spki })
  return canonicalJson({
    apiVersion: "0.0.1",
    kind: "rekord",
    spec: {
      data: {
        hash: { algorithm: "sha256", value: Buffer.from(sha256(bytes)).toString("hex") },
      },
      signature: {
        content: base64(signSha256(signer, bytes)),
        format: "x509",
        publicKey: { content: base64(Buffer.from(pem)) },
      },
    },
  })
}
