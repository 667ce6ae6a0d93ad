import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { formatTrustedRoot, parseTrustedRoot } from "../../src/sigstore/trusted-root.ts"
import { base64, makeSigner } from "../entry/signers.ts"
import { sha256 } from "../reference.ts"
import { expectRefusal, valueOrRefusal } from "../refusals.ts"

const { spki } = makeSigner("ecdsa-p256")
const validFrom = new Date("2026-01-02T03:04:05Z")
const text = formatTrustedRoot([{ baseUrl: "https://log.example:8443/rekor", spki, validFrom }])

function changed(change: (log: Record<string, unknown>) => object): string {
  const root = JSON.parse(text)
  return JSON.stringify({ ...root, tlogs: [change(root.tlogs[0])] })
}

describe("formatTrustedRoot()", () => {
  it("writes what Sigstore's clients demand of a log", () => {
    expect(JSON.parse(text)).toEqual({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [
        {
          baseUrl: "https://log.example:8443/rekor",
          hashAlgorithm: "SHA2_256",
          publicKey: {
            rawBytes: base64(spki),
            keyDetails: "PKIX_ECDSA_P256_SHA_256",
            validFor: { start: "2026-01-02T03:04:05.000Z" },
          },
          logId: { keyId: base64(sha256(spki)) },
        },
      ],
      certificateAuthorities: [],
      ctlogs: [],
      timestampAuthorities: [],
    })
  })

  it("begins with the whole second, so that no entry of version 1 is older than the key", () => {
    const late = new Date("2026-01-02T03:04:05.999Z")
    const root = formatTrustedRoot([{ baseUrl: "https://log.example", spki, validFrom: late }])
    expect(parseTrustedRoot(root)[0]?.validFrom).toEqual(validFrom)
  })

  it("refuses a key that cannot sign checkpoints and a URL that is none", () => {
    const rsa = makeSigner("rsa-2048").spki
    expectRefusal("unsupported", () =>
      formatTrustedRoot([{ baseUrl: "https://log.example", spki: rsa, validFrom }]),
    )
    expectRefusal("malformed", () => formatTrustedRoot([{ baseUrl: "log", spki, validFrom }]))
  })
})

describe("parseTrustedRoot()", () => {
  it("pins the host name of the URL, the key and its ID", () => {
    const [log] = parseTrustedRoot(text)
    expect(log).toMatchObject({ origin: "log.example", spki, logId: sha256(spki) })
    expect(log?.vkey).toMatchObject({ name: "log.example", type: 2 })
  })

  it("reads Ed25519 logs under the ID that covers the origin", () => {
    const key = makeSigner("ed25519").spki
    const baseUrl = "https://log.example"
    const [log] = parseTrustedRoot(formatTrustedRoot([{ baseUrl, spki: key, validFrom }]))
    const expected = sha256(utf8("log.example\n"), Uint8Array.of(1), key.subarray(-32))
    expect(log?.logId).toEqual(expected)
    expect(log?.vkey.type).toBe(1)
  })

  it("reads the window of the key, and what is not said of it as not said", () => {
    const window = (validFor: unknown) =>
      parseTrustedRoot(
        changed((log) => ({ ...log, publicKey: { ...(log["publicKey"] as object), validFor } })),
      )[0]
    const [start, end] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00.5Z"]
    expect(window({ start, end })).toMatchObject({
      validFrom: new Date(start),
      validUntil: new Date(end),
    })
    for (const nothing of [undefined, null, {}, { start: null, end: null }]) {
      expect(window(nothing)).toMatchObject({ validFrom: undefined, validUntil: undefined })
    }
    expectRefusal("malformed", () => window({ start, end: "soon" }))
  })

  it("reads the key's ID for checkpoints beside the log's ID or in its place", () => {
    const key = makeSigner("ed25519").spki
    const own = formatTrustedRoot([{ baseUrl: "https://log.example", spki: key, validFrom }])
    const v2 = sha256(utf8("log.example\n"), Uint8Array.of(1), key.subarray(-32))
    const read = (ids: object) => {
      const root = JSON.parse(own)
      return parseTrustedRoot(JSON.stringify({ ...root, tlogs: [{ ...root.tlogs[0], ...ids }] }))[0]
    }
    const id = (bytes: Uint8Array) => ({ keyId: base64(bytes) })
    expect(read({ logId: id(sha256(key)), checkpointKeyId: id(v2) })?.logId).toEqual(sha256(key))
    expect(read({ logId: null, checkpointKeyId: id(v2) })?.logId).toEqual(v2)
    expect(read({ logId: null, checkpointKeyId: id(v2.subarray(0, 4)) })?.logId).toEqual(v2)
    expect(read({ checkpointKeyId: null })?.logId).toEqual(v2)
    expectRefusal("malformed", () => read({ logId: null }))
    expectRefusal("malformed", () => read({ logId: id(v2.subarray(0, 4)) }))
    expectRefusal("malformed", () => read({ checkpointKeyId: id(v2.subarray(0, 3)) }))
    expectRefusal("malformed", () => read({ checkpointKeyId: id(sha256()) }))
  })

  it("passes over what it does not need and logs with RSA keys", () => {
    const root = JSON.parse(text)
    const rsa = makeSigner("rsa-2048").spki
    const other = { ...root.tlogs[0], publicKey: { rawBytes: base64(rsa) } }
    const more = { ...root, tlogs: [other, { ...root.tlogs[0], operator: "x" }], signingConfig: {} }
    expect(parseTrustedRoot(JSON.stringify(more))).toHaveLength(1)
    expectRefusal("unsupported", () =>
      parseTrustedRoot(JSON.stringify({ ...root, tlogs: [other] })),
    )
  })

  it.each([
    ["another media type", text.replace("trustedroot+json", "root+json"), "unsupported"],
    ["another hash", changed((log) => ({ ...log, hashAlgorithm: "SHA2_512" })), "unsupported"],
    [
      "an ID of another key",
      changed((log) => ({ ...log, logId: { keyId: base64(sha256()) } })),
      "malformed",
    ],
    ["no URL", changed(({ baseUrl: _, ...log }) => log), "malformed"],
    ["a URL without a host", changed((log) => ({ ...log, baseUrl: "file:///x" })), "malformed"],
    [
      "a key of no kind",
      changed((log) => ({ ...log, publicKey: { rawBytes: "AAAA" } })),
      "unsupported",
    ],
    ["no logs", JSON.stringify({ ...JSON.parse(text), tlogs: [] }), "unsupported"],
    ["33 logs", JSON.stringify({ ...JSON.parse(text), tlogs: Array(33).fill(0) }), "too-large"],
    ["more than 1 MiB", " ".repeat(1_048_577), "too-large"],
  ] as const)("refuses %s", (_name, root, code) => {
    expectRefusal(code, () => parseTrustedRoot(root))
  })

  it("is total: any text is read or refused", () => {
    const log = JSON.parse(text).tlogs[0]
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom("baseUrl", "hashAlgorithm", "publicKey", "logId", "x"),
          fc.oneof(fc.jsonValue(), fc.webUrl()),
        ),
        (change) => {
          const root = { ...JSON.parse(text), tlogs: [{ ...log, ...change }] }
          valueOrRefusal(() => parseTrustedRoot(JSON.stringify(root)))
        },
      ),
      { numRuns: 150 },
    )
  })
})
