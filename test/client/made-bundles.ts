// Bundles of every kind of entry, key and content, made with a log of the tests.

import { AsnConvert } from "@peculiar/asn1-schema"
import { Certificate, SubjectPublicKeyInfo } from "@peculiar/asn1-x509"
import { concat, utf8 } from "../../src/core/base/bytes.ts"
import { formatPem } from "../../src/core/base/pem.ts"
import { asHash } from "../../src/core/tree/hash.ts"
import {
  type Algorithm,
  algorithms,
  digestAlgorithm,
  messageAlgorithm,
} from "../../src/entry/algorithm.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import type { DsseRequest } from "../../src/entry/kinds/dsse-v002.ts"
import type { HashedrekordRequest } from "../../src/entry/kinds/hashedrekord-v002.ts"
import { formatSigstoreBundle } from "../../src/sigstore/bundle.ts"
import { bundleOfSubmission } from "../../src/sigstore/submission-bundle.ts"
import { ecdsaCertificate } from "../entry/certificates.ts"
import { base64, hashOf, makeSigner, type Signer, signMessage } from "../entry/signers.ts"
import { sha256 } from "../reference.ts"
import type { MadeLog } from "./made-log.ts"

export const IN_TOTO = "application/vnd.in-toto+json"

export interface MadeBundle {
  readonly name: string
  readonly artifact: Uint8Array
  /** PEM of the signer's public key or certificate. */
  readonly key: string
  readonly text: string
}

/** A certificate for this key; its own signature does not hold, as nobody looks at it. */
export function certificateOf({ spki }: Signer, serial = 1): Uint8Array {
  const certificate = AsnConvert.parse(Buffer.from(ecdsaCertificate, "base64"), Certificate)
  const { tbsCertificate } = certificate
  tbsCertificate.subjectPublicKeyInfo = AsnConvert.parse(spki, SubjectPublicKeyInfo)
  tbsCertificate.serialNumber = Uint8Array.of(serial).buffer
  return new Uint8Array(AsnConvert.serialize(certificate))
}

export function publicPem({ spki }: Signer): string {
  return formatPem({ label: "PUBLIC KEY", der: spki })
}

function digestText(algorithm: Algorithm, message: Uint8Array): string {
  return `${algorithms[algorithm].hash}:${Buffer.from(hashOf(algorithm, message)).toString("hex")}`
}

/** A signature over an artifact, as a submission. */
export function blobRequest(signer: Signer, artifact: Uint8Array): HashedrekordRequest {
  const algorithm = digestAlgorithm[signer.keyType]
  return {
    kind: "hashedrekord",
    digest: digestText(algorithm, artifact),
    signature: base64(signMessage(signer, algorithm, artifact)),
    publicKey: base64(signer.spki),
  }
}

/** The in-toto statement about an artifact. */
export function statement(artifact: Uint8Array, name = "artifact"): Uint8Array {
  const digest = { sha256: Buffer.from(sha256(artifact)).toString("hex") }
  const subject = [
    { name: "other", digest: { sha256: "00".repeat(32) } },
    { name, digest },
  ]
  const type = "https://in-toto.io/Statement/v1"
  return utf8(JSON.stringify({ _type: type, subject, predicateType: "x", predicate: {} }))
}

/** A signed envelope, as a submission. */
export function envelopeRequest(
  signer: Signer,
  payloadType: string,
  payload: Uint8Array,
): DsseRequest {
  const message = dssePae(payloadType, payload)
  const sig = base64(signMessage(signer, messageAlgorithm[signer.keyType], message))
  return {
    kind: "dsse",
    envelope: { payload: base64(payload), payloadType, signatures: [{ sig, keyid: "hint" }] },
    verifiers: [{ publicKey: base64(signer.spki) }],
  }
}

export function logIdOfLog(log: MadeLog) {
  return asHash(sha256(log.ecdsaSpki))
}

export async function blobBundle(
  log: MadeLog,
  name: string,
  signer: Signer,
  request?: HashedrekordRequest,
): Promise<MadeBundle> {
  const artifact = utf8(`artifact of ${name}`)
  const submission = request ?? blobRequest(signer, artifact)
  const bundle = bundleOfSubmission(submission, await log.add(submission), logIdOfLog(log))
  return { name, artifact, key: publicPem(signer), text: formatSigstoreBundle(bundle) }
}

async function certificateBundle(log: MadeLog, name: string): Promise<MadeBundle> {
  const signer = makeSigner("ecdsa-p256")
  const der = certificateOf(signer)
  const { publicKey: _, ...rest } = blobRequest(signer, utf8(`artifact of ${name}`))
  const bundle = await blobBundle(log, name, signer, { ...rest, certificate: base64(der) })
  return { ...bundle, key: formatPem({ label: "CERTIFICATE", der }) }
}

export async function envelopeBundle(
  log: MadeLog,
  name: string,
  signer: Signer,
  payloadType = IN_TOTO,
): Promise<MadeBundle> {
  const artifact = utf8(`artifact of ${name}`)
  const payload = payloadType === IN_TOTO ? statement(artifact) : artifact
  const request = envelopeRequest(signer, payloadType, payload)
  const bundle = bundleOfSubmission(request, await log.add(request), logIdOfLog(log))
  return { name, artifact, key: publicPem(signer), text: formatSigstoreBundle(bundle) }
}

/** As cosign 3 does it: the envelope is logged as a hashedrekord over its PAE. */
export async function paeBundle(log: MadeLog, name: string, signer: Signer): Promise<MadeBundle> {
  const artifact = utf8(`artifact of ${name}`)
  const payload = statement(artifact)
  const request = blobRequest(signer, dssePae(IN_TOTO, payload))
  const bundle = bundleOfSubmission(request, await log.add(request), logIdOfLog(log))
  const { signature } = bundle.content
  const content = { form: "dsse", payload, payloadType: IN_TOTO, signature } as const
  return {
    name,
    artifact,
    key: publicPem(signer),
    text: formatSigstoreBundle({ ...bundle, content }),
  }
}

/** One bundle of each kind, at sizes from 4 on so that every proof has hashes. */
export async function makeBundles(log: MadeLog): Promise<readonly MadeBundle[]> {
  for (let i = 0; i < 3; i++) await log.addBody(concat(utf8("filler "), Uint8Array.of(i)))
  return [
    await blobBundle(log, "p256", makeSigner("ecdsa-p256")),
    await blobBundle(log, "another p256", makeSigner("ecdsa-p256")),
    await blobBundle(log, "p384", makeSigner("ecdsa-p384")),
    await blobBundle(log, "p521", makeSigner("ecdsa-p521")),
    await blobBundle(log, "rsa", makeSigner("rsa-2048")),
    await blobBundle(log, "ed25519ph", makeSigner("ed25519")),
    await certificateBundle(log, "certificate"),
    await envelopeBundle(log, "attestation p256", makeSigner("ecdsa-p256")),
    await envelopeBundle(log, "attestation ed25519", makeSigner("ed25519")),
    await envelopeBundle(log, "envelope rsa", makeSigner("rsa-2048"), "text/plain"),
    await paeBundle(log, "attestation by cosign", makeSigner("ecdsa-p256")),
    await paeBundle(log, "attestation ed25519ph", makeSigner("ed25519")),
  ]
}
