import { createPublicKey } from "node:crypto"
import { expect, test } from "vitest"
import { formatPem } from "../../src/core/base/pem.ts"
import { formatBase64 } from "../../src/core/base/text.ts"
import type { SignatureCheck } from "../../src/entry/entry.ts"
import { hashedrekordV001 } from "../../src/entry/kinds/hashedrekord-v001.ts"
import { proposeEntry } from "../../src/entry/kinds/request.ts"
import { refuseSignature } from "../../src/entry/signature.ts"

const digest = { form: "digest", digest: new Uint8Array(32) } as const
const message = { form: "message", message: new Uint8Array(0) } as const
const check = (algorithm: SignatureCheck["algorithm"], length: number): SignatureCheck => ({
  ...{ algorithm, spki: new Uint8Array(0), signature: new Uint8Array(length) },
  signed: digest,
})
const p256 = check("PKIX_ECDSA_P256_SHA_256", 64)
const ed25519ph = check("PKIX_ED25519_PH", 64)
const der = Uint8Array.of(0x30, 62, ...new Uint8Array(62))

test.each([
  ["of 64 bytes under P-256 is named as r and s", [p256], "malformed", /ASN\.1 DER.*64 bytes/],
  [
    "of 132 bytes under P-521 is named as r and s",
    [check("PKIX_ECDSA_P521_SHA_512", 132)],
    "malformed",
    /P1363/,
  ],
  [
    "of 64 bytes that are DER is a false one",
    [{ ...p256, signature: der }],
    "bad-signature",
    /found 64 other bytes$/,
  ],
  [
    "of 63 bytes is a false one",
    [check("PKIX_ECDSA_P256_SHA_256", 63)],
    "bad-signature",
    /63 other bytes$/,
  ],
  ["over a digest under Ed25519 names Ed25519ph", [ed25519ph], "bad-signature", /Ed25519ph/],
  [
    "over a message under Ed25519 is a false one",
    [{ ...ed25519ph, algorithm: "PKIX_ED25519", signed: message }],
    "bad-signature",
    /key$/,
  ],
  ["under one of two keys is a false one", [p256, ed25519ph], "bad-signature", /key$/],
] as const)("a refused signature %s", (_name, checks, code, words) => {
  expect(() => refuseSignature("the signature", checks)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(words) }),
  )
})

test("an RSA key that is too long is refused for its length, and not for that of its signature", () => {
  const n = Buffer.alloc(1024, 0xff).toString("base64url")
  const key = createPublicKey({ key: { kty: "RSA", n, e: "AQAB" }, format: "jwk" })
  const spki = key.export({ type: "spki", format: "der" })
  const signature = formatBase64(new Uint8Array(1024))
  const expected = expect.objectContaining({
    code: "unsupported",
    message: expect.stringMatching(/RSA of 2048, 3072 or 4096 bits.* found .*8192 bits/),
  })
  const native = { kind: "hashedrekord", digest: `sha256:${"0".repeat(64)}`, signature } as const
  expect(() => proposeEntry({ ...native, publicKey: formatBase64(spki) })).toThrow(expected)
  const content = Buffer.from(formatPem({ label: "PUBLIC KEY", der: spki })).toString("base64")
  const spec = { signature: { content: signature, publicKey: { content } }, data: { hash: {} } }
  expect(() => hashedrekordV001.rekorV1.propose(spec, {})).toThrow(expected)
})
