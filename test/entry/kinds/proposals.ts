// A proposal of every kind and form that the log takes, about one artifact, with bodies as the log makes them.
import { createHash, generateKeyPairSync, sign } from "node:crypto"
import type { Proposal } from "../../../src/entry/entry.ts"
import { proposeEntry, proposeRekorV1 } from "../../../src/entry/kinds/request.ts"
import { readRekorV2Request } from "../../../src/sigstore/rekor-v2-request.ts"
import { ecdsaCertificate, ed25519Certificate, rsaCertificate } from "../../entry/certificates.ts"
import {
  base64,
  changed,
  dsseV1,
  dsseV2,
  hashedrekordV1,
  hashedrekordV2,
  intotoV1,
  pemOf,
} from "../../http/rekor-v1/submissions.ts"
import { signedEnvelope, signedRequest } from "../../http/served-log.ts"

export interface NamedProposal {
  readonly name: string
  readonly proposal: Proposal
  readonly body: Uint8Array
}

function statementOf(artifact: string): string {
  const sha256 = createHash("sha256").update(artifact).digest("hex")
  const subject = [
    { name: artifact, digest: { sha256, gitCommit: sha256.slice(0, 40) } },
    { name: `${artifact}.sig`, digest: { sha512: sha256.repeat(2) } },
  ]
  return JSON.stringify({ subject, predicateType: "https://slsa.dev/provenance/v1", predicate: {} })
}

const rekordKey = generateKeyPairSync("ec", { namedCurve: "P-256" })

function rekordV1(artifact: string): object {
  const pem = rekordKey.publicKey.export({ type: "spki", format: "pem" }) as string
  const content = sign("sha256", Buffer.from(artifact), rekordKey.privateKey).toString("base64")
  const signature = { format: "x509", content, publicKey: { content: base64(pem) } }
  const spec = { data: { content: base64(artifact) }, signature }
  return { apiVersion: "0.0.1", kind: "rekord", spec }
}

const pem = base64(pemOf("CERTIFICATE", Buffer.from(ecdsaCertificate, "base64")))
const chain = base64(
  [ecdsaCertificate, rsaCertificate]
    .map((der) => pemOf("CERTIFICATE", Buffer.from(der, "base64")))
    .join(""),
)

/** Two of each kind: by a bare key and by a certificate; envelopes also by several, and with other payloads. */
export function everyProposal(artifact: string): readonly NamedProposal[] {
  const certified = { publicKey: undefined, certificate: ecdsaCertificate }
  const statement = statementOf(artifact)
  const envelope = signedEnvelope(statement)
  const byCertificate = [{ certificate: ed25519Certificate }]
  const plain = { ...envelope.envelope, payloadType: "text/plain" }
  const proposals: readonly (readonly [string, Proposal])[] = [
    ["hashedrekord 0.0.2, key", proposeEntry(signedRequest(artifact))],
    ["hashedrekord 0.0.2, certificate", proposeEntry({ ...signedRequest(artifact), ...certified })],
    ["hashedrekord of Rekor v2", proposeEntry(readRekorV2Request(hashedrekordV2(artifact)))],
    ["dsse 0.0.2, key", proposeEntry(envelope)],
    ["dsse 0.0.2, certificate", proposeEntry({ ...envelope, verifiers: byCertificate })],
    ["dsse 0.0.2, no statement", proposeEntry({ ...envelope, envelope: plain })],
    ["dsse of Rekor v2", proposeEntry(readRekorV2Request(dsseV2(statement)))],
    ["hashedrekord 0.0.1, key", proposeRekorV1(hashedrekordV1(artifact))],
    [
      "hashedrekord 0.0.1, chain",
      proposeRekorV1(changed(hashedrekordV1(artifact), "spec.signature.publicKey.content", chain)),
    ],
    ["dsse 0.0.1, key", proposeRekorV1(dsseV1(statement))],
    [
      "dsse 0.0.1, certificate",
      proposeRekorV1(changed(dsseV1(statement), "spec.proposedContent.verifiers.0", pem)),
    ],
    ["intoto 0.0.2, key", proposeRekorV1(intotoV1(statement))],
    ["rekord 0.0.1, key", proposeRekorV1(rekordV1(artifact))],
  ]
  return proposals.map(([name, proposal]) => {
    return { name, proposal, body: proposal.body(proposal.claims.map(() => 0)) }
  })
}
