// Requests to Rekor as clients sent them, member by member, with the leaf hashes of the entries that Rekor
// makes of them. The payload of cosign's attestation is not recorded, so it is not here.
import { COSIGN_KEY, SIGSTORE_JS_KEY } from "../recorded.ts"

const REKOR_CLI_KEY =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+GwDI1dEqWhMizX2mnPrwrt2z+IlMwBtU+YeBnjVu/whCZTzPk7iCRUUnEfcQJbqMiZcMHhM4upVvlIZJL15Cw=="

/** Base64 of the canonical PEM of a public key. */
export function pemOf(spki: string): string {
  const lines = (spki.match(/.{1,64}/g) ?? []).join("\n")
  return toBase64(`-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`)
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString("base64")
}

/** In the order of Go's clients. */
function hashedrekord(value: string, content: string, spki: string) {
  return {
    apiVersion: "0.0.1",
    spec: {
      data: { hash: { algorithm: "sha256", value } },
      signature: { content, publicKey: { content: pemOf(spki) } },
    },
    kind: "hashedrekord",
  }
}

export const cosign3Blob = hashedrekord(
  "31c05fad0ff665a7fc80ebe47f52b9e5e9c47e586b2a712d76e815475a72bf4c",
  "MEUCIQCqsgQCdlGAsIlWVLMRPc7Y01YDs+Qtalhj6naiGpXz2wIgPmTMVSa3w85Q//XYgmlVx+sei0ewTpv5MOHrZ9j0Jz4=",
  COSIGN_KEY,
)

const cosign2Blob = hashedrekord(
  "c0e568804dca48c59403b42b9ca5dcd75d030df3ac7d735bb9273b39e176cbcf",
  "MEQCIA8sXqo5MCz159IkmF/LUD1tGnQUhXxuaeIaKKjACCymAiAOe92aMyxBPooQBcavVOfn6X432LHCgfr0gkFY65jI/Q==",
  COSIGN_KEY,
)

const rekorCli = hashedrekord(
  "8db7221e969f836c14a782de138d224132816726558537a46b795cb101ab22ba",
  "MEQCIH5dok9/1wopiMh4TIxrUgUtlj0onsA2R3ZIRsIavF6SAiAJ7d6Ok9hwF+HHdEFd9umxSPDnf4Qerh172dE0wlb8vA==",
  REKOR_CLI_KEY,
)

const sigstoreJsBlobV1 = hashedrekord(
  "1dffaa4a7737b85f08eb3f5d5073eada7a33d82a1c41d88f5b53449a471b8438",
  "MEQCIAFCXKyx3k2KP8AzsgrKmXAUH8Kn+u2xwHZXgeaDzDjtAiBIYGTyJaUR4ZGMOakAaqKspBWwCghylSbzA+DiWvBcoQ==",
  SIGSTORE_JS_KEY,
)

export const sigstoreJsDsse = {
  apiVersion: "0.0.1",
  kind: "dsse",
  spec: {
    proposedContent: {
      envelope:
        '{"payload":"eyJ4IjowLjA0Njk2NTY5MzA1Mjc4NTk3fQ==","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEUCIGwi7Km/20wn96Ex6GYcPqGWkKQYR6sFhtIob0yQyxAOAiEA5IB7ESPrtSmci6A7639OAmWGNJfJe392PH4DMc+w0r0=","keyid":"my-key"}]}',
      verifiers: [pemOf(SIGSTORE_JS_KEY)],
    },
  },
}

export const sigstoreJsIntoto = {
  apiVersion: "0.0.2",
  kind: "intoto",
  spec: {
    content: {
      envelope: {
        payloadType: "application/vnd.in-toto+json",
        payload: "ZXlKNElqb3dMalkxT1RReU1EYzBORGswTXpFMk5EUjk=",
        signatures: [
          {
            sig: "TUVVQ0lDR0hiWXNMUGRDMWZqdnBGaUN2MDBONWZ5RElwUTJJc3JyZlZBVFdYZzJDQWlFQXljN2E1TDVMQnpTWERsT3ZxaVBTTEZGUjZ5OTNuSU1nKzNFaGxOK29hanc9",
            publicKey: pemOf(SIGSTORE_JS_KEY),
            keyid: "my-key",
          },
        ],
      },
      hash: {
        algorithm: "sha256",
        value: "4f39f705ed980b4b1e51bcfb5007c0336219bccc8a0cf942fdfe72555298a687",
      },
      payloadHash: {
        algorithm: "sha256",
        value: "056bf1ed13af372969c2c937f43eb30ec481fcfce0332f0c390aaa702df8c1d2",
      },
    },
  },
}

export const recordedV1 = [
  {
    name: "cosign 3.1.1's blob",
    request: cosign3Blob,
    leafHash: "c33af3b67c781a77d37bcf0daeba428e933dcb64e9e3d121515ab899056225a3",
  },
  {
    name: "cosign 2.5.0's blob",
    request: cosign2Blob,
    leafHash: "6a5ec6c92ca8d7e923ba3d8322dba6b6fc5dcdda5d2e16f7d234070ab29d90a0",
  },
  {
    name: "rekor-cli 1.5.3's hashedrekord",
    request: rekorCli,
    leafHash: "a7d31a0e18bc62746655f5f860743d60b8493dd7209b2e00a988ff5fb509f18d",
  },
  {
    name: "sigstore-js 5.1.0's blob",
    request: sigstoreJsBlobV1,
    leafHash: "2d1bb106cf989a9b9f6d8b3c19e7543acaea9967ed3f925ffecc9b0acd37bb5b",
  },
  {
    name: "sigstore-js 5.1.0's dsse",
    request: sigstoreJsDsse,
    leafHash: "37fb572ab5a80285ae763127ae89cd9f38cfa91a61522ead944166d19c406566",
  },
  {
    name: "sigstore-js 5.1.0's intoto",
    request: sigstoreJsIntoto,
    leafHash: "e3b05230a7d9211829777ee0891a105f71b449671e1d650e3a80eb24cea1d646",
  },
] as const
