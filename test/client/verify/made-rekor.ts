// A log of Rekor v1 in memory: several trees of which the last one grows, checkpoints under `HOST - TREEID`, promises; and
// bundles as its clients make them. Signed by node:crypto over texts that are put together here.
import { sign } from "node:crypto"
import canonicalize from "canonicalize"
import { concat, utf8 } from "../../../src/core/base/bytes.ts"
import { formatPem } from "../../../src/core/base/pem.ts"
import {
  type Algorithm,
  algorithms,
  digestAlgorithm,
  messageAlgorithm,
  sigstoreHashName,
} from "../../../src/entry/algorithm.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import { proposeRekorV1 } from "../../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { formatTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { base64, hashOf, makeSigner, type Signer, signMessage } from "../../entry/signers.ts"
import { mth, path, sha256 } from "../../reference.ts"
import { certificateOf, IN_TOTO, type MadeBundle, publicPem, statement } from "../made-bundles.ts"

export const ENTRY_TIME = 1_700_000_000

/** A log's entry in the JSON of a bundle. */
export interface EntryJson {
  logIndex: string
  logId: { keyId: string }
  kindVersion: { kind: string; version: string }
  integratedTime: string
  inclusionPromise?: { signedEntryTimestamp: string }
  inclusionProof?: {
    logIndex: string
    rootHash: string
    treeSize: string
    hashes: string[]
    checkpoint: { envelope: string }
  }
  canonicalizedBody: string
}

export interface RekorLog {
  readonly host: string
  readonly signer: Signer
  readonly logId: Uint8Array
  /** The text of the trusted root that pins it. */
  readonly trustedRoot: string
  /** Appends the body of a submission, or one that is given. */
  add(request: object | Uint8Array, time?: number): EntryJson
  /** The promise of an entry as it stands. */
  promise(entry: EntryJson): string
}

interface RekorOptions {
  readonly host?: string
  readonly baseUrl?: string
  readonly keyType?: "ecdsa-p256" | "ed25519"
  /** How many entries the trees before have. */
  readonly earlier?: number
  /** Lines below the log's own signature, and the text that it signs. */
  readonly note?: (text: string, line: string) => string
}

function bodyOf(request: object): Uint8Array {
  const { claims, body } = proposeRekorV1(request)
  return body(claims.map((checks) => checks.findIndex(verifyPortably)))
}

export function makeRekorLog(options: RekorOptions = {}): RekorLog {
  const { host = "rekor.example", earlier = 1_000, keyType = "ecdsa-p256" } = options
  const signer = makeSigner(keyType)
  const logId = sha256(signer.spki)
  const bodies: Uint8Array[] = [utf8("another entry")]
  const signText = (text: string) =>
    sign(keyType === "ed25519" ? null : "sha256", Buffer.from(text), signer.privateKey)

  function checkpoint(size: number, root: Uint8Array): string {
    const text = `${host} - 1193050959916656506\n${size}\n${base64(root)}\n`
    const blob = concat(logId.subarray(0, 4), signText(text))
    const line = `— ${host} ${base64(blob)}\n`
    return options.note?.(text, line) ?? `${text}\n${line}`
  }

  function promise({ canonicalizedBody: body, integratedTime, logIndex }: EntryJson): string {
    const [time, index] = [Number(integratedTime), Number(logIndex)]
    const logID = Buffer.from(logId).toString("hex")
    return base64(
      signText(canonicalize({ body, integratedTime: time, logIndex: index, logID }) ?? ""),
    )
  }

  function add(request: object | Uint8Array, time = ENTRY_TIME): EntryJson {
    const body = request instanceof Uint8Array ? request : bodyOf(request)
    const index = bodies.push(body) - 1
    const root = mth(bodies)
    const { kind, apiVersion } = JSON.parse(Buffer.from(body).toString())
    const entry: EntryJson = {
      logIndex: String(earlier + index),
      logId: { keyId: base64(logId) },
      kindVersion: { kind, version: apiVersion },
      integratedTime: String(time),
      inclusionProof: {
        logIndex: String(index),
        rootHash: base64(root),
        treeSize: String(bodies.length),
        hashes: path(index, bodies).map(base64),
        checkpoint: { envelope: checkpoint(bodies.length, root) },
      },
      canonicalizedBody: base64(body),
    }
    return { ...entry, inclusionPromise: { signedEntryTimestamp: promise(entry) } }
  }

  const baseUrl = options.baseUrl ?? `https://${host}`
  const root = formatTrustedRoot([{ baseUrl, spki: signer.spki, validFrom: new Date(0) }])
  const json = JSON.parse(root)
  json.tlogs[0].logId.keyId = base64(logId)
  return { host, signer, logId, trustedRoot: JSON.stringify(json), add, promise }
}

export interface MadeV1 extends MadeBundle {
  readonly entry: EntryJson
  /** The bundle around the entry. */
  readonly around: (entries: readonly EntryJson[], version?: string) => string
}

/** PEM in base64, as submissions have it. */
export function pemText(label: string, der: Uint8Array): string {
  return base64(utf8(formatPem({ label, der })))
}

const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle"

/** The media type of a version, as its writers spell it. */
function mediaType(version: string): string {
  return version === "0.3" ? `${MEDIA_TYPE}.v0.3+json` : `${MEDIA_TYPE}+json;version=${version}`
}

function verifierJson(certificate: Uint8Array | undefined, version: string): object {
  if (certificate === undefined) return { publicKey: { hint: "hint" } }
  const rawBytes = base64(certificate)
  if (version === "0.3") return { certificate: { rawBytes } }
  return { x509CertificateChain: { certificates: [{ rawBytes }] } }
}

function around(content: object, certificate?: Uint8Array) {
  return (tlogEntries: readonly EntryJson[], version = "0.3"): string =>
    JSON.stringify({
      mediaType: mediaType(version),
      verificationMaterial: { ...verifierJson(certificate, version), tlogEntries },
      ...content,
    })
}

interface Signing {
  readonly signer: Signer
  /** The key as the submission has it; canonical PEM of the bare key by default. */
  readonly pem?: string
  readonly certificate?: Uint8Array
}

export function hashedrekordV1(log: RekorLog, name: string, signing: Signing): MadeV1 {
  const { signer, certificate, pem = pemText("PUBLIC KEY", signer.spki) } = signing
  const artifact = utf8(`artifact of ${name}`)
  const algorithm: Algorithm = digestAlgorithm[signer.keyType]
  const digest = hashOf(algorithm, artifact)
  const { hash } = algorithms[algorithm]
  const content = base64(signMessage(signer, algorithm, artifact))
  const entry = log.add({
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: hash, value: Buffer.from(digest).toString("hex") } },
      signature: { content, publicKey: { content: pem } },
    },
  })
  const messageDigest = {
    algorithm: sigstoreHashName[hash],
    digest: base64(digest),
  }
  const bundle = around({ messageSignature: { messageDigest, signature: content } }, certificate)
  const key = certificate
    ? formatPem({ label: "CERTIFICATE", der: certificate })
    : publicPem(signer)
  return { name, artifact, key, text: bundle([entry]), entry, around: bundle }
}

function signedStatement(name: string, { signer, certificate }: Signing, payloadType: string) {
  const artifact = utf8(`artifact of ${name}`)
  const payload = payloadType === IN_TOTO ? statement(artifact) : artifact
  const message = dssePae(payloadType, payload)
  const isEd25519 = signer.keyType === "ed25519"
  // As cosign 2 does and Rekor v1 verifies: with SHA-256, whatever the curve is.
  const signature = isEd25519
    ? signMessage(signer, messageAlgorithm.ed25519, message)
    : Uint8Array.from(sign("sha256", message, signer.privateKey))
  const sig = base64(signature)
  const envelope = {
    payload: base64(payload),
    payloadType,
    signatures: [{ sig, keyid: "hint" }],
  }
  const key = certificate
    ? formatPem({ label: "CERTIFICATE", der: certificate })
    : publicPem(signer)
  return { artifact, envelope, sig, key, around: around({ dsseEnvelope: envelope }, certificate) }
}

export function dsseV1(
  log: RekorLog,
  name: string,
  signing: Signing,
  payloadType = IN_TOTO,
): MadeV1 {
  const { signer, pem = pemText("PUBLIC KEY", signer.spki) } = signing
  const signed = signedStatement(name, signing, payloadType)
  const entry = log.add({
    apiVersion: "0.0.1",
    kind: "dsse",
    // Written with blanks, so that the hash of the text is not that of any other writer.
    spec: {
      proposedContent: { envelope: JSON.stringify(signed.envelope, null, 2), verifiers: [pem] },
    },
  })
  return { name, text: signed.around([entry]), entry, ...signed }
}

export function intotoV1(log: RekorLog, name: string, signing: Signing): MadeV1 {
  const { signer, pem = pemText("PUBLIC KEY", signer.spki) } = signing
  const signed = signedStatement(name, signing, IN_TOTO)
  const { payload, payloadType } = signed.envelope
  const signatures = [{ sig: base64(utf8(signed.sig)), publicKey: pem, keyid: "hint" }]
  const entry = log.add({
    apiVersion: "0.0.2",
    kind: "intoto",
    spec: {
      content: {
        envelope: { payloadType, payload: base64(utf8(payload)), signatures },
        hash: { algorithm: "sha256", value: "AB".repeat(32) },
      },
    },
  })
  return { name, text: signed.around([entry]), entry, ...signed }
}

/** A certificate with a signer for it. */
export function certified(): Required<Pick<Signing, "signer" | "certificate" | "pem">> {
  const signer = makeSigner("ecdsa-p256")
  const certificate = certificateOf(signer)
  return { signer, certificate, pem: pemText("CERTIFICATE", certificate) }
}

/** Each kind of entry under keys of several forms. */
export function everyV1(log: RekorLog): readonly MadeV1[] {
  const key = (keyType: Parameters<typeof makeSigner>[0]) => ({ signer: makeSigner(keyType) })
  return [
    hashedrekordV1(log, "blob p256", key("ecdsa-p256")),
    hashedrekordV1(log, "blob p384", key("ecdsa-p384")),
    hashedrekordV1(log, "blob rsa", key("rsa-2048")),
    hashedrekordV1(log, "blob ed25519ph", key("ed25519")),
    hashedrekordV1(log, "blob certificate", certified()),
    dsseV1(log, "dsse p256", key("ecdsa-p256")),
    dsseV1(log, "dsse p384", key("ecdsa-p384")),
    dsseV1(log, "dsse ed25519", key("ed25519")),
    dsseV1(log, "dsse of a text", key("rsa-2048"), "text/plain"),
    dsseV1(log, "dsse certificate", certified()),
    intotoV1(log, "intoto p256", key("ecdsa-p256")),
    intotoV1(log, "intoto certificate", certified()),
  ]
}
