// A certificate authority on loopback that speaks Fulcio's two APIs (fulcio.proto, v2; /api/v1/signingCert before it):
// a token and a key with a proof that the client has it become a certificate for ten minutes. Leaves out requests in
// PKCS#10 and every issuer but the one of the stand.
import { createPublicKey, type KeyObject, verify } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type Authority, makeAuthority } from "../../test/authority/authority.ts"
import { ISSUER, type Issuer, makeIssuer } from "./identity.ts"

export interface Fulcio {
  readonly url: string
  readonly issuer: Issuer
  readonly authority: Authority
  stop(): Promise<void>
}

const SEQUENCE = 0x30

interface KeyRequest {
  readonly key: KeyObject
  readonly proof: Buffer
}

interface RequestV1 {
  readonly publicKey: { readonly content: string }
  readonly signedEmailAddress: string
}

interface RequestV2 {
  readonly credentials?: { readonly oidcIdentityToken: string }
  readonly publicKeyRequest: {
    readonly publicKey: { readonly content: string }
    readonly proofOfPossession: string
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function pem(der: Uint8Array): string {
  const base64 = Buffer.from(der).toString("base64")
  const lines = base64.replaceAll(/.{64}/g, "$&\n").trimEnd()
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

/** Of the leaf first, as PEM. */
function issue({ authority, issuer }: Fulcio, token: string, { key, proof }: KeyRequest): string[] {
  const identity = issuer.identityIn(token)
  const isHolder = verify("sha256", Buffer.from(identity), key, proof)
  if (!isHolder) throw new Error("the proof of possession does not hold")
  const publicKey = Uint8Array.from(key.export({ type: "spki", format: "der" }))
  const { chain } = authority.issue({ publicKey, identity, issuer: ISSUER, at: new Date() })
  return chain.map(pem)
}

/** PEM; in base64, or DER in base64, by those who have bytes there. */
function readKey(content: string): KeyObject {
  if (content.startsWith("-----")) return createPublicKey(content)
  const key = Buffer.from(content, "base64")
  return createPublicKey(key[0] === SEQUENCE ? { key, format: "der", type: "spki" } : { key })
}

function bearer(request: IncomingMessage): string {
  return (request.headers.authorization ?? "").replace(/^Bearer /, "")
}

async function answerV1(fulcio: Fulcio, request: IncomingMessage, response: ServerResponse) {
  const { publicKey, signedEmailAddress } = JSON.parse(await readBody(request)) as RequestV1
  const proof = Buffer.from(signedEmailAddress, "base64")
  const chain = issue(fulcio, bearer(request), { key: readKey(publicKey.content), proof })
  response.writeHead(201, { "content-type": "application/pem-certificate-chain" })
  response.end(chain.join(""))
}

async function answerV2(fulcio: Fulcio, request: IncomingMessage, response: ServerResponse) {
  const { credentials, publicKeyRequest } = JSON.parse(await readBody(request)) as RequestV2
  const { publicKey, proofOfPossession } = publicKeyRequest
  const token = credentials?.oidcIdentityToken ?? bearer(request)
  const proof = Buffer.from(proofOfPossession, "base64")
  const certificates = issue(fulcio, token, { key: readKey(publicKey.content), proof })
  response.writeHead(200, { "content-type": "application/json" })
  response.end(JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates } } }))
}

function answerTrust({ authority }: Fulcio, response: ServerResponse): void {
  const root = JSON.parse(authority.trustedRoot([])) as TrustedAuthorities
  const certificates = root.certificateAuthorities.flatMap(({ certChain }) =>
    certChain.certificates.map(({ rawBytes }) => pem(Buffer.from(rawBytes, "base64"))),
  )
  response.writeHead(200, { "content-type": "application/json" })
  response.end(JSON.stringify({ chains: [{ certificates }] }))
}

/** What a trusted root says of a certificate authority and its log. */
export interface TrustedAuthorities {
  readonly certificateAuthorities: readonly {
    readonly certChain: { readonly certificates: readonly { readonly rawBytes: string }[] }
  }[]
  readonly ctlogs: readonly { readonly publicKey: { readonly rawBytes: string } }[]
}

async function answer(fulcio: Fulcio, request: IncomingMessage, response: ServerResponse) {
  const path = `${request.method} ${request.url?.replace(/\/$/, "")}`
  if (path === "POST /api/v1/signingCert") return answerV1(fulcio, request, response)
  if (path === "POST /api/v2/signingCert") return answerV2(fulcio, request, response)
  if (path === "GET /api/v2/trustBundle") return answerTrust(fulcio, response)
  response.writeHead(404).end()
}

/** Serves a new authority for a new issuer. */
export async function serveFulcio(): Promise<Fulcio> {
  const server = createServer((request, response) => {
    answer(fulcio, request, response).catch((error: unknown) => {
      response.writeHead(400, { "content-type": "application/json" })
      response.end(JSON.stringify({ code: 3, message: String(error) }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const fulcio: Fulcio = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    issuer: makeIssuer(),
    authority: makeAuthority({ name: "interop" }),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return fulcio
}
