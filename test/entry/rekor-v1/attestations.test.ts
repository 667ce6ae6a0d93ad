import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { formatPem } from "../../../src/core/base/pem.ts"
import type { KeyType } from "../../../src/entry/algorithm.ts"
import { dssePae } from "../../../src/entry/dsse.ts"
import type { Proposal } from "../../../src/entry/entry.ts"
import { proposeRekorV1 } from "../../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { codeOf, refusalOf } from "../refusals.ts"
import { base64, makeSigner, type Signer } from "../signers.ts"
import { pemOf, sigstoreJsDsse, sigstoreJsIntoto, toBase64 } from "./recorded.ts"
import { signSha256 } from "./signing.ts"

const decoder = new TextDecoder()
const payload = new TextEncoder().encode('{"a":1}')
const message = dssePae("text/plain", payload)

function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex")
}

/** Each claim's position that holds; -1 where none does. */
function heldBy({ claims }: Proposal): number[] {
  return claims.map((checks) => checks.findIndex(verifyPortably))
}

function bodyOf(proposal: Proposal): unknown {
  return JSON.parse(decoder.decode(proposal.body(heldBy(proposal))))
}

interface Signature {
  readonly sig: unknown
  readonly keyid?: unknown
}

function envelopeText(signatures: readonly Signature[], change: object = {}): string {
  return JSON.stringify({
    payload: base64(payload),
    payloadType: "text/plain",
    signatures,
    ...change,
  })
}

function dsse(envelope: unknown, verifiers: unknown, others: object = {}) {
  const spec = { proposedContent: { envelope, verifiers }, ...others }
  return { apiVersion: "0.0.1", spec, kind: "dsse" }
}

const keyTypes: readonly KeyType[] = [
  "ecdsa-p256",
  "ecdsa-p384",
  "ecdsa-p521",
  "rsa-2048",
  "ed25519",
]
const signers = keyTypes.map((keyType) => makeSigner(keyType))
const [one, two] = signers as [Signer, Signer]
const keyOf = (signer: Signer) => pemOf(base64(signer.spki))
const sigOf = (signer: Signer) => base64(signSha256(signer, message))

describe("dsse 0.0.1", () => {
  const signature = sigOf(one)
  const envelope = envelopeText([{ sig: signature, keyid: "k" }])

  it.each(signers)("takes $keyType, which signs with SHA-256", (signer) => {
    const value = dsse(envelopeText([{ sig: sigOf(signer) }]), [keyOf(signer)])
    expect(heldBy(proposeRekorV1(value))).toEqual([0])
  })

  it("has digests of the payload and of the envelope as it was sent", () => {
    expect(bodyOf(proposeRekorV1(dsse(envelope, [keyOf(one)])))).toEqual({
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: {
        envelopeHash: { algorithm: "sha256", value: sha256(envelope) },
        payloadHash: { algorithm: "sha256", value: sha256(payload) },
        signatures: [{ signature, verifier: keyOf(one) }],
      },
    })
    const spaced = `${envelope} `
    expect(bodyOf(proposeRekorV1(dsse(spaced, [keyOf(one)])))).toMatchObject({
      spec: { envelopeHash: { value: sha256(spaced) }, payloadHash: { value: sha256(payload) } },
    })
  })

  it("sorts signatures by their base64 and puts each beside its verifier", () => {
    const pairs = signers.map((signer) => ({ signature: sigOf(signer), verifier: keyOf(signer) }))
    const signatures = pairs.map(({ signature }) => ({ sig: signature }))
    const sorted = pairs.toSorted((a, b) => (a.signature < b.signature ? -1 : 1))
    const verifiers = pairs.map(({ verifier }) => verifier)
    for (const order of [verifiers, verifiers.toReversed()]) {
      const proposal = proposeRekorV1(dsse(envelopeText(signatures), order))
      expect(bodyOf(proposal)).toMatchObject({ spec: { signatures: sorted } })
    }
  })

  it("keeps a signature that comes twice once", () => {
    const sig = sigOf(one)
    const proposal = proposeRekorV1(dsse(envelopeText([{ sig }, { sig }]), [keyOf(one)]))
    expect(proposal.claims).toHaveLength(1)
  })

  it("refuses a verifier that no signature holds under", () => {
    for (const verifiers of [
      [keyOf(one), keyOf(two)],
      [keyOf(two), keyOf(one)],
    ]) {
      const proposal = proposeRekorV1(dsse(envelope, verifiers))
      const refusal = refusalOf(() => proposal.body(heldBy(proposal)))
      expect(refusal.code).toBe("bad-signature")
      expect(refusal.message).toContain("could not verify envelope")
    }
  })

  it.each([
    ["null", { signatures: null, envelopeHash: null, payloadHash: null }],
    ["an empty list", { signatures: [] }],
  ])("counts %s as absent in what the log computes", (_name, others) => {
    const proposal = proposeRekorV1(dsse(envelope, [keyOf(one)], others))
    expect(heldBy(proposal)).toEqual([0])
    expect(proposal.body([0])).toEqual(proposeRekorV1(dsse(envelope, [keyOf(one)])).body([0]))
  })

  it("reads a payload in the URL alphabet or without padding, and keeps it in one spelling", () => {
    const bytes = Uint8Array.of(0xfb, 0xff, 0xfe, 0x3e)
    for (const text of ["+//+Pg==", "-__-Pg==", "-__-Pg", "+//+Pg"]) {
      const more = { payload: text, more: [1] }
      const sig = sigOf(one)
      const kept = proposeRekorV1(
        dsse(envelopeText([{ sig, keyid: "k" }], more), [keyOf(one)]),
      ).envelope?.()
      expect(JSON.parse(decoder.decode(kept))).toEqual({
        payload: "+//+Pg==",
        payloadType: "text/plain",
        signatures: [{ sig }],
      })
      const value = dsse(envelopeText([{ sig: sigOf(one) }], { payload: text }), [keyOf(one)])
      expect(decoder.decode(proposeRekorV1(value).body([0]))).toContain(sha256(bytes))
    }
  })

  const hash = { algorithm: "sha256", value: "00".repeat(32) }
  const keys = [keyOf(one)]
  const eleven = Array.from({ length: 11 }, (_, i) => ({ sig: base64(Uint8Array.of(i)) }))
  const both = "either proposedContent or envelopeHash, payloadHash, and signatures must be present"
  it.each([
    ["missing proposed content", { apiVersion: "0.0.1", kind: "dsse", spec: {} }],
    ["missing proposed DSSE envelope", dsse(null, keys)],
    [both, dsse(envelope, keys, { envelopeHash: hash })],
    [both, dsse(envelope, keys, { payloadHash: hash })],
    [both, dsse(envelope, keys, { signatures: [{ signature: "", verifier: "" }] })],
    ["envelope: expected JSON", dsse("{", keys)],
    ["envelope: expected an object", dsse("[]", keys)],
    ["envelope: expected a string", dsse({}, keys)],
    ["DSSE envelope must contain 1 or more signatures", dsse(envelopeText([]), keys)],
    ["signatures: expected up to 10", dsse(envelopeText(eleven), keys)],
    ["missing signature", dsse(envelopeText([{ sig: "" }]), keys)],
    ["failed parsing base64 data for signature", dsse(envelopeText([{ sig: "_-+/" }]), keys)],
    [
      "payload: expected base64, found",
      dsse(envelopeText([{ sig: "AA==" }], { payload: "+/_-" }), keys),
    ],
    [
      "payload: expected base64, found",
      dsse(envelopeText([{ sig: "AA==" }], { payload: "QQ=" }), keys),
    ],
    ["payload: expected a string", dsse(envelopeText([{ sig: "AA==" }], { payload: null }), keys)],
    ["payloadType", dsse(envelopeText([{ sig: "AA==" }], { payloadType: "" }), keys)],
    ["payloadType", dsse(envelopeText([{ sig: "AA==" }], { payloadType: "\ud800" }), keys)],
    ["verifiers: expected 1 to 10, found 0", dsse(envelope, [])],
    ["verifiers: expected 1 to 10, found 0", dsse(envelope, null)],
    ["verifiers: expected a list", dsse(envelope, keyOf(one))],
    ["verifiers: expected up to 10", dsse(envelope, Array(11).fill(keyOf(one)))],
    ["missing public key", dsse(envelope, [null])],
  ])("refuses in Rekor's words: %s", (reason, value) => {
    expect(refusalOf(() => proposeRekorV1(value)).message).toContain(reason)
  })

  it("takes only the algorithms of the allow-list", () => {
    const algorithms = new Set(["PKIX_ECDSA_P384_SHA_384"] as const)
    expect(codeOf(() => proposeRekorV1(dsse(envelope, keys), { algorithms }))).toBe("unsupported")
    expect(proposeRekorV1(dsse(envelope, [keyOf(two)]), { algorithms }).kind).toBe("dsse")
  })
})

describe("intoto 0.0.2", () => {
  interface IntotoSignature {
    readonly sig: unknown
    readonly publicKey: unknown
    readonly keyid?: unknown
  }
  const hash = { algorithm: "sha256", value: "AB".repeat(32) }
  function intoto(signatures: unknown, change: object = {}, contentChange: object = {}) {
    const envelope = {
      payloadType: "text/plain",
      payload: toBase64(base64(payload)),
      signatures,
      ...change,
    }
    const content = { envelope, hash, ...contentChange }
    return { kind: "intoto", apiVersion: "0.0.2", spec: { content } }
  }
  const signed = (signer: Signer): IntotoSignature => {
    return { sig: toBase64(sigOf(signer)), publicKey: keyOf(signer) }
  }

  it("keeps signatures, keys and hash as they were sent, in their order", () => {
    const der = Uint8Array.from(one.spki)
    const untidy = toBase64(formatPem({ label: "PUBLIC KEY", der }).replaceAll("\n", "\r\n"))
    const signatures = [
      { ...signed(two), keyid: "" },
      { ...signed(one), publicKey: untidy, keyid: "é" },
    ]
    const proposal = proposeRekorV1(intoto(signatures))
    expect(heldBy(proposal)).toEqual([0, 0])
    const [first, second] = signatures
    const { keyid: _, ...withoutKeyId } = first as IntotoSignature
    expect(bodyOf(proposal)).toEqual({
      apiVersion: "0.0.2",
      kind: "intoto",
      spec: {
        content: {
          envelope: { payloadType: "text/plain", signatures: [withoutKeyId, second] },
          hash,
          payloadHash: { algorithm: "sha256", value: sha256(payload) },
        },
      },
    })
  })

  it("computes the payload's digest itself", () => {
    const payloadHash = { algorithm: "sha256", value: "00".repeat(32) }
    const { spec } = sigstoreJsIntoto
    const value = { ...sigstoreJsIntoto, spec: { content: { ...spec.content, payloadHash } } }
    expect(proposeRekorV1(value).body([0])).toEqual(proposeRekorV1(sigstoreJsIntoto).body([0]))
  })

  it("wants each signature to hold under the key beside it", () => {
    const value = intoto([
      { ...signed(one), publicKey: keyOf(two) },
      { ...signed(two), publicKey: keyOf(one) },
    ])
    expect(heldBy(proposeRekorV1(value))).toEqual([-1, -1])
  })

  const good = signed(one)

  it("takes only the algorithms of the allow-list", () => {
    const algorithms = new Set(["PKIX_ECDSA_P384_SHA_384"] as const)
    expect(codeOf(() => proposeRekorV1(intoto([good]), { algorithms }))).toBe("unsupported")
    expect(proposeRekorV1(intoto([signed(two)]), { algorithms }).kind).toBe("intoto")
  })

  it.each([
    ["missing envelope digest", intoto([good], {}, { hash: null })],
    ["invalid value for hash", intoto([good], {}, { hash: { ...hash, value: "ab" } })],
    [
      "envelope digest: expected sha256",
      intoto([good], {}, { hash: { algorithm: "sha512", value: "ab".repeat(64) } }),
    ],
    ["missing envelope content", intoto([good], { payload: null })],
    ["missing envelope content", intoto([good], { payload: "" })],
    ["failed parsing base64 data for payload", intoto([good], { payload: "QQ=" })],
    ["could not decode envelope payload", intoto([good], { payload: base64(payload) })],
    ["missing signatures", intoto([])],
    ["missing signatures", intoto(null)],
    ["signatures: expected up to 10", intoto(Array(11).fill(good))],
    ["missing signature content", intoto([{ ...good, sig: null }])],
    ["failed parsing base64 data for signature", intoto([{ ...good, sig: sigOf(one) }])],
    ["missing public key", intoto([{ ...good, publicKey: null }])],
    ["keyid: expected well-formed text", intoto([{ ...good, keyid: "\ud800" }])],
    ["keyid: expected a string", intoto([{ ...good, keyid: 1 }])],
    ["payloadType", intoto([good], { payloadType: null })],
    ["content: expected an object", { apiVersion: "0.0.2", kind: "intoto", spec: {} }],
  ])("refuses in Rekor's words: %s", (reason, value) => {
    expect(refusalOf(() => proposeRekorV1(value)).message).toContain(reason)
  })
})

describe("what both attestations leave out", () => {
  it("is the payload", () => {
    const text = "eyJ4IjowLjA0Njk2NTY5MzA1Mjc4NTk3fQ=="
    expect(sigstoreJsDsse.spec.proposedContent.envelope).toContain(text)
    expect(decoder.decode(proposeRekorV1(sigstoreJsDsse).body([0]))).not.toContain(text)
    const { payload: inner } = sigstoreJsIntoto.spec.content.envelope
    expect(decoder.decode(proposeRekorV1(sigstoreJsIntoto).body([0]))).not.toContain(inner)
  })
})
