// Signed things as clients leave them behind, by a key of the tests, and the submissions that log them.
import { generateKeyPairSync, sign } from "node:crypto"
import { dssePae } from "../../../src/entry/dsse.ts"
import type { HashedrekordRequest } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { digestOf } from "../registry/fake-registry.ts"

const IN_TOTO = "application/vnd.in-toto+json"
const owner = generateKeyPairSync("ec", { namedCurve: "P-256" })
const spki = owner.publicKey.export({ type: "spki", format: "der" }).toString("base64")

/** Bytes with a signature over them. */
export interface Signed {
  readonly message: Buffer
  readonly signature: string
}

export function signed(message: string | Uint8Array): Signed {
  const bytes = Buffer.from(message)
  return { message: bytes, signature: sign("sha256", bytes, owner.privateKey).toString("base64") }
}

/** What a client sends that logs nothing but a digest. */
export function logging({ message, signature }: Signed): HashedrekordRequest {
  return { kind: "hashedrekord", digest: digestOf(message), signature, publicKey: spki }
}

/** The JSON that cosign 2 signs. */
export function simpleSigning(image: string, note = "x"): string {
  const critical = {
    identity: { "docker-reference": "registry.example/app" },
    image: { "docker-manifest-digest": image },
    type: "cosign container image signature",
  }
  return JSON.stringify({ critical, optional: { note } })
}

/** An envelope over a statement about the image, with the message that was signed. */
export function signedEnvelope(image: string, note = "x") {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: image.replace("sha256:", "") } }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: { note },
  }
  const payload = Buffer.from(JSON.stringify(statement))
  const whole = signed(dssePae(IN_TOTO, payload))
  const signatures = [{ sig: whole.signature }]
  const envelope = { payload: payload.toString("base64"), payloadType: IN_TOTO, signatures }
  return { ...whole, envelope }
}

export interface StatedPlace {
  readonly index: number
  readonly body?: string
}

function tlogEntry({ index, body = "e30=" }: StatedPlace) {
  return {
    logIndex: String(index),
    logId: { keyId: Buffer.alloc(32).toString("base64") },
    kindVersion: { kind: "hashedrekord", version: "0.0.2" },
    integratedTime: "0",
    canonicalizedBody: body,
  }
}

/** A Sigstore bundle of an envelope; `version` as in its media type. */
export function bundleOf(
  envelope: object,
  stated: readonly StatedPlace[] = [],
  version = "0.3",
): string {
  const short = `application/vnd.dev.sigstore.bundle.v${version}+json`
  const old = `application/vnd.dev.sigstore.bundle+json;version=${version}`
  return JSON.stringify({
    mediaType: version === "0.3" ? short : old,
    verificationMaterial: { publicKey: { hint: "" }, tlogEntries: stated.map(tlogEntry) },
    dsseEnvelope: envelope,
  })
}
