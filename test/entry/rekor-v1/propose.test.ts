import { sign } from "node:crypto"
import { describe, expect, it } from "vitest"
import { formatPem, type Pem } from "../../../src/core/base/pem.ts"
import { formatHex, parseBase64 } from "../../../src/core/base/text.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import type { Algorithm, KeyType } from "../../../src/entry/algorithm.ts"
import type { Proposal } from "../../../src/entry/entry.ts"
import { proposeRekorV1 } from "../../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { createVerifierKeyCache } from "../../../src/entry/verifier-key.ts"
import { COSIGN_KEY } from "../recorded.ts"
import { codeOf, refusalOf } from "../refusals.ts"
import { base64, hashOf, makeSigner, signMessage } from "../signers.ts"
import { authorityCertificate, namelessCertificate, workflowCertificate } from "./certificates.ts"
import { cosign3Blob, pemOf, recordedV1, toBase64 } from "./recorded.ts"

const decoder = new TextDecoder()

function leafHashOf({ claims, body }: Proposal): string {
  return formatHex(portableHasher.leaf(body(claims.map(() => 0))))
}

function bodyText(value: unknown): string {
  return decoder.decode(proposeRekorV1(value).body([0]))
}

function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(reversed)
  const members = Object.entries(value).toReversed()
  return Object.fromEntries(members.map(([name, member]) => [name, reversed(member)]))
}

/** The recorded blob with other members; a `null` takes one away as a client would. */
function blob(change: { algorithm?: unknown; value?: unknown; content?: unknown; key?: unknown }) {
  const { hash } = cosign3Blob.spec.data
  const { content, publicKey } = cosign3Blob.spec.signature
  const all = { ...hash, content, key: publicKey.content, ...change }
  return {
    ...cosign3Blob,
    spec: {
      data: { hash: { algorithm: all.algorithm, value: all.value } },
      signature: { content: all.content, publicKey: { content: all.key } },
    },
  }
}

const K1 = parseBase64(COSIGN_KEY, "key")
const canonicalPem = formatPem({ label: "PUBLIC KEY", der: K1 })
const certificatePem = (text: string) =>
  formatPem({ label: "CERTIFICATE", der: parseBase64(text, "certificate") })

describe("proposeRekorV1()", () => {
  it.each(recordedV1)("makes the body that Rekor makes of $name", ({ request, leafHash }) => {
    expect(leafHashOf(proposeRekorV1(request))).toBe(leafHash)
  })

  it.each(recordedV1)("gives checks that hold for $name", ({ request }) => {
    const { claims, kind, version } = proposeRekorV1(request)
    expect(claims.map((checks) => checks.map(verifyPortably))).toEqual([[true]])
    expect([kind, version]).toEqual([request.kind, request.apiVersion])
  })

  it.each(recordedV1)("does not look at the order of members in $name", ({ request, leafHash }) => {
    expect(leafHashOf(proposeRekorV1(reversed(request)))).toBe(leafHash)
  })

  it.each(recordedV1)("gives the same with a cache of keys, twice, for $name", (recorded) => {
    const readKey = createVerifierKeyCache(10)
    for (let i = 0; i < 2; i++) {
      expect(leafHashOf(proposeRekorV1(recorded.request, { readKey }))).toBe(recorded.leafHash)
    }
  })

  it.each([
    ["a member that is not in the schema", { ...cosign3Blob, extra: 1 }, "malformed"],
    ["no kind", { ...cosign3Blob, kind: null }, "malformed"],
    ["no version", { apiVersion: null, kind: "dsse", spec: {} }, "malformed"],
    ["no spec", { ...cosign3Blob, spec: null }, "malformed"],
    ["a list", [cosign3Blob], "malformed"],
    ["a text", "hashedrekord", "malformed"],
    ["nothing", undefined, "malformed"],
    ["a kind of Rekor that is not taken", { ...cosign3Blob, kind: "jar" }, "unsupported"],
    ["a version of Rekor v2", { ...cosign3Blob, apiVersion: "0.0.2" }, "unsupported"],
    ["a member of Object as kind", { ...cosign3Blob, kind: "toString" }, "unsupported"],
  ] as const)("refuses %s", (_name, value, code) => {
    expect(codeOf(() => proposeRekorV1(value))).toBe(code)
  })

  it("lets unknown members inside of spec pass, as Rekor does", () => {
    const { spec } = cosign3Blob
    const value = { ...cosign3Blob, spec: { ...spec, extraData: { a: [1] } } }
    expect(leafHashOf(proposeRekorV1(value))).toBe(recordedV1[0].leafHash)
  })
})

describe("hashedrekord 0.0.1", () => {
  const sha512 = "ab".repeat(64)
  it.each([
    ["missing signature", blob({ content: null })],
    ["missing signature", blob({ content: "" })],
    ["missing signature", { ...cosign3Blob, spec: { data: cosign3Blob.spec.data } }],
    ["missing public key", blob({ key: null })],
    ["missing public key", blob({ key: "" })],
    ["missing data", { ...cosign3Blob, spec: { ...cosign3Blob.spec, data: null } }],
    ["missing hash", { ...cosign3Blob, spec: { ...cosign3Blob.spec, data: { hash: null } } }],
    ["missing hash value", blob({ value: null })],
    ["missing hash value", blob({ value: "" })],
    ["invalid value for hash", blob({ value: sha512 })],
    ["invalid value for hash", blob({ value: "x".repeat(64) })],
    ["invalid value for hash", blob({ value: `${cosign3Blob.spec.data.hash.value.slice(1)}\n` })],
    ["hash algorithm: expected sha256, sha384 or sha512", blob({ algorithm: "sha1" })],
    ["hash algorithm", blob({ algorithm: null })],
    ["entry algorithms are not allowed", blob({ algorithm: "sha512", value: sha512 })],
    ["failed parsing base64 data for signature content", blob({ content: "MEQCIGzWaI=" })],
    ["failed parsing base64 data for signature content", blob({ content: "_-+/" })],
    ["failed parsing base64 data for public key content", blob({ key: "_-+/" })],
    ["invalid public key", blob({ key: base64(K1) })],
    ["invalid public key", blob({ key: toBase64("no PEM") })],
    ["signature content: expected a string, found a number", blob({ content: 5 })],
  ] as const)("refuses in Rekor's words: %s", (reason, value) => {
    expect(refusalOf(() => proposeRekorV1(value)).message).toContain(reason)
  })

  it("takes only the algorithms of the allow-list", () => {
    const algorithms = new Set<Algorithm>(["PKIX_ED25519_PH"])
    const refusal = refusalOf(() => proposeRekorV1(cosign3Blob, { algorithms }))
    expect(refusal.code).toBe("unsupported")
    expect(refusal.message).toContain("entry algorithms are not allowed")
  })

  it("keeps a hash in upper case as it was sent and finds it in lower case", () => {
    const { value } = cosign3Blob.spec.data.hash
    const proposal = proposeRekorV1(blob({ value: value.toUpperCase() }))
    expect(decoder.decode(proposal.body([0]))).toContain(`"value":"${value.toUpperCase()}"`)
    expect(proposal.terms).toContainEqual({ name: "digest", value: `sha256:${value}` })
    expect(proposal.claims.flat().map(verifyPortably)).toEqual([true])
  })

  const keyTypes: readonly [KeyType, Algorithm][] = [
    ["ecdsa-p256", "PKIX_ECDSA_P256_SHA_256"],
    ["ecdsa-p384", "PKIX_ECDSA_P384_SHA_384"],
    ["ecdsa-p521", "PKIX_ECDSA_P521_SHA_512"],
    ["rsa-2048", "PKIX_RSA_PKCS1V15_2048_SHA256"],
    ["ed25519", "PKIX_ED25519_PH"],
  ]
  it.each(keyTypes)("takes a key of type %s, signing as %s", (keyType, algorithm) => {
    const signer = makeSigner(keyType)
    const message = new TextEncoder().encode("an artifact")
    const digest = hashOf(algorithm, message)
    const value = {
      ...cosign3Blob,
      spec: {
        data: { hash: { algorithm: `sha${digest.length * 8}`, value: formatHex(digest) } },
        signature: {
          content: base64(signMessage(signer, algorithm, message)),
          publicKey: { content: pemOf(base64(signer.spki)) },
        },
      },
    }
    const checks = proposeRekorV1(value).claims.flat()
    expect(checks.map((check) => check.algorithm)).toEqual([algorithm])
    expect(checks.map(verifyPortably)).toEqual([true])
  })

  it("does not take a plain Ed25519 signature over the digest for Ed25519ph", () => {
    const signer = makeSigner("ed25519")
    const digest = hashOf("PKIX_ED25519_PH", new TextEncoder().encode("an artifact"))
    const value = blob({
      algorithm: "sha512",
      value: formatHex(digest),
      content: base64(sign(null, digest, signer.privateKey)),
      key: pemOf(base64(signer.spki)),
    })
    expect(proposeRekorV1(value).claims.flat().map(verifyPortably)).toEqual([false])
  })
})

describe("the verifier key of Rekor v1", () => {
  const base64Text = base64(K1)
  it.each([
    ["without a final newline", canonicalPem.trimEnd()],
    ["with CR LF", canonicalPem.replaceAll("\n", "\r\n")],
    ["with white space around it", `\n \n${canonicalPem}\n\n\t`],
    ["on one line", `-----BEGIN PUBLIC KEY-----\n${base64Text}\n-----END PUBLIC KEY-----\n`],
    [
      "in lines of 10",
      `-----BEGIN PUBLIC KEY-----\n${base64Text.replaceAll(/(.{10})/g, "$1 \n")}\n-----END PUBLIC KEY-----`,
    ],
  ])("is written canonically when it comes %s", (_name, pem) => {
    expect(bodyText(blob({ key: toBase64(pem) }))).toBe(bodyText(cosign3Blob))
  })

  it("is a certificate with its chain, whose leaf verifies", () => {
    const chain = `${certificatePem(workflowCertificate)}${certificatePem(authorityCertificate)}`
    const messy = chain.replaceAll("\n", "\r\n")
    const proposal = proposeRekorV1(blob({ key: toBase64(`Bag Attributes\n${messy}\nissuer=\n`) }))
    expect(decoder.decode(proposal.body([0]))).toContain(
      `"publicKey":{"content":"${toBase64(chain)}"}`,
    )
    const alone = proposeRekorV1(blob({ key: toBase64(certificatePem(workflowCertificate)) }))
    expect(proposal.claims[0]?.[0]?.spki).toEqual(alone.claims[0]?.[0]?.spki)
    expect(proposal.body([0])).not.toEqual(alone.body([0]))
  })

  const many = (count: number) => toBase64(certificatePem(namelessCertificate).repeat(count))
  const labelled = (label: string, der = K1) => toBase64(formatPem({ label, der } satisfies Pem))
  it.each([
    ["eleven certificates", many(11), "too-large"],
    ["text without end", toBase64(" ".repeat(60_000)), "too-large"],
    ["PEM without end", toBase64(canonicalPem.repeat(200)), "too-large"],
    ["two public keys", toBase64(canonicalPem + canonicalPem), "malformed"],
    [
      "a key behind a certificate",
      toBase64(certificatePem(namelessCertificate) + canonicalPem),
      "malformed",
    ],
    [
      "a certificate behind a key",
      toBase64(canonicalPem + certificatePem(namelessCertificate)),
      "malformed",
    ],
    ["a private key", labelled("PRIVATE KEY"), "malformed"],
    [
      "a certificate under a key's name",
      labelled("PUBLIC KEY", parseBase64(namelessCertificate, "")),
      "malformed",
    ],
    ["a key under a certificate's name", labelled("CERTIFICATE"), "malformed"],
    [
      "an issuer that is no certificate",
      toBase64(certificatePem(namelessCertificate) + certificatePem(COSIGN_KEY)),
      "malformed",
    ],
    ["text before it on its line", toBase64(`Key: ${canonicalPem}`), "malformed"],
    ["text after it on its line", toBase64(`${canonicalPem.trimEnd()}Key`), "malformed"],
    [
      "another name at its end",
      toBase64(canonicalPem.replace("END PUBLIC", "END PRIVATE")),
      "malformed",
    ],
    [
      "an empty block",
      toBase64("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"),
      "malformed",
    ],
    ["bytes that are not text", base64(Uint8Array.of(255, 254)), "malformed"],
  ] as const)("is not %s", (_name, key, code) => {
    expect(codeOf(() => proposeRekorV1(blob({ key })))).toBe(code)
  })

  it("may be ten certificates", () => {
    expect(bodyText(blob({ key: many(10) })).length).toBeGreaterThan(5000)
  })
})
