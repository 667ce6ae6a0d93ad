import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { LONGEST_BUNDLE } from "../../src/core/base/limits.ts"
import { parseHex } from "../../src/core/base/text.ts"
import { formatSigstoreBundle, parseSigstoreBundle } from "../../src/sigstore/bundle.ts"
import { base64 } from "../entry/signers.ts"
import { sha256 } from "../reference.ts"
import { expectRefusal, valueOrRefusal } from "../refusals.ts"

const hash = base64(sha256(utf8("hash")))
const bytes = base64(utf8("bytes"))

const logEntry = {
  logIndex: "7",
  logId: { keyId: hash },
  kindVersion: { kind: "hashedrekord", version: "0.0.2" },
  integratedTime: "0",
  inclusionProof: {
    logIndex: "7",
    rootHash: hash,
    treeSize: "8",
    hashes: [hash, hash, hash],
    checkpoint: { envelope: "a\n8\nb\n\n— a c\n" },
  },
  canonicalizedBody: bytes,
}

const messageSignature = {
  messageDigest: { algorithm: "SHA2_256", digest: hash },
  signature: bytes,
}

const dsseEnvelope = {
  payload: bytes,
  payloadType: "text/plain",
  signatures: [{ sig: bytes, keyid: "k" }],
}

function bundle(material: object = {}, rest: object = { messageSignature }): object {
  return {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: "h" }, tlogEntries: [logEntry], ...material },
    ...rest,
  }
}

function parse(value: object) {
  return parseSigstoreBundle(JSON.stringify(value))
}

describe("formatSigstoreBundle()", () => {
  it("gives back byte for byte what parseSigstoreBundle() read, in all forms", () => {
    const certificate = { publicKey: undefined, certificate: { rawBytes: bytes } }
    const plain = { messageSignature: { signature: bytes } }
    for (const value of [
      bundle(),
      bundle(certificate),
      bundle({}, { dsseEnvelope }),
      bundle({}, { dsseEnvelope: { ...dsseEnvelope, signatures: [{ sig: bytes }] } }),
      bundle({}, plain),
      bundle({ tlogEntries: [logEntry, logEntry] }),
    ]) {
      const text = JSON.stringify(value)
      // The certificate takes the place of the hint, so the order of the members differs only there.
      expect(JSON.parse(formatSigstoreBundle(parseSigstoreBundle(text)))).toEqual(JSON.parse(text))
    }
    const text = JSON.stringify(bundle())
    expect(formatSigstoreBundle(parseSigstoreBundle(text))).toBe(text)
  })

  it("writes version 0.3 with integers as strings and no promise", () => {
    const text = formatSigstoreBundle(parse(bundle()))
    expect(text).toContain('"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"')
    expect(text).toContain('"logIndex":"7"')
    expect(text).toContain('"integratedTime":"0"')
    expect(text).not.toContain("inclusionPromise")
  })
})

describe("parseSigstoreBundle()", () => {
  it("reads the older versions with what they have besides", () => {
    const certificates = [{ rawBytes: bytes }, { rawBytes: hash }]
    for (const version of ["0.1", "0.2"]) {
      const value = {
        ...bundle({
          publicKey: undefined,
          x509CertificateChain: { certificates },
          tlogEntries: [
            {
              ...logEntry,
              integratedTime: "1700000000",
              inclusionPromise: { signedEntryTimestamp: bytes },
            },
          ],
          timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: bytes }] },
        }),
        mediaType: `application/vnd.dev.sigstore.bundle+json;version=${version}`,
      }
      const { verifier, entries, timestamps, ...read } = parse(value)
      const chain = [Uint8Array.from(Buffer.from(hash, "base64"))]
      expect(verifier).toEqual({ form: "certificate", der: utf8("bytes"), chain })
      expect(entries[0]).toMatchObject({ integratedTime: 1_700_000_000, promise: utf8("bytes") })
      expect(timestamps).toEqual([utf8("bytes")])
      expect(read.version).toBe(version)
      const written = formatSigstoreBundle(parse(value))
      expect(parseSigstoreBundle(written)).toEqual(parse(value))
      const newer = value.mediaType.replace(/0\..$/, "0.3")
      expectRefusal("malformed", () => parse({ ...value, mediaType: newer }))
    }
  })

  it("reads what writers of protobuf JSON leave out as zero or empty, and null as absent", () => {
    const { logIndex: _, integratedTime: __, ...entry } = logEntry
    const { logIndex: ___, hashes: ____, ...inclusionProof } = logEntry.inclusionProof
    const tlogEntries = [{ ...entry, inclusionProof, inclusionPromise: null }]
    const material = { tlogEntries, publicKey: {}, certificate: null }
    const { entries, verifier } = parse(bundle({ ...material, timestampVerificationData: {} }))
    expect(entries[0]?.index).toBe(0)
    expect(entries[0]?.proof).toMatchObject({ index: 0, size: 8, hashes: [] })
    expect(verifier).toEqual({ form: "hint", hint: "" })
  })

  it.each([
    ["another media type", { ...bundle(), mediaType: "application/json" }, "unsupported"],
    ["an unknown member", { ...bundle(), extra: 1 }, "malformed"],
    ["both contents", bundle({}, { messageSignature, dsseEnvelope }), "malformed"],
    ["no content", bundle({}, {}), "malformed"],
    ["both keys", bundle({ certificate: { rawBytes: bytes } }), "malformed"],
    ["no key", bundle({ publicKey: undefined }), "malformed"],
    ["33 entries", bundle({ tlogEntries: Array(33).fill(logEntry) }), "too-large"],
    [
      "33 timestamps",
      bundle({
        timestampVerificationData: {
          rfc3161Timestamps: Array(33).fill({ signedTimestamp: bytes }),
        },
      }),
      "too-large",
    ],
    [
      "two signatures",
      bundle(
        {},
        { dsseEnvelope: { ...dsseEnvelope, signatures: [{ sig: bytes }, { sig: bytes }] } },
      ),
      "too-large",
    ],
    [
      "no signature",
      bundle({}, { dsseEnvelope: { ...dsseEnvelope, signatures: [] } }),
      "malformed",
    ],
    [
      "another hash",
      bundle(
        {},
        {
          messageSignature: {
            signature: bytes,
            messageDigest: { algorithm: "SHA1", digest: hash },
          },
        },
      ),
      "unsupported",
    ],
    [
      "a short log ID",
      bundle({ tlogEntries: [{ ...logEntry, logId: { keyId: bytes } }] }),
      "malformed",
    ],
    ["a negative index", bundle({ tlogEntries: [{ ...logEntry, logIndex: "-1" }] }), "malformed"],
    [
      "an index of 2^53",
      bundle({ tlogEntries: [{ ...logEntry, logIndex: "9007199254740992" }] }),
      "malformed",
    ],
    ["a padded index", bundle({ tlogEntries: [{ ...logEntry, logIndex: "07" }] }), "malformed"],
    [
      "base64 of two alphabets",
      bundle({ tlogEntries: [{ ...logEntry, canonicalizedBody: "_/8=" }] }),
      "malformed",
    ],
    [
      "base64 with bits left over",
      bundle({ tlogEntries: [{ ...logEntry, canonicalizedBody: "YR" }] }),
      "malformed",
    ],
    [
      "65 hashes",
      bundle({
        tlogEntries: [
          {
            ...logEntry,
            inclusionProof: { ...logEntry.inclusionProof, hashes: Array(65).fill(hash) },
          },
        ],
      }),
      "too-large",
    ],
  ] as const)("refuses %s", (_name, value, code) => {
    expectRefusal(code, () => parse(value))
  })

  it.each([
    ["the URL alphabet", "__8="],
    ["no padding", "//8"],
    ["the standard form", "//8="],
  ])("takes base64 in %s", (_name, canonicalizedBody) => {
    const { entries } = parse(bundle({ tlogEntries: [{ ...logEntry, canonicalizedBody }] }))
    expect(entries[0]?.body).toEqual(Uint8Array.of(0xff, 0xff))
  })

  it("looks at the length before it parses", () => {
    expectRefusal("too-large", () => parseSigstoreBundle("x".repeat(LONGEST_BUNDLE + 1)))
    expectRefusal("malformed", () => parseSigstoreBundle("x"))
  })

  it("does not take members from the prototype", () => {
    const text = JSON.stringify(bundle()).replace('"hint":"h"', '"__proto__":{"hint":"h"}')
    expectRefusal("malformed", () => parseSigstoreBundle(text))
  })

  it("is total: any text is read or refused", () => {
    const text = JSON.stringify(bundle())
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.json(),
          fc
            .tuple(fc.nat(text.length), fc.nat(8), fc.string())
            .map(([at, cut, insert]) => text.slice(0, at) + insert + text.slice(at + cut)),
        ),
        (input) => {
          valueOrRefusal(() => parseSigstoreBundle(input))
        },
      ),
      { numRuns: 500 },
    )
  })

  it("is total: any values in the right places are read or refused", () => {
    const leaf = fc.oneof(fc.jsonValue(), fc.constantFrom(bytes, hash, "7", 7, null))
    const message = fc.dictionary(
      fc.constantFrom(
        ...["mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope", "publicKey"],
        ...["tlogEntries", "logIndex", "logId", "inclusionProof", "hashes", "checkpoint", "keyId"],
        "__proto__",
        "constructor",
      ),
      leaf,
    )
    fc.assert(
      fc.property(message, message, message, (outer, material, entry) => {
        const value = bundle({ ...material, tlogEntries: [{ ...logEntry, ...entry }] }, outer)
        valueOrRefusal(() => parse(value))
      }),
      { numRuns: 300 },
    )
  })

  it("refuses what is nested deeply, wherever it stands", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000)
    const text = JSON.stringify(bundle())
    for (const place of [
      '"7"',
      '"hashedrekord"',
      `"${bytes}"`,
      JSON.stringify([hash, hash, hash]),
    ]) {
      expect(text).toContain(place)
      expectRefusal("malformed", () => parseSigstoreBundle(text.replace(place, deep)))
    }
  })

  it("keeps bytes as they are", () => {
    expect(parse(bundle()).content).toMatchObject({ signature: parseHex("6279746573", "bytes") })
  })
})
