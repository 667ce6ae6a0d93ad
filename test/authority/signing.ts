// Bundles as Sigstore's clients make them with the authority and the logs of the tests: signatures over artifacts and
// attestations, by a bare key or by a certificate, in every kind of entry. They are JSON that tests may damage.
import { createHash } from "node:crypto"
import { utf8 } from "../../src/core/base/bytes.ts"
import { formatPem } from "../../src/core/base/pem.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import type { Proposal } from "../../src/entry/entry.ts"
import { proposeEntry, proposeRekorV1 } from "../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import { base64, type Signer, signMessage } from "../entry/signers.ts"
import type { EntryJson, EntryName, Rekor } from "./rekor.ts"

export const IN_TOTO = "application/vnd.in-toto+json"

/** How something is signed and logged: `pae` is an attestation logged as a signature over its PAE, as cosign 3 does. */
export type Form = "blob" | "dsse" | "intoto" | "pae"

export interface BundleJson {
  mediaType: string
  verificationMaterial: {
    certificate?: { rawBytes: string }
    x509CertificateChain?: { certificates: { rawBytes: string }[] }
    publicKey?: { hint: string }
    tlogEntries: EntryJson[]
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] }
  }
  messageSignature?: {
    messageDigest: { algorithm: string; digest: string }
    signature: string
  }
  dsseEnvelope?: {
    payload: string
    payloadType: string
    signatures: { sig: string; keyid: string }[]
  }
}

export interface Signing {
  readonly form: Form
  readonly artifact: Uint8Array
  readonly signer: Signer
  /** The signer's certificate; a bare key without it. */
  readonly certificate?: Uint8Array
  readonly logs: readonly Rekor[]
  /** When the logs of version 1 have integrated it. */
  readonly at: Date
  /** Timestamps over the signature. */
  readonly timestamp?: (signature: Uint8Array) => readonly Uint8Array[]
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest()
}

/** The in-toto statement about an artifact. */
export function statementAbout(artifact: Uint8Array): Uint8Array {
  const subject = [{ name: "artifact", digest: { sha256: sha256(artifact).toString("hex") } }]
  const type = "https://in-toto.io/Statement/v1"
  const predicateType = "https://example.org/predicate"
  return utf8(JSON.stringify({ _type: type, subject, predicateType, predicate: {} }))
}

interface Made extends Pick<Signing, "form" | "signer" | "certificate"> {
  readonly message: Uint8Array
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

function keyPem({ signer, certificate }: Made): string {
  const pem =
    certificate === undefined
      ? formatPem({ label: "PUBLIC KEY", der: signer.spki })
      : formatPem({ label: "CERTIFICATE", der: certificate })
  return base64(utf8(pem))
}

function envelopeOf({ payload, signature }: Made) {
  const signatures = [{ sig: base64(signature), keyid: "" }]
  return { payload: base64(payload), payloadType: IN_TOTO, signatures }
}

const versionOne: Readonly<Record<Form, (made: Made) => readonly [EntryName, object]>> = {
  blob: (made) => [
    { kind: "hashedrekord", version: "0.0.1" },
    {
      data: { hash: { algorithm: "sha256", value: sha256(made.message).toString("hex") } },
      signature: { content: base64(made.signature), publicKey: { content: keyPem(made) } },
    },
  ],
  pae: (made) => versionOne.blob(made),
  dsse: (made) => {
    const envelope = JSON.stringify(envelopeOf(made))
    return [
      { kind: "dsse", version: "0.0.1" },
      { proposedContent: { envelope, verifiers: [keyPem(made)] } },
    ]
  },
  intoto: (made) => {
    const { payload, payloadType } = envelopeOf(made)
    const twice = (text: string) => base64(utf8(text))
    const signature = { sig: twice(base64(made.signature)), publicKey: keyPem(made) }
    const envelope = { payload: twice(payload), payloadType, signatures: [signature] }
    const hash = { algorithm: "sha256", value: sha256(made.payload).toString("hex") }
    return [{ kind: "intoto", version: "0.0.2" }, { content: { envelope, hash } }]
  },
}

function verifierOf({ signer, certificate }: Made) {
  return certificate === undefined
    ? { publicKey: base64(signer.spki) }
    : { certificate: base64(certificate) }
}

function versionTwo(made: Made): readonly [EntryName, Proposal] {
  if (made.form === "dsse") {
    const envelope = envelopeOf(made)
    const request = { kind: "dsse", envelope, verifiers: [verifierOf(made)] } as const
    return [{ kind: "dsse", version: "0.0.2" }, proposeEntry(request)]
  }
  const digest = `sha256:${sha256(made.message).toString("hex")}`
  const signature = base64(made.signature)
  const request = { kind: "hashedrekord", digest, signature, ...verifierOf(made) } as const
  return [{ kind: "hashedrekord", version: "0.0.2" }, proposeEntry(request)]
}

function proposalFor(made: Made, { version }: Rekor): readonly [EntryName, Proposal] {
  if (version === 2) return versionTwo(made)
  const [name, spec] = versionOne[made.form](made)
  return [name, proposeRekorV1({ apiVersion: name.version, kind: name.kind, spec })]
}

function contentOf(made: Made): Pick<BundleJson, "messageSignature" | "dsseEnvelope"> {
  if (made.form !== "blob") return { dsseEnvelope: envelopeOf(made) }
  const messageDigest = { algorithm: "SHA2_256", digest: base64(sha256(made.message)) }
  return { messageSignature: { messageDigest, signature: base64(made.signature) } }
}

/** Signs, logs at every log, and gives the bundle of version 0.3. */
export async function signBundle(signing: Signing): Promise<BundleJson> {
  const { form, artifact, signer, certificate, logs, at, timestamp = () => [] } = signing
  const payload = form === "blob" ? artifact : statementAbout(artifact)
  const message = form === "blob" ? artifact : dssePae(IN_TOTO, payload)
  const signature = signMessage(signer, "PKIX_ECDSA_P256_SHA_256", message)
  const made = { form, signer, message, payload, signature, ...(certificate && { certificate }) }
  const tlogEntries: EntryJson[] = []
  for (const log of logs) {
    const [name, { claims, body }] = proposalFor(made, log)
    const held = claims.map((checks) => checks.findIndex(verifyPortably))
    tlogEntries.push(await log.add(name, body(held), at))
  }
  const timestamps = timestamp(signature).map((der) => ({ signedTimestamp: base64(der) }))
  return {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      ...(certificate === undefined
        ? { publicKey: { hint: "" } }
        : { certificate: { rawBytes: base64(certificate) } }),
      tlogEntries,
      ...(timestamps.length > 0 && {
        timestampVerificationData: { rfc3161Timestamps: timestamps },
      }),
    },
    ...contentOf(made),
  }
}
