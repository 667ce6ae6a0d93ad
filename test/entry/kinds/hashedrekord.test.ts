import { describe, expect, it } from "vitest"
import { parseBase64, parseHex } from "../../../src/core/base/text.ts"
import {
  type HashedrekordRequest,
  hashedrekordBody,
  proposeHashedrekord,
} from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { ecdsaCertificate } from "../certificates.ts"
import { COSIGN_KEY, cosignBlob } from "../recorded.ts"
import { codeOf, refusalOf } from "../refusals.ts"
import { base64, makeSigner } from "../signers.ts"

const decoder = new TextDecoder()
const { publicKey: _, ...withoutKey } = cosignBlob
const hex = cosignBlob.digest.slice("sha256:".length)

function changed(change: Partial<HashedrekordRequest>): HashedrekordRequest {
  return { ...cosignBlob, ...change }
}

describe("proposeHashedrekord()", () => {
  it("writes the body of Rekor v2 byte for byte", () => {
    const body = decoder.decode(proposeHashedrekord(cosignBlob).body([0]))
    expect(body).toBe(
      '{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256",' +
        '"digest":"McBfrQ/2Zaf8gOvkf1K55enEflhrKnEtdugVR1pyv0w="},"signature":{"content":"' +
        `${cosignBlob.signature}","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${COSIGN_KEY}"}}}}}}`,
    )
  })

  it("passes a certificate through as x509Certificate", () => {
    const proposal = proposeHashedrekord({ ...withoutKey, certificate: ecdsaCertificate })
    expect(decoder.decode(proposal.body([0]))).toContain(
      `"verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"${ecdsaCertificate}"}}`,
    )
  })

  it("rebuilds the body from the parts that a verifier has", () => {
    const body = hashedrekordBody({
      algorithm: "PKIX_ECDSA_P256_SHA_256",
      digest: parseHex(hex, "digest"),
      signature: parseBase64(cosignBlob.signature, "signature"),
      key: { form: "publicKey", der: parseBase64(COSIGN_KEY, "key") },
    })
    expect(body).toEqual(proposeHashedrekord(cosignBlob).body([0]))
  })

  const longSignature = base64(new Uint8Array(1024))
  it.each([
    ["a digest of a hash that is none", changed({ digest: `sha257:${hex}` }), "malformed"],
    ["a digest that is too short", changed({ digest: `sha256:${hex.slice(2)}` }), "malformed"],
    ["a digest that is too long", changed({ digest: `sha256:${hex}00` }), "malformed"],
    ["half a byte of digest", changed({ digest: `sha256:${hex}0` }), "malformed"],
    ["a newline within the digest", changed({ digest: `sha256:\n${hex}` }), "malformed"],
    ["a hash that is not supported", changed({ digest: `sha1:${hex}` }), "malformed"],
    ["a digest of another hash", changed({ digest: `sha512:${hex}${hex}` }), "unsupported"],
    ["no signature", changed({ signature: "" }), "malformed"],
    ["a signature with half a padding", changed({ signature: "MEQCIGzWaI=" }), "malformed"],
    ["a signature in two alphabets", changed({ signature: "_-+/" }), "malformed"],
    [
      "a space in the signature",
      changed({ signature: cosignBlob.signature.replace("M", "M ") }),
      "malformed",
    ],
    ["bits behind the signature's last byte", changed({ signature: "MEQ/" + "MF==" }), "malformed"],
    ["a signature that is too long", changed({ signature: longSignature }), "too-large"],
    ["no key", withoutKey, "malformed"],
    ["two keys", changed({ certificate: ecdsaCertificate }), "malformed"],
  ] as const)("refuses %s", (_name, request, code) => {
    expect(codeOf(() => proposeHashedrekord(request))).toBe(code)
  })

  it("says which hash a key needs", () => {
    const signer = makeSigner("ecdsa-p384")
    const request = changed({ publicKey: base64(signer.spki) })
    const { message } = refusalOf(() => proposeHashedrekord(request))
    expect(message).toContain("expected sha384 for a key of type ecdsa-p384, found sha256")
  })
})
