// What cosign 2 and 3 leave in a registry of an image, by the key of the tests, logged by Rekor v1 as both do there.
import { BUNDLE, type Layer, SIMPLE_SIGNING } from "../../client/registry/fake-registry.ts"
import { type EntryV1, onlyEntry } from "../../http/rekor-client.ts"
import { dsseV1, envelopeOf, hashedrekordV1 } from "../../http/rekor-v1/submissions.ts"

async function logV1(url: string, submission: object): Promise<EntryV1> {
  const response = await fetch(`${url}/api/v1/log/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(submission),
  })
  if (response.status !== 201) throw new Error(await response.text())
  return onlyEntry(await response.json())[1]
}

export function simpleSigning(image: string): string {
  const critical = {
    identity: { "docker-reference": "registry.example/app" },
    image: { "docker-manifest-digest": image },
    type: "cosign container image signature",
  }
  return JSON.stringify({ critical, optional: null })
}

export function statementAbout(image: string): string {
  return JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: image.replace("sha256:", "") } }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
  })
}

/** The annotation that holds the log's promise. */
function rekorBundle({ body, integratedTime, logID, logIndex, verification }: EntryV1): string {
  return JSON.stringify({
    SignedEntryTimestamp: verification.signedEntryTimestamp,
    Payload: { body, integratedTime, logIndex, logID },
  })
}

/** The layer of a `.sig` tag: a signature over `payload`. */
export async function signatureLayer(url: string, payload: string): Promise<Layer> {
  const submission = hashedrekordV1(payload)
  const entry = await logV1(url, submission)
  return {
    content: payload,
    mediaType: SIMPLE_SIGNING,
    annotations: {
      "dev.cosignproject.cosign/signature": submission.spec.signature.content,
      "dev.sigstore.cosign/bundle": rekorBundle(entry),
    },
  }
}

/** The layer of an `.att` tag: a bare envelope. */
export async function attestationLayer(url: string, payload: string): Promise<Layer> {
  const envelope = envelopeOf(payload)
  const entry = await logV1(url, dsseV1(payload, envelope))
  return {
    content: JSON.stringify(envelope),
    mediaType: "application/vnd.dsse.envelope.v1+json",
    annotations: { "dev.sigstore.cosign/bundle": rekorBundle(entry) },
  }
}

const fromHex = (hex: string) => Buffer.from(hex, "hex").toString("base64")

/** The layer of a referrer of cosign 3: a Sigstore bundle. */
export async function bundleLayer(url: string, payload: string): Promise<Layer> {
  const envelope = envelopeOf(payload)
  const { body, integratedTime, logID, logIndex, verification } = await logV1(
    url,
    dsseV1(payload, envelope),
  )
  const { inclusionProof: proof, signedEntryTimestamp } = verification
  const entry = {
    logIndex: String(logIndex),
    logId: { keyId: fromHex(logID) },
    kindVersion: { kind: "dsse", version: "0.0.1" },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: fromHex(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(fromHex),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  }
  const bundle = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: "" }, tlogEntries: [entry] },
    dsseEnvelope: envelope,
  }
  return { content: JSON.stringify(bundle), mediaType: BUNDLE }
}
