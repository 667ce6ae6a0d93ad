// What honest clients of all kinds send to a log in a day: the owner's pipeline with its keys and certificates, by every
// API and in every form that clients have, and strangers who sign what is theirs.
import { createHash } from "node:crypto"
import { utf8 } from "../../src/core/base/bytes.ts"
import { digestAlgorithm } from "../../src/entry/algorithm.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import {
  pemOf as certificatesPem,
  makeIntermediate,
  makeLeaf,
  makeRoot,
} from "../entry/certificates/authority.ts"
import { pemOf } from "../entry/rekor-v1/recorded.ts"
import { base64, hashOf, makeSigner, type Signer, signMessage } from "../entry/signers.ts"
import { keyOf } from "../evidence/made-cases.ts"
import type { World } from "./evil-log.ts"
import { hexOf, IN_TOTO, innocent } from "./theft.ts"

const MINUTE = 60_000
const ISSUER = "https://token.actions.githubusercontent.com"
const WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
const REPOSITORY = "registry.acme.example/team/app"

const since = { notBefore: new Date("2020-01-01"), notAfter: new Date("2040-01-01") }
const root = makeRoot("sigstore", "ecdsa-p384", since)
const fulcio = makeIntermediate(root, "sigstore-intermediate", "ecdsa-p384", {
  pathLength: 0,
  ...since,
})
/** Has a ledger; the others are listed as signers of what is watched. */
const release = makeSigner("ecdsa-p256")
const builder = makeSigner("ecdsa-p384")
const signer25519 = makeSigner("ed25519")
const attester = makeSigner("ecdsa-p256")
const strangers = [makeSigner("ecdsa-p256"), makeSigner("ecdsa-p384"), makeSigner("ed25519")]

/** Who signs, and under which certificate if there is one. */
interface By {
  readonly signer: Signer
  readonly certificate?: Uint8Array
}

/** One signature on its way into the log. */
export interface Sending {
  /** What the pipeline writes into its ledger before it signs. */
  readonly ledger?: string
  /** What was signed, where somebody attaches it later. */
  readonly late?: Uint8Array
  /** Nobody but the pipeline has the file, which is expected of it for a day. */
  readonly isUnplaced?: boolean
  readonly path: string
  readonly body: object
}

function certified(signer: Signer, uri: string, oidcIssuer: string, now: number): By {
  const notBefore = new Date(now - MINUTE)
  const dates = { notBefore, notAfter: new Date(now + 9 * MINUTE) }
  return { signer, certificate: makeLeaf(fulcio, signer, { uri, oidcIssuer, ...dates }) }
}

const workflow = (now: number): By => certified(makeSigner("ecdsa-p256"), WORKFLOW, ISSUER, now)

function keyV1({ signer, certificate }: By): string {
  return certificate ? base64(utf8(certificatesPem(certificate))) : pemOf(base64(signer.spki))
}

function verifierV2({ signer, certificate }: By): object {
  const rawBytes = base64(certificate ?? signer.spki)
  const key = certificate ? { x509Certificate: { rawBytes } } : { publicKey: { rawBytes } }
  return { ...key, keyDetails: digestAlgorithm[signer.keyType] }
}

const signed = ({ signer }: By, message: Uint8Array): string =>
  base64(signMessage(signer, digestAlgorithm[signer.keyType], message))

function blobV1(by: By, message: Uint8Array): Sending {
  const digest = hashOf(digestAlgorithm[by.signer.keyType], message)
  const hash = { algorithm: `sha${digest.length * 8}`, value: Buffer.from(digest).toString("hex") }
  const signature = { content: signed(by, message), publicKey: { content: keyV1(by) } }
  const body = { apiVersion: "0.0.1", kind: "hashedrekord", spec: { data: { hash }, signature } }
  return { path: "/api/v1/log/entries", body }
}

function blobV2(by: By, message: Uint8Array): Sending {
  const digest = base64(hashOf(digestAlgorithm[by.signer.keyType], message))
  const signature = { content: signed(by, message), verifier: verifierV2(by) }
  const body = { hashedRekordRequestV002: { digest, signature } }
  return { path: "/api/v2/log/entries", body }
}

const pae = (text: string): Uint8Array => dssePae(IN_TOTO, utf8(text))

function envelope(by: By, text: string) {
  const signatures = [{ sig: signed(by, pae(text)) }]
  return { payload: base64(utf8(text)), payloadType: IN_TOTO, signatures }
}

function dsseV1(by: By, text: string): Sending {
  const proposedContent = { envelope: JSON.stringify(envelope(by, text)), verifiers: [keyV1(by)] }
  const body = { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } }
  return { path: "/api/v1/log/entries", body }
}

function dsseV2(by: By, text: string): Sending {
  const verifiers = [verifierV2(by)]
  const body = { dsseRequestV002: { envelope: envelope(by, text), verifiers } }
  return { path: "/api/v2/log/entries", body }
}

function intotoV1(by: By, text: string): Sending {
  const sent = envelope(by, text)
  const hash = (value: string) => ({ algorithm: "sha256", value: hexOf(value) })
  const sig = base64(utf8(sent.signatures[0]?.sig ?? ""))
  const content = {
    envelope: {
      payloadType: IN_TOTO,
      payload: base64(utf8(sent.payload)),
      signatures: [{ sig, publicKey: keyV1(by) }],
    },
    hash: hash(JSON.stringify(sent)),
    payloadHash: hash(text),
  }
  const body = { apiVersion: "0.0.2", kind: "intoto", spec: { content } }
  return { path: "/api/v1/log/entries", body }
}

export const imageHex = (i: number): string => hexOf(`image ${i}`)

const cosign3 = (hex: string): string =>
  `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${hex}"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
const cosign2 = (hex: string): string =>
  `{"critical":{"identity":{"docker-reference":"${REPOSITORY}"},"image":{"docker-manifest-digest":"sha256:${hex}"},"type":"cosign container image signature"},"optional":null}`

function provenance(i: number, name: string, digest: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name, digest }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: { run: i, materials: [{ uri: REPOSITORY, digest: { sha256: imageHex(0) } }] },
  })
}

type Client = (i: number, image: string, now: number) => Sending

const key = (signer: Signer): By => ({ signer })
const file = (i: number): Uint8Array => utf8(`file ${i}`)
const imageLine = (hex: string): string => `image ${REPOSITORY}@sha256:${hex}`
const attested = (i: number, hex: string): string => provenance(i, REPOSITORY, { sha256: hex })
const pick = (i: number): By => key(strangers[i % strangers.length] as Signer)

/** A signature that the pipeline knows by itself, as cosign's older bundle has it. */
function bundled(sending: Sending, signature: string): Sending {
  return { ...sending, ledger: JSON.stringify({ base64Signature: signature, cert: "" }) }
}

function ownBlob(i: number): Sending {
  const sending = blobV2(key(release), file(i))
  const { hashedRekordRequestV002: request } = sending.body as {
    readonly hashedRekordRequestV002: { readonly signature: { readonly content: string } }
  }
  return bundled(sending, request.signature.content)
}

const clients: readonly Client[] = [
  // The owner's key with a ledger: files, images by every cosign and API, attestations.
  (i) => ownBlob(i),
  (i) => ({ ...blobV1(key(release), file(i)), ledger: `sha256:${hexOf(file(i))}` }),
  (_, hex) => ({ ...blobV2(key(release), pae(cosign3(hex))), ledger: imageLine(hex) }),
  (_, hex) => ({ ...dsseV1(key(release), cosign3(hex)), ledger: imageLine(hex) }),
  (_, hex) => ({ ...blobV1(key(release), utf8(cosign2(hex))), ledger: imageLine(hex) }),
  (i, hex) => ({ ...dsseV1(key(release), attested(i, hex)), ledger: imageLine(hex) }),
  // Other keys of the owner's.
  (_, hex) => blobV2(key(builder), pae(cosign3(hex))),
  (_, hex) => blobV1(key(builder), utf8(cosign2(hex))),
  (_, hex) => blobV2(key(signer25519), pae(cosign3(hex))),
  (i, hex) => dsseV1(key(attester), attested(i, hex)),
  (i, hex) => dsseV2(key(attester), attested(i, hex)),
  (i, hex) => intotoV1(key(attester), attested(i, hex)),
  (i, hex) => ({ ...blobV2(key(attester), pae(attested(i, hex))), late: pae(attested(i, hex)) }),
  // Its workflow, under certificates of ten minutes.
  (i, _, now) => ({ ...blobV1(workflow(now), file(i)), isUnplaced: true }),
  (_, hex, now) => blobV2(workflow(now), pae(cosign3(hex))),
  (i, hex, now) => dsseV1(workflow(now), attested(i, hex)),
  (i, _, now) =>
    dsseV2(
      workflow(now),
      provenance(i, `pkg:npm/%40acme/app@1.0.${i}`, {
        sha512: createHash("sha512").update(`${i}`).digest("hex"),
      }),
    ),
  // Strangers with what is theirs: keys, certificates of the same authority and of their own, odd statements, commits.
  (i) => blobV1(pick(i), utf8(`theirs ${i}`)),
  (i) =>
    blobV2(pick(i), pae(provenance(i, "registry.example/theirs", { sha256: hexOf(`t ${i}`) }))),
  (i) => dsseV2(pick(0), provenance(i, "pkg:npm/%40acne/app@1", { sha256: hexOf(`t ${i}`) })),
  (i) =>
    dsseV1(
      pick(0),
      innocent.replace("PLACE", `${i}`).replace(/"subject":\[.*?\],/, '"subject":null,'),
    ),
  (i) => blobV1(pick(0), utf8(hexOf(`commit ${i}`).slice(0, 40))),
  (i, _, now) =>
    blobV2(
      certified(makeSigner("ecdsa-p256"), `${WORKFLOW}${i}`.replace("acme", "theirs"), ISSUER, now),
      file(-i),
    ),
  (i, _, now) => {
    const signer = makeSigner("ecdsa-p256")
    const self = makeLeaf({ name: "me", signer }, signer, {
      uri: "mailto:me@example.com",
      notBefore: new Date(now),
    })
    return blobV1({ signer, certificate: self }, utf8(`self ${i}`))
  },
]

/** What number `i` sends at this time, about one of the images. */
export function sendingOf(i: number, images: number, now: number): Sending {
  const client = clients[i % clients.length] as Client
  return client(i, imageHex(Math.floor(i / clients.length) % images), now)
}

export const CLIENTS = clients.length

/** Sends it; gives the index. */
export async function send({ url }: World, { path, body }: Sending): Promise<number> {
  const headers = { "content-type": "application/json" }
  const reply = await fetch(`${url}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  })
  if (reply.status !== 201) throw new Error(`${reply.status}: ${await reply.text()}`)
  const answer = (await reply.json()) as Record<string, unknown>
  const entry = "logIndex" in answer ? answer : Object.values(answer)[0]
  return Number((entry as { readonly logIndex: number | string }).logIndex)
}

/** What the owner watches, with so many of the images. */
export function watchLines(images: number): readonly string[] {
  const own = [release, builder, signer25519, attester].map((each) => `  signer key ${keyOf(each)}`)
  const identity = `oidc ${ISSUER} https://github.com/acme/app/**`
  return [
    ...["authority fulcio", "  roots fulcio.pem", "  eku code-signing"],
    ...["subject acme", "  name pkg:npm/@acme/**", "  name registry.acme.example/team/**"],
    ...Array.from({ length: images }, (_, i) => `  image ${REPOSITORY}@sha256:${imageHex(i)}`),
    ...[...own, `  signer ${identity}`],
    ...["signer release", `  key ${keyOf(release)}`, "  mine ledger"],
    ...["signer pipeline", `  ${identity}`],
    "explain within 24",
  ]
}

export const watchFiles: Readonly<Record<string, string>> = {
  "fulcio.pem": certificatesPem(fulcio.der, root.der),
  ledger: "",
}
