// Requests to Rekor's APIs as unchanged clients were recorded sending them: byte for byte, with their
// headers. The leaf hash is that of the body that Rekor makes of each.

const pemOf = (spki: string): string =>
  `-----BEGIN PUBLIC KEY-----\n${spki.replaceAll(/.{64}/g, "$&\n")}\n-----END PUBLIC KEY-----\n`

/** Base64 of the canonical PEM, as Rekor v1 has keys. */
function pem(spki: string): string {
  return Buffer.from(pemOf(spki)).toString("base64")
}

export const cosignKey =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEruo5PGzcPJjmAaq6YSW3QwBzPovXBc138zpS4WY5za+xIDFPGCYprTwYP9SPNTjnRCD12a6s3s829abL6Fa1tA=="
export const rekorCliKey =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+GwDI1dEqWhMizX2mnPrwrt2z+IlMwBtU+YeBnjVu/whCZTzPk7iCRUUnEfcQJbqMiZcMHhM4upVvlIZJL15Cw=="
export const sigstoreJsKey =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYCqs4EsI0USuq1JNk38qPM9qq3cUz5uyNggARqKa9uzPeWq1DUoI96otI1mg4H6x9wVfLjYyx81xdJ/DYChZug=="

const cosignPem = pem(cosignKey)
export const rekorCliPem = pem(rekorCliKey)
const sigstoreJsPem = pem(sigstoreJsKey)

export interface Recorded {
  readonly name: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly leafHash: string
}

const V1 = "/api/v1/log/entries"
const V2 = "/api/v2/log/entries"

const sigstoreGo = { "content-type": "application/json", "user-agent": "sigstore-go" }
const sigstoreGoV1 = { ...sigstoreGo, accept: "application/json" }
const cosign2 = { ...sigstoreGoV1, "user-agent": "cosign/devel (linux; amd64)" }
const rekorCli = { ...sigstoreGoV1, "user-agent": "rekor-cli/devel (linux; amd64)" }
const sigstoreJs = {
  ...sigstoreGoV1,
  "user-agent": "sigstore-js/5.1.0 (Node v22.23.3) (linux/x64)",
  "accept-encoding": "gzip,deflate",
}

const cosign2Entry = `{"apiVersion":"0.0.1","spec":{"data":{"hash":{"algorithm":"sha256","value":"c0e568804dca48c59403b42b9ca5dcd75d030df3ac7d735bb9273b39e176cbcf"}},"signature":{"content":"MEQCIA8sXqo5MCz159IkmF/LUD1tGnQUhXxuaeIaKKjACCymAiAOe92aMyxBPooQBcavVOfn6X432LHCgfr0gkFY65jI/Q==","publicKey":{"content":"${cosignPem}"}}},"kind":"hashedrekord"}`

/** Exactly what its client sends, which has no space in it. */
const sigstoreJsEnvelope =
  '{"payload":"eyJ4IjowLjA0Njk2NTY5MzA1Mjc4NTk3fQ==","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEUCIGwi7Km/20wn96Ex6GYcPqGWkKQYR6sFhtIob0yQyxAOAiEA5IB7ESPrtSmci6A7639OAmWGNJfJe392PH4DMc+w0r0=","keyid":"my-key"}]}'

export const recordedV2: readonly Recorded[] = [
  {
    name: "cosign 3.1.1 sign-blob",
    path: V2,
    headers: sigstoreGo,
    body: `{"hashedRekordRequestV002":{"digest":"McBfrQ/2Zaf8gOvkf1K55enEflhrKnEtdugVR1pyv0w=","signature":{"content":"MEQCIGzWaIwTMfdrIr6BgIv/i/Xh2/esDmaAaVkxhY4ajeL2AiAObXb+pxjZeIaHibxFUACiRwzA40FUnjLPxoqEMqN1IA==","verifier":{"publicKey":{"rawBytes":"${cosignKey}"},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}`,
    leafHash: "7ec0168f3d95e6513c248432765b7b06573a8f164cd5625c205c53157973aa34",
  },
  {
    name: "sigstore-js 5.1.0 with a bare key",
    path: V2,
    headers: sigstoreJs,
    body: `{"hashedRekordRequestV002":{"digest":"gqmF540lCbGmVivbjE+PgPepcbmh4UV7UsbAEi+PO4A=","signature":{"content":"MEUCIQC7uIN90H4OYTvBQ7bndwyc91+Qr1Ys7aSBv4UQ1AESTQIgKOElW9Xg7xiVuqRvIacIlefgdLPUWxTZCjf2Ywr7X7Q=","verifier":{"x509Certificate":{"rawBytes":"${sigstoreJsKey}"},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}`,
    leafHash: "d97434a1ec59bbc6e0c930ef34300ede5d37ff8c7455646304a314bb0a2506da",
  },
  {
    name: "sigstore-js 5.1.0 with an envelope",
    path: V2,
    headers: sigstoreJs,
    body: `{"dsseRequestV002":{"envelope":{"payload":"eyJ4IjowLjQ5MDIwMzY3OTEzOTcyMDR9","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEUCIQCyiisP47UXwjBVOoTJ7KCSYC5vGl9Sf5FqS5TXuJDeAwIgNZg58UMp4PZ8uDt1DQF+4QjYMQvBKaaXbMnzV7aXXGI=","keyid":"my-key"}]},"verifiers":[{"x509Certificate":{"rawBytes":"${sigstoreJsKey}"},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}]}}`,
    leafHash: "a374d18705ab60393d6f1844858c1a5a0494dc07041a6a0fb434ce70a4a4d6f7",
  },
]

export const recordedV1: readonly Recorded[] = [
  {
    name: "cosign 3.1.1 sign-blob",
    path: V1,
    headers: sigstoreGoV1,
    body: `{"apiVersion":"0.0.1","spec":{"data":{"hash":{"algorithm":"sha256","value":"31c05fad0ff665a7fc80ebe47f52b9e5e9c47e586b2a712d76e815475a72bf4c"}},"signature":{"content":"MEUCIQCqsgQCdlGAsIlWVLMRPc7Y01YDs+Qtalhj6naiGpXz2wIgPmTMVSa3w85Q//XYgmlVx+sei0ewTpv5MOHrZ9j0Jz4=","publicKey":{"content":"${cosignPem}"}}},"kind":"hashedrekord"}\n`,
    leafHash: "c33af3b67c781a77d37bcf0daeba428e933dcb64e9e3d121515ab899056225a3",
  },
  {
    name: "cosign 2.5.0 sign-blob",
    path: V1,
    headers: cosign2,
    body: `${cosign2Entry}\n`,
    leafHash: "6a5ec6c92ca8d7e923ba3d8322dba6b6fc5dcdda5d2e16f7d234070ab29d90a0",
  },
  {
    name: "rekor-cli 1.5.3 upload",
    path: V1,
    headers: rekorCli,
    body: `{"apiVersion":"0.0.1","spec":{"data":{"hash":{"algorithm":"sha256","value":"8db7221e969f836c14a782de138d224132816726558537a46b795cb101ab22ba"}},"signature":{"content":"MEQCIH5dok9/1wopiMh4TIxrUgUtlj0onsA2R3ZIRsIavF6SAiAJ7d6Ok9hwF+HHdEFd9umxSPDnf4Qerh172dE0wlb8vA==","publicKey":{"content":"${rekorCliPem}"}}},"kind":"hashedrekord"}\n`,
    leafHash: "a7d31a0e18bc62746655f5f860743d60b8493dd7209b2e00a988ff5fb509f18d",
  },
  {
    name: "sigstore-js 5.1.0 with a message signature",
    path: V1,
    headers: sigstoreJs,
    body: `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"1dffaa4a7737b85f08eb3f5d5073eada7a33d82a1c41d88f5b53449a471b8438"}},"signature":{"content":"MEQCIAFCXKyx3k2KP8AzsgrKmXAUH8Kn+u2xwHZXgeaDzDjtAiBIYGTyJaUR4ZGMOakAaqKspBWwCghylSbzA+DiWvBcoQ==","publicKey":{"content":"${sigstoreJsPem}"}}}}`,
    leafHash: "2d1bb106cf989a9b9f6d8b3c19e7543acaea9967ed3f925ffecc9b0acd37bb5b",
  },
  {
    name: "sigstore-js 5.1.0 with a dsse envelope",
    path: V1,
    headers: sigstoreJs,
    body: JSON.stringify({
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: { proposedContent: { envelope: sigstoreJsEnvelope, verifiers: [sigstoreJsPem] } },
    }),
    leafHash: "37fb572ab5a80285ae763127ae89cd9f38cfa91a61522ead944166d19c406566",
  },
  {
    name: "sigstore-js 5.1.0 with an intoto envelope",
    path: V1,
    headers: sigstoreJs,
    body: `{"apiVersion":"0.0.2","kind":"intoto","spec":{"content":{"envelope":{"payloadType":"application/vnd.in-toto+json","payload":"ZXlKNElqb3dMalkxT1RReU1EYzBORGswTXpFMk5EUjk=","signatures":[{"sig":"TUVVQ0lDR0hiWXNMUGRDMWZqdnBGaUN2MDBONWZ5RElwUTJJc3JyZlZBVFdYZzJDQWlFQXljN2E1TDVMQnpTWERsT3ZxaVBTTEZGUjZ5OTNuSU1nKzNFaGxOK29hanc9","publicKey":"${sigstoreJsPem}","keyid":"my-key"}]},"hash":{"algorithm":"sha256","value":"4f39f705ed980b4b1e51bcfb5007c0336219bccc8a0cf942fdfe72555298a687"},"payloadHash":{"algorithm":"sha256","value":"056bf1ed13af372969c2c937f43eb30ec481fcfce0332f0c390aaa702df8c1d2"}}}}`,
    leafHash: "e3b05230a7d9211829777ee0891a105f71b449671e1d650e3a80eb24cea1d646",
  },
]

/** What cosign 2.5.0 (online verify-blob) and rekor-cli (verify) look an entry up with. */
export const recordedRetrieval = {
  path: `${V1}/retrieve`,
  headers: cosign2,
  body: `{"entryUUIDs":null,"logIndexes":null,"entries":[${cosign2Entry}]}\n`,
  leafHash: "6a5ec6c92ca8d7e923ba3d8322dba6b6fc5dcdda5d2e16f7d234070ab29d90a0",
}

/** An answer of another log that sigstore-js accepted, with that log's key. */
export const acceptedAnswer = {
  logKey:
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEa1/It5VFUwl7A9V8MM2OXVARJR5jUWiljgcjxslfANcliq1CT79z+g6o3fOY2pfzgUHEhcNnR/h3ONdAypS4ng==",
  /** Its body is the JSON of the request in RFC 8785, which this request is already. */
  request: (recordedV1[3] as Recorded).body,
  integratedTime: 1795164898,
  logID: "a48648683ac75639a05710159bfcc5bd3a3f1932e7e844428301dcebd848ee03",
  logIndex: 8,
  signedEntryTimestamp:
    "MEUCIEwlm1Fw6cKKPClWX5BflTnr6DpSyswFwa2uKedPQYp6AiEApy2DQ39243sD/mZcyzs6WOdo/q+pg5e0/1+CmNTetdY=",
  treeId: "1193050959916656506",
  entryIdPrefix: "108e9186e8c5677a",
  checkpoint:
    "localhost - 1193050959916656506\n9\nMcoaQrhMF3qIZ8vS/nG5Jru2lWtw8uLZ/UFaKGbZ5ow=\n\n— localhost pIZIaDBFAiEAnetyU6nEX+cio1HiKHoifQcSReEoO/hjwTlxbQxfUrICIDBwf0ixItV7fDvOVQjsLpYgeLQnehHBBFS+ScP66rA8\n",
}
