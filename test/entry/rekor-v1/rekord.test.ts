import { createHash } from "node:crypto"
import { afterAll, describe, expect, it } from "vitest"
import { createNativeVerifier } from "../../../src/crypto/engines/native.ts"
import { createPortableVerifier } from "../../../src/crypto/engines/portable.ts"
import type { KeyType } from "../../../src/entry/algorithm.ts"
import type { SignatureCheck } from "../../../src/entry/entry.ts"
import { proposeRekorV1 } from "../../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { refusalOf } from "../refusals.ts"
import { base64, makeSigner, signMessage } from "../signers.ts"
import { pemOf } from "./recorded.ts"
import { signSha256 } from "./signing.ts"

const decoder = new TextDecoder()
const artifact = new TextEncoder().encode("an artifact")
const artifactHash = createHash("sha256").update(artifact).digest("hex")

const signer = makeSigner("ecdsa-p256")
const signature = base64(signSha256(signer, artifact))
const key = pemOf(base64(signer.spki))

function rekord(data: object = {}, signatureChange: object = {}) {
  return {
    apiVersion: "0.0.1",
    spec: {
      data: { content: base64(artifact), ...data },
      signature: {
        format: "x509",
        content: signature,
        publicKey: { content: key },
        ...signatureChange,
      },
    },
    kind: "rekord",
  }
}

describe("rekord 0.0.1", () => {
  it("keeps the digest of the artifact instead of the artifact", () => {
    const body =
      `{"apiVersion":"0.0.1","kind":"rekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"${artifactHash}"}},` +
      `"signature":{"content":"${signature}","format":"x509","publicKey":{"content":"${key}"}}}}`
    const hash = { algorithm: "sha256", value: artifactHash }
    for (const value of [rekord(), rekord({ hash }), rekord({ hash: null })]) {
      expect(decoder.decode(proposeRekorV1(value).body([0]))).toBe(body)
    }
    const { terms, kind, version } = proposeRekorV1(rekord())
    expect([kind, version]).toEqual(["rekord", "0.0.1"])
    expect(terms).toContainEqual({ name: "digest", value: `sha256:${artifactHash}` })
  })

  it("takes the SHA-256 of the platform", () => {
    const sha256 = () => new Uint8Array(32)
    const body = proposeRekorV1(rekord(), { sha256 }).body([0])
    expect(decoder.decode(body)).toContain(`"value":"${"00".repeat(32)}"`)
  })

  it("takes only the algorithms of the allow-list", () => {
    const refusal = refusalOf(() =>
      proposeRekorV1(rekord(), { algorithms: new Set(["PKIX_ED25519"] as const) }),
    )
    expect(refusal.code).toBe("unsupported")
    expect(refusal.message).toContain("entry algorithms are not allowed")
    const algorithms = new Set(["PKIX_ECDSA_P256_SHA_256"] as const)
    expect(proposeRekorV1(rekord(), { algorithms }).kind).toBe("rekord")
  })

  const upper = artifactHash.toUpperCase()
  it.each([
    ["SHA mismatch", rekord({ hash: { algorithm: "sha256", value: "00".repeat(32) } })],
    ["SHA mismatch", rekord({ hash: { algorithm: "sha256", value: upper } })],
    ["invalid value for hash", rekord({ hash: { algorithm: "sha256", value: "00" } })],
    [
      "hash algorithm: expected sha256, found sha512",
      rekord({ hash: { algorithm: "sha512", value: "00".repeat(64) } }),
    ],
    ["'content' must be specified for data", rekord({ content: null })],
    ["'content' must be specified for data", rekord({ content: "" })],
    ["failed parsing base64 data for data content", rekord({ content: "QQ=" })],
    ["missing signature format", rekord({}, { format: null })],
    ['signature format: expected "x509", found "pgp"', rekord({}, { format: "pgp" })],
    ["missing signature", rekord({}, { content: null })],
    ["missing public key", rekord({}, { publicKey: null })],
    ["missing public key", rekord({}, { publicKey: { content: "" } })],
    ["missing signature", { ...rekord(), spec: { data: { content: "QQ==" } } }],
    ["missing data", { ...rekord(), spec: { ...rekord().spec, data: null } }],
  ])("refuses in Rekor's words: %s", (reason, value) => {
    expect(refusalOf(() => proposeRekorV1(value)).message).toContain(reason)
  })
})

describe("a message that is hashed with SHA-256", async () => {
  const native = await createNativeVerifier()
  const portable = createPortableVerifier(1)
  afterAll(() => Promise.all([native.close(), portable.close()]))

  const keyTypes: readonly KeyType[] = [
    "ecdsa-p256",
    "ecdsa-p384",
    "ecdsa-p521",
    "rsa-2048",
    "ed25519",
  ]
  it.each(keyTypes)("verifies in both engines under %s, and only so", async (keyType) => {
    const own = makeSigner(keyType)
    const change = { publicKey: { content: pemOf(base64(own.spki)) } }
    const checkOf = (bytes: Uint8Array): SignatureCheck => {
      const { claims } = proposeRekorV1(rekord({}, { ...change, content: base64(bytes) }))
      return claims[0]?.[0] as SignatureCheck
    }
    const check = checkOf(signSha256(own, artifact))
    const { hash } = check.signed as { hash?: string }
    expect(hash).toBe("sha256")
    const ownHash = checkOf(signMessage(own, check.algorithm, artifact))
    const other = { ...check, signed: { form: "message", message: artifact.slice(1) } } as const
    const isSha256 = keyType !== "ecdsa-p384" && keyType !== "ecdsa-p521"
    for (const { verify } of [native, portable]) {
      expect(await verify(check)).toBe(true)
      expect(await verify(ownHash)).toBe(isSha256)
      expect(await verify(other)).toBe(false)
    }
    expect([check, ownHash, other].map(verifyPortably)).toEqual([true, isSha256, false])
  })
})
