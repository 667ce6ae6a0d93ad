// Requests of Sigstore clients as they were recorded, in Countersign's own form, with the leaf hashes of
// the entries that Rekor v2 makes of them.
import type { DsseRequest } from "../../src/entry/kinds/dsse-v002.ts"
import type { HashedrekordRequest } from "../../src/entry/kinds/hashedrekord-v002.ts"

export const COSIGN_KEY =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEruo5PGzcPJjmAaq6YSW3QwBzPovXBc138zpS4WY5za+xIDFPGCYprTwYP9SPNTjnRCD12a6s3s829abL6Fa1tA=="
export const SIGSTORE_JS_KEY =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYCqs4EsI0USuq1JNk38qPM9qq3cUz5uyNggARqKa9uzPeWq1DUoI96otI1mg4H6x9wVfLjYyx81xdJ/DYChZug=="

function digestText(base64: string): string {
  return `sha256:${Buffer.from(base64, "base64").toString("hex")}`
}

export const cosignBlob: HashedrekordRequest = {
  kind: "hashedrekord",
  digest: digestText("McBfrQ/2Zaf8gOvkf1K55enEflhrKnEtdugVR1pyv0w="),
  signature:
    "MEQCIGzWaIwTMfdrIr6BgIv/i/Xh2/esDmaAaVkxhY4ajeL2AiAObXb+pxjZeIaHibxFUACiRwzA40FUnjLPxoqEMqN1IA==",
  publicKey: COSIGN_KEY,
}

export const sigstoreJsBlob: HashedrekordRequest = {
  kind: "hashedrekord",
  digest: digestText("gqmF540lCbGmVivbjE+PgPepcbmh4UV7UsbAEi+PO4A="),
  signature:
    "MEUCIQC7uIN90H4OYTvBQ7bndwyc91+Qr1Ys7aSBv4UQ1AESTQIgKOElW9Xg7xiVuqRvIacIlefgdLPUWxTZCjf2Ywr7X7Q=",
  publicKey: SIGSTORE_JS_KEY,
}

export const sigstoreJsEnvelope: DsseRequest = {
  kind: "dsse",
  envelope: {
    payload: "eyJ4IjowLjQ5MDIwMzY3OTEzOTcyMDR9",
    payloadType: "application/vnd.in-toto+json",
    signatures: [
      {
        sig: "MEUCIQCyiisP47UXwjBVOoTJ7KCSYC5vGl9Sf5FqS5TXuJDeAwIgNZg58UMp4PZ8uDt1DQF+4QjYMQvBKaaXbMnzV7aXXGI=",
        keyid: "my-key",
      },
    ],
  },
  verifiers: [{ publicKey: SIGSTORE_JS_KEY }],
}

export const recorded = [
  {
    name: "cosign's hashedrekord",
    request: cosignBlob,
    leafHash: "7ec0168f3d95e6513c248432765b7b06573a8f164cd5625c205c53157973aa34",
  },
  {
    name: "sigstore-js' hashedrekord",
    request: sigstoreJsBlob,
    leafHash: "d97434a1ec59bbc6e0c930ef34300ede5d37ff8c7455646304a314bb0a2506da",
  },
  {
    name: "sigstore-js' dsse",
    request: sigstoreJsEnvelope,
    leafHash: "a374d18705ab60393d6f1844858c1a5a0494dc07041a6a0fb434ce70a4a4d6f7",
  },
] as const
