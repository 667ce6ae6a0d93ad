// Client certificates as credentials: which writer a verified one names, and that no other counts.
import { request } from "node:https"
import { afterAll, beforeAll, expect, test } from "vitest"
import { createCertificateWriters } from "../../../src/http/access/certificate-writer.ts"
import type { Writer } from "../../../src/http/access/writer.ts"
import { parsePattern } from "../../../src/monitor/watch/pattern.ts"
import { makeLeaf, makeRoot, pemOf } from "../../entry/certificates/authority.ts"
import { makeSigner } from "../../entry/signers.ts"
import { openServedLog, type ServedLog, signedRequest } from "../served-log.ts"
import { accessWith, bearer, makeToken } from "./writers.ts"

const SERVER = "1.3.6.1.5.5.7.3.1"
const CLIENT = "1.3.6.1.5.5.7.3.2"
const root = makeRoot("our root")
const stranger = makeRoot("another root")

/** Key and certificate of a leaf with this URI. */
function pairOf(issuer: typeof root, uri: string, purpose: string) {
  const signer = makeSigner("ecdsa-p256")
  const cert = pemOf(makeLeaf(issuer, signer, { uri, purposes: [purpose] }))
  return { cert, key: signer.privateKey.export({ type: "pkcs8", format: "pem" }) }
}

const builders: Writer = { id: "certificate:builders", scopes: new Set(["submit"]) }
const readers: Writer = { id: "certificate:readers", scopes: new Set(["read"]) }
const token = makeToken(1, { scopes: new Set(["read"]) })
let served: ServedLog

beforeAll(async () => {
  const access = accessWith({
    ...{ anonymous: ["read"], tokens: [token.stored] },
    certificates: createCertificateWriters([
      { fits: parsePattern("spiffe://acme/build/*").matches, writer: builders },
      { fits: parsePattern("spiffe://acme/**").matches, writer: readers },
    ]),
  })
  const ca = pemOf(root.der)
  const tls = { ...pairOf(root, "https://log.example", SERVER), ca }
  served = await openServedLog({
    access: () => access,
    tls: { ...tls, requestCert: true, rejectUnauthorized: false },
  })
})
afterAll(() => served.close())

let artifact = 0
function submitWith(pair: object, headers: Record<string, string> = {}): Promise<string> {
  artifact += 1
  const body = JSON.stringify(signedRequest(`artifact ${artifact}`))
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: "127.0.0.1", port: served.port, path: "/v1/entries", method: "POST" },
        ...{ ca: pemOf(root.der), checkServerIdentity: () => undefined, agent: false, ...pair },
        headers: { "content-type": "application/json", ...headers },
      },
      (response) => {
        let text = `${response.statusCode} `
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part
        })
        response.on("end", () => resolve(text))
      },
    )
    sent.on("error", reject)
    sent.end(body)
  })
}

test("a verified certificate names the writer of the first rule that fits a name in it", async () => {
  expect(await submitWith(pairOf(root, "spiffe://acme/build/1", CLIENT))).toMatch(/^201/)
  const other = await submitWith(pairOf(root, "spiffe://acme/other", CLIENT))
  expect(other).toMatch(/^403.*certificate:readers/)
})

test.each([
  ["of another authority", () => pairOf(stranger, "spiffe://acme/build/1", CLIENT)],
  ["of a name that no rule has", () => pairOf(root, "spiffe://evil/acme/build/1", CLIENT)],
  ["for servers", () => pairOf(root, "spiffe://acme/build/1", SERVER)],
  ["at all", () => ({})],
])("no certificate %s is anybody", async (_, pair) => {
  expect(await submitWith(pair())).toMatch(/^401/)
})

test("a token says more than the certificate of the connection", async () => {
  const pair = pairOf(root, "spiffe://acme/build/1", CLIENT)
  expect(await submitWith(pair, bearer(token.text))).toMatch(/^403.*token:writer-1/)
  expect(await submitWith(pair, bearer(makeToken(2).text))).toMatch(/^401/)
})
