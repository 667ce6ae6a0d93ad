// Requests that a log answers well, for every operation of its doors: what the fuzzing begins with.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { type FuzzRequest, request } from "./request.ts"

const JSON_TYPE = "application/json"
const PAYLOAD_TYPE = "application/vnd.in-toto+json"

const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString("base64")
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest()

interface Signed {
  readonly artifact: Buffer
  readonly spki: Buffer
  readonly pem: string
  readonly signature: Buffer
  readonly envelope: {
    readonly payload: string
    readonly payloadType: string
    readonly signatures: readonly { readonly sig: string }[]
  }
}

function signed(
  text: string,
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
): Signed {
  const artifact = Buffer.from(text)
  const digest = { sha256: sha256(artifact).toString("hex") }
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: text, digest }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: { text },
  }
  const payload = Buffer.from(JSON.stringify(statement))
  const start = Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `)
  const sig = base64(sign("sha256", Buffer.concat([start, payload]), privateKey))
  return {
    artifact,
    spki: publicKey.export({ type: "spki", format: "der" }),
    pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    signature: sign("sha256", artifact, privateKey),
    envelope: { payload: base64(payload), payloadType: PAYLOAD_TYPE, signatures: [{ sig }] },
  }
}

function native({ artifact, spki, signature, envelope }: Signed): readonly unknown[] {
  const digest = `sha256:${sha256(artifact).toString("hex")}`
  const publicKey = base64(spki)
  return [
    { kind: "hashedrekord", digest, signature: base64(signature), publicKey },
    { kind: "dsse", envelope, verifiers: [{ publicKey }] },
  ]
}

function rekorV1({ artifact, pem, signature, envelope }: Signed): readonly unknown[] {
  const hash = { algorithm: "sha256", value: sha256(artifact).toString("hex") }
  const publicKey = { content: base64(pem) }
  const spec = { data: { hash }, signature: { content: base64(signature), publicKey } }
  const proposedContent = { envelope: JSON.stringify(envelope), verifiers: [base64(pem)] }
  return [
    { apiVersion: "0.0.1", kind: "hashedrekord", spec },
    { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } },
  ]
}

function rekorV2({ artifact, spki, signature, envelope }: Signed): readonly unknown[] {
  const verifier = { publicKey: { rawBytes: base64(spki) }, keyDetails: "PKIX_ECDSA_P256_SHA_256" }
  const digest = base64(sha256(artifact))
  return [
    { hashedRekordRequestV002: { digest, signature: { content: base64(signature), verifier } } },
    { dsseRequestV002: { envelope, verifiers: [verifier] } },
  ]
}

const posts = (path: string, values: readonly unknown[]) =>
  values.map((value) => request("POST", path, JSON.stringify(value), JSON_TYPE))

/** What is to be in the log before anything is damaged. */
export function logSubmissions(count: number): readonly FuzzRequest[] {
  return Array.from({ length: count }, (_, i) => {
    const made = signed(`artifact ${i}`, generateKeyPairSync("ec", { namedCurve: "P-256" }))
    return [
      ...posts("/v1/entries", native(made)),
      ...posts("/api/v1/log/entries", rekorV1(made)),
      ...posts("/api/v2/log/entries", rekorV2(made)),
      request(
        "POST",
        "/v1/entries/batch",
        native(made)
          .map((each) => JSON.stringify(each))
          .join("\n"),
        "application/x-ndjson",
      ),
      request("POST", `/v1/entries/${i}/message`, made.artifact, "application/octet-stream"),
      request("GET", `/v1/artifacts/sha256:${sha256(made.artifact).toString("hex")}`),
      request("GET", `/v1/entries?key=sha256:${sha256(made.spki).toString("hex")}`),
      ...posts("/api/v1/log/entries/retrieve", [
        { logIndexes: [0, i] },
        { entries: rekorV1(made) },
      ]),
      ...posts("/api/v1/index/retrieve", [
        { hash: `sha256:${sha256(made.artifact).toString("hex")}` },
        { publicKey: { format: "x509", content: base64(made.pem) } },
      ]),
    ]
  }).flat()
}

export function logReads(size: number, leafHash: string): readonly FuzzRequest[] {
  const paths = [
    "/v1/entries",
    "/v1/entries/0",
    "/v1/entries/1/proof",
    `/v1/entries/1/proof?size=${size}`,
    "/v1/entries/2/bundle",
  ].concat(
    [
      "/v1/entries/0/tlog-proof",
      "/v1/entries/1/attestation",
      "/v1/entries/0/message",
      "/v1/messages",
      "/v1/messages?after=0&limit=10",
    ],
    [
      "/v1/head",
      "/v1/tree-head",
      `/v1/proofs/inclusion?leafHash=${leafHash}&size=${size}`,
      `/v1/proofs/consistency?from=1&to=${size}`,
    ],
    [
      "/v1/trusted-root.json",
      "/v1/signing-config.json",
      "/checkpoint",
      "/tile/0/000",
      "/tile/0/000.p/7",
      "/tile/entries/000.p/9",
      "/tile/1/000",
    ],
    [
      "/livez",
      "/readyz",
      "/ping",
      "/healthz",
      "/openapi.yaml",
      "/docs",
      "/api/v1/log",
      "/api/v1/log/publicKey",
      "/metrics",
    ],
    [
      `/api/v1/log/proof?firstSize=1&lastSize=${size}`,
      "/api/v1/log/entries?logIndex=1",
      "/v1/entries?name=artifact&limit=5",
      "/v1/entries?digest=sha256:00",
    ],
  )
  return paths.map((path) => request("GET", path))
}
