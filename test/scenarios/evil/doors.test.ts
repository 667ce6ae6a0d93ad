// Rows 100 to 105 of the taxonomy: what a thief tries at the doors of a log, in spellings that not everybody expects.
import { expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { pemOf } from "../../entry/rekor-v1/recorded.ts"
import { base64, otherS, type Signer, signMessage } from "../../entry/signers.ts"
import { keyOf, replaced } from "../../evidence/made-cases.ts"
import type { World } from "../../evil-log/evil-log.ts"
import {
  attestation,
  expectCaught,
  expectVerdict,
  hex,
  newTheft,
  owner,
  plain,
  signatureOver,
  statement,
  thief,
  watchTheft,
} from "../../evil-log/theft.ts"

async function post({ url }: World, path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" }
  return await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) })
}

const V1 = "/api/v1/log/entries"

/** A submission of an envelope to Rekor v1, as cosign 2 makes it. */
function dsseV1(envelope: object, by: Signer = thief): object {
  const verifiers = [pemOf(base64(by.spki))]
  const proposedContent = { envelope: JSON.stringify(envelope), verifiers }
  return { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } }
}

// Every DSSE reader takes both alphabets of base64 (D5).
test("row 100: a payload in the other base64 is kept and read like any other", async () => {
  const evil = await newTheft()
  const { envelope } = attestation(plain.replace("PLACE", "\u00ff\u00fe?>~~".repeat(9)))
  const payload = envelope.payload.replaceAll("+", "-").replaceAll("/", "_")
  expect(payload).not.toBe(envelope.payload)
  const { status } = await post(evil.honest, V1, dsseV1({ ...envelope, payload }))
  expect(status).toBe(201)
  await expectCaught(await watchTheft(evil), 3)
})

// cosign 2.5.0 said "Verified OK" to the statement for its last subject (D11).
test("row 101: a statement with more names than can be looked for is refused, and nothing is logged", async () => {
  const evil = await newTheft()
  const many = Array.from({ length: 17_000 }, (_, i) => ({ name: `${i}` }))
  const text = statement(...many, { name: "x", digest: { sha256: hex } })
  const reply = await post(evil.honest, "/v1/entries", attestation(text))
  expect(reply.status).toBe(413)
  expect(evil.honest.log.head().size).toBe(3)
})

// A search by the owner's key listed the stranger's entry (D27); Rekor v1 refuses it as well.
test("row 102: a verifier that verifies nothing is refused at every door", async () => {
  const evil = await newTheft()
  const { envelope, ...rest } = attestation(plain)
  const verifiers = [...rest.verifiers, { publicKey: base64(owner.spki) }]
  const v2 = verifiers.map(({ publicKey }) => ({
    publicKey: { rawBytes: publicKey },
    keyDetails: "PKIX_ECDSA_P256_SHA_256",
  }))
  const keys = [thief, owner].map(({ spki }) => pemOf(base64(spki)))
  const v1 = { envelope: JSON.stringify(envelope), verifiers: keys }
  const replies = await Promise.all([
    post(evil.honest, "/v1/entries", { ...rest, envelope, verifiers }),
    post(evil.honest, "/api/v2/log/entries", { dsseRequestV002: { envelope, verifiers: v2 } }),
    post(evil.honest, V1, { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent: v1 } }),
  ])
  for (const { status } of replies) expect([400, 422]).toContain(status)
  expect(evil.honest.log.head().size).toBe(3)
})

// No verifier has such an algorithm. What cannot be verified is not the owner's (D30).
test("row 103: the owner's key under an algorithm that nobody knows is nobody's signature", async () => {
  const evil = await newTheft()
  const index = await evil.honest.submit(signatureOver("app", owner))
  const [body] = (await evil.honest.bodies()).slice(index)
  const unknown = replaced(body as Uint8Array, "PKIX_ECDSA_P256_SHA_256", "PKIX_ECDSA_P999_SHA_999")
  const at = await evil.honest.force(unknown)
  await expectCaught(await watchTheft(evil), at, "unclassifiable")
})

/** A signature over a file as Rekor v1 has it, in another spelling of the digest or with the other S. */
function spelled(by: Signer, signature: Uint8Array, digest: string): object {
  const content = base64(signature)
  const spec = {
    data: { hash: { algorithm: "sha256", value: digest } },
    signature: { content, publicKey: { content: pemOf(base64(by.spki)) } },
  }
  return { apiVersion: "0.0.1", kind: "hashedrekord", spec }
}

/** One signature as four entries, as Rekor v1 takes them. */
async function logSpellings(world: World, by: Signer): Promise<Uint8Array> {
  const signature = signMessage(by, "PKIX_ECDSA_P256_SHA_256", utf8("app"))
  const mixed = hex.replace(/[a-f]/, (digit) => digit.toUpperCase())
  for (const digest of [hex, hex.toUpperCase(), mixed]) {
    expect((await post(world, V1, spelled(by, signature, digest))).status).toBe(201)
  }
  expect((await post(world, V1, spelled(by, otherS(signature), hex))).status).toBe(201)
  return signature
}

// Rekor takes all of them as entries of their own, and cosign verifies each (D32).
test("row 104: one signature in four spellings is the thief's each time", async () => {
  const evil = await newTheft()
  await logSpellings(evil.honest, thief)
  const findings = Array<string>(4).fill("PROVEN unknown-signer")
  await expectVerdict(await watchTheft(evil), { code: 2, findings })
})

test("row 105: the owner's signature that others log in four spellings is the owner's each time", async () => {
  const evil = await newTheft()
  const signature = await logSpellings(evil.honest, owner)
  const ledger = `${JSON.stringify({ base64Signature: base64(signature), cert: "" })}\n`
  const watch = ["signer release", `  key ${keyOf(owner)}`, "  mine ledger"]
  const watched = await watchTheft(evil, { watch, files: { ledger } })
  await expectVerdict(watched, { code: 0, findings: [] })
  const index = await evil.honest.submit(signatureOver("app", owner))
  await expectCaught(watched, index, "not-mine")
})
