import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { dssePae } from "../../../src/entry/dsse.ts"
import { type DsseRequest, dsseBody, proposeDsse } from "../../../src/entry/kinds/dsse-v002.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { ecdsaCertificate } from "../certificates.ts"
import { SIGSTORE_JS_KEY, sigstoreJsEnvelope } from "../recorded.ts"
import { codeOf } from "../refusals.ts"
import { base64, makeSigner, signMessage } from "../signers.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

interface BodySignature {
  readonly content: string
  readonly verifier: { readonly keyDetails: string; readonly publicKey: { rawBytes: string } }
}

function signaturesIn(body: Uint8Array): readonly BodySignature[] {
  const entry = JSON.parse(decoder.decode(body)) as {
    spec: { dsseV002: { signatures: readonly BodySignature[] } }
  }
  return entry.spec.dsseV002.signatures
}

function withEnvelope(change: Partial<DsseRequest["envelope"]>): DsseRequest {
  return { ...sigstoreJsEnvelope, envelope: { ...sigstoreJsEnvelope.envelope, ...change } }
}

function withSignatures(...signatures: string[]): DsseRequest {
  return withEnvelope({ signatures: signatures.map((sig) => ({ sig })) })
}

function withVerifiers(...verifiers: DsseRequest["verifiers"]): DsseRequest {
  return { ...sigstoreJsEnvelope, verifiers }
}

const numbered = (i: number) => base64(Uint8Array.of(i))

describe("dssePae()", () => {
  it("counts bytes, as DSSE says", () => {
    const pae = dssePae("http://example.com/HelloWorld", encoder.encode("hello world"))
    expect(decoder.decode(pae)).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world")
    expect(decoder.decode(dssePae("é", encoder.encode("€")))).toBe("DSSEv1 2 é 3 €")
    expect(decoder.decode(dssePae("t", new Uint8Array(0)))).toBe("DSSEv1 1 t 0 ")
  })
})

describe("proposeDsse()", () => {
  it("finds each signature's verifier and sorts the signatures by their bytes", () => {
    const payload = encoder.encode('{"a":1}')
    const message = dssePae("text/plain", payload)
    const one = makeSigner("ed25519")
    const two = makeSigner("ecdsa-p256")
    const byOne = base64(signMessage(one, "PKIX_ED25519", message))
    const byTwo = base64(signMessage(two, "PKIX_ECDSA_P256_SHA_256", message))
    const proposal = proposeDsse({
      kind: "dsse",
      envelope: {
        payload: base64(payload),
        payloadType: "text/plain",
        signatures: [{ sig: byTwo }, { sig: byOne, keyid: "" }],
      },
      verifiers: [{ publicKey: base64(one.spki) }, { publicKey: base64(two.spki) }],
    })
    const holds = proposal.claims.map((checks) => checks.map(verifyPortably))
    expect(holds).toEqual([
      [false, true],
      [true, false],
    ])
    const signatures = signaturesIn(proposal.body(holds.map((checks) => checks.indexOf(true))))
    const contents = signatures.map(({ content }) => content)
    expect(contents).toEqual(
      [byOne, byTwo].toSorted((a, b) =>
        Buffer.compare(Buffer.from(a, "base64"), Buffer.from(b, "base64")),
      ),
    )
    const ofOne = signatures[contents.indexOf(byOne)]?.verifier
    expect(ofOne).toEqual({
      keyDetails: "PKIX_ED25519",
      publicKey: { rawBytes: base64(one.spki) },
    })
    expect(signatures[contents.indexOf(byTwo)]?.verifier.publicKey.rawBytes).toBe(base64(two.spki))
  })

  it("sorts by unsigned bytes, a prefix first, whatever order they came in", () => {
    const sigs = [[255], [1, 0], [1], [127, 1], [128]].map((bytes) =>
      base64(Uint8Array.from(bytes)),
    )
    const sorted = [[1], [1, 0], [127, 1], [128], [255]].map((bytes) =>
      base64(Uint8Array.from(bytes)),
    )
    const bodies = [sigs, sigs.toReversed()].map((order) =>
      proposeDsse(withSignatures(...order)).body(order.map(() => 0)),
    )
    expect(signaturesIn(bodies[0] as Uint8Array).map(({ content }) => content)).toEqual(sorted)
    expect(bodies[0]).toEqual(bodies[1])
  })

  it("takes the digest of the decoded payload from the function that it is given", () => {
    const seen: Uint8Array[] = []
    const sha256 = (bytes: Uint8Array) => {
      seen.push(bytes)
      return Uint8Array.from(createHash("sha256").update(bytes).digest())
    }
    const body = proposeDsse(sigstoreJsEnvelope, { sha256 }).body([0])
    expect(seen.map((bytes) => decoder.decode(bytes))).toEqual(['{"x":0.4902036791397204}'])
    expect(body).toEqual(proposeDsse(sigstoreJsEnvelope).body([0]))
    expect(decoder.decode(body)).toContain(
      '"payloadHash":{"algorithm":"SHA2_256","digest":"XjuC4/HzpBCl9WndNvUE7eQjQYUJb/PZcjfea2YHpeQ="}',
    )
  })

  it("makes no body with a verifier that verifies nothing, so nobody is found who did not sign", () => {
    const stranger = { publicKey: base64(makeSigner("ed25519").spki) }
    const proposal = proposeDsse({
      ...sigstoreJsEnvelope,
      verifiers: [stranger, ...sigstoreJsEnvelope.verifiers],
    })
    const holds = proposal.claims.map((checks) => checks.map(verifyPortably).indexOf(true))
    expect(holds).toEqual([1])
    expect(codeOf(() => proposal.body(holds))).toBe("bad-signature")
  })

  it("keeps the envelope that was verified", () => {
    const kept = proposeDsse(sigstoreJsEnvelope).envelope?.()
    const { payload, payloadType, signatures } = sigstoreJsEnvelope.envelope
    expect(JSON.parse(decoder.decode(kept))).toEqual({ payload, payloadType, signatures })
  })

  const tenAndOne = Array.from({ length: 11 }, (_, i) => numbered(i))
  const key = { publicKey: SIGSTORE_JS_KEY }
  const longType = "a".repeat(257)
  it.each([
    ["no signatures", withSignatures(), "malformed"],
    ["eleven signatures", withSignatures(...tenAndOne), "too-large"],
    ["the same signature twice", withSignatures(numbered(1), numbered(1)), "malformed"],
    ["a signature that is not base64", withSignatures("MEUCIQCy*"), "malformed"],
    ["an empty signature", withSignatures(""), "malformed"],
    ["no verifiers", withVerifiers(), "malformed"],
    ["eleven verifiers", withVerifiers(...tenAndOne.map(() => key)), "too-large"],
    ["the same verifier twice", withVerifiers(key, key), "malformed"],
    ["a verifier without a key", withVerifiers({}), "malformed"],
    [
      "a verifier with two keys",
      withVerifiers({ ...key, certificate: ecdsaCertificate }),
      "malformed",
    ],
    ["an empty payload type", withEnvelope({ payloadType: "" }), "malformed"],
    ["a payload type that is too long", withEnvelope({ payloadType: longType }), "malformed"],
    ["half a character as payload type", withEnvelope({ payloadType: "\ud800" }), "malformed"],
    ["a payload with half a padding", withEnvelope({ payload: "YQ=" }), "malformed"],
    ["a payload in two alphabets", withEnvelope({ payload: "_-+/" }), "malformed"],
  ] as const)("refuses %s", (_name, request, code) => {
    expect(codeOf(() => proposeDsse(request))).toBe(code)
  })

  it("takes ten signatures and ten verifiers", () => {
    const verifiers = tenAndOne.slice(1).map(() => {
      return { publicKey: base64(makeSigner("ed25519").spki) }
    })
    const request = { ...withSignatures(...tenAndOne.slice(1)), verifiers }
    expect(proposeDsse(request).claims.map((checks) => checks.length)).toEqual(Array(10).fill(10))
  })
})

describe("dsseBody()", () => {
  it("refuses a body that no entry bundle can hold", () => {
    const held = Array.from({ length: 4 }, (_, i) => ({
      algorithm: "PKIX_ECDSA_P256_SHA_256" as const,
      signature: Uint8Array.of(i),
      key: { form: "certificate" as const, der: new Uint8Array(16_384) },
    }))
    const parts = { payloadDigest: new Uint8Array(32), signatures: held }
    expect(codeOf(() => dsseBody(parts))).toBe("too-large")
    expect(dsseBody({ ...parts, signatures: held.slice(0, 2) }).length).toBeLessThan(65_536)
  })
})
