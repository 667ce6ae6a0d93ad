import { createHash, X509Certificate } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MOST_TERMS } from "../../src/core/base/limits.ts"
import { parseBase64 } from "../../src/core/base/text.ts"
import { proposeEntry, proposeRekorV1 } from "../../src/entry/kinds/request.ts"
import { termsOf } from "../../src/entry/search-terms.ts"
import { statementTerms } from "../../src/entry/statement-terms.ts"
import type { Term, TermName } from "../../src/entry/term.ts"
import { readVerifierKey } from "../../src/entry/verifier-key.ts"
import { valueOrRefusal } from "../refusals.ts"
import { ecdsaCertificate } from "./certificates.ts"
import { COSIGN_KEY, cosignBlob, SIGSTORE_JS_KEY, sigstoreJsEnvelope } from "./recorded.ts"
import {
  brokenNamesCertificate,
  manyNamesCertificate,
  namelessCertificate,
  workflowCertificate,
} from "./rekor-v1/certificates.ts"
import { cosign3Blob, sigstoreJsDsse, sigstoreJsIntoto } from "./rekor-v1/recorded.ts"

const IN_TOTO = "application/vnd.in-toto+json"

function bytes(text: string): Uint8Array {
  return parseBase64(text, "test data")
}

function fingerprint(spki: Uint8Array): string {
  return `sha256:${createHash("sha256").update(spki).digest("hex")}`
}

function valuesOf(terms: readonly Term[], name: TermName): string[] {
  return terms.filter((term) => term.name === name).map(({ value }) => value)
}

function termsOfText(text: string, payloadType = IN_TOTO): readonly Term[] {
  return statementTerms({ payloadType, payload: new TextEncoder().encode(text) })
}

function termsOfStatement(statement: unknown): readonly Term[] {
  return termsOfText(JSON.stringify(statement))
}

function keyTermsOf(certificate: string): readonly Term[] {
  const keys = [readVerifierKey({ certificate: bytes(certificate) })]
  return termsOf({ kind: "hashedrekord", version: "0.0.1", keys })
}

const cosignFingerprint = fingerprint(bytes(COSIGN_KEY))
const sigstoreJsFingerprint = fingerprint(bytes(SIGSTORE_JS_KEY))

describe("the terms of a proposal", () => {
  it("of kind hashedrekord are its digest, key and kind", () => {
    expect(proposeEntry(cosignBlob).terms).toEqual([
      { name: "kind", value: "hashedrekord:0.0.2" },
      { name: "digest", value: cosignBlob.digest },
      { name: "key", value: cosignFingerprint },
    ])
    expect(proposeRekorV1(cosign3Blob).terms).toEqual([
      { name: "kind", value: "hashedrekord:0.0.1" },
      { name: "digest", value: `sha256:${cosign3Blob.spec.data.hash.value}` },
      { name: "key", value: cosignFingerprint },
    ])
  })

  it("of kind dsse and intoto are payload, envelope, key and kind", () => {
    const payload = "dcb35e1147c05d3e75b1fb7c3b4efead7d8bc89811cb3c89e0afef5639774672"
    expect(proposeRekorV1(sigstoreJsDsse).terms).toEqual([
      { name: "kind", value: "dsse:0.0.1" },
      { name: "payload", value: `sha256:${payload}` },
      {
        name: "envelope",
        value: "sha256:2140866a8c38830ee72062e8d6677ba365f4586cbc7d49a958e3324990843e2f",
      },
      { name: "key", value: sigstoreJsFingerprint },
    ])
    expect(proposeRekorV1(sigstoreJsIntoto).terms).toEqual([
      { name: "kind", value: "intoto:0.0.2" },
      { name: "payload", value: `sha256:${sigstoreJsIntoto.spec.content.payloadHash.value}` },
      { name: "key", value: sigstoreJsFingerprint },
    ])
    const { terms, version } = proposeEntry(sigstoreJsEnvelope)
    expect(version).toBe("0.0.2")
    expect(terms.map(({ name }) => name)).toEqual(["kind", "payload", "key"])
  })

  it("contain the statement of an in-toto payload, for each kind of envelope", () => {
    const statement = { subject: [{ name: "a.txt", digest: { sha256: "AB" } }] }
    const payload = Buffer.from(JSON.stringify(statement)).toString("base64")
    const expected = [
      { name: "subject-digest", value: "sha256:ab" },
      { name: "subject", value: "a.txt" },
    ]
    const { envelope } = sigstoreJsEnvelope
    const native = proposeEntry({ ...sigstoreJsEnvelope, envelope: { ...envelope, payload } })
    const proposedContent = {
      ...sigstoreJsDsse.spec.proposedContent,
      envelope: JSON.stringify({ ...envelope, payload }),
    }
    const dsse = proposeRekorV1({ ...sigstoreJsDsse, spec: { proposedContent } })
    const { content } = sigstoreJsIntoto.spec
    const inner = { ...content.envelope, payload: Buffer.from(payload).toString("base64") }
    const spec = { content: { ...content, envelope: inner } }
    const intoto = proposeRekorV1({ ...sigstoreJsIntoto, spec })
    for (const { terms } of [native, dsse, intoto]) expect(terms.slice(-2)).toEqual(expected)
  })

  it("name every key once", () => {
    const keys = [COSIGN_KEY, SIGSTORE_JS_KEY, COSIGN_KEY].map((text) =>
      readVerifierKey({ publicKey: bytes(text) }),
    )
    const terms = termsOf({ kind: "dsse", version: "0.0.2", keys })
    expect(valuesOf(terms, "key")).toEqual([cosignFingerprint, sigstoreJsFingerprint])
  })
})

describe("the names in a certificate", () => {
  it("are a URI in lower case and Fulcio's issuer", () => {
    const terms = keyTermsOf(workflowCertificate)
    const { publicKey } = new X509Certificate(bytes(workflowCertificate))
    const spki = publicKey.export({ format: "der", type: "spki" })
    expect(terms.slice(1)).toEqual([
      { name: "key", value: fingerprint(spki) },
      {
        name: "identity",
        value: "https://github.com/example/repo/.github/workflows/release.yml@refs/heads/main",
      },
      { name: "issuer", value: "https://token.actions.githubusercontent.com" },
    ])
  })

  it("are email addresses, DNS names and Fulcio's user names, each once", () => {
    const terms = keyTermsOf(manyNamesCertificate)
    expect(valuesOf(terms, "identity")).toEqual([
      "signer@example.org",
      "host.example.org",
      "robot!example",
    ])
    expect(valuesOf(terms, "issuer")).toEqual(["https://old.example"])
  })

  it("are none where there are none, or where they are not DER", () => {
    for (const certificate of [namelessCertificate, brokenNamesCertificate]) {
      expect(keyTermsOf(certificate).map(({ name }) => name)).toEqual(["kind", "key"])
    }
    expect(readVerifierKey({ certificate: bytes(ecdsaCertificate) }).names).toEqual({
      identities: ["signer@example.org"],
    })
  })

  it("are read without an error whatever byte is damaged", () => {
    const der = bytes(manyNamesCertificate)
    const at = fc.nat(der.length - 1)
    fc.assert(
      fc.property(at, fc.nat(255), (place, value) => {
        const damaged = Uint8Array.from(der)
        damaged[place] = value
        const key = valueOrRefusal(() => readVerifierKey({ certificate: damaged }))
        expect(key?.names?.identities.length ?? 0).toBeLessThan(10)
      }),
      { numRuns: 1500 },
    )
  })
})

describe("the terms of an in-toto statement", () => {
  it("are its subjects and its predicate type, and what it mentions", () => {
    const [sha1, sha512] = ["c1".repeat(20), "d2".repeat(64)]
    const terms = termsOfStatement({
      _type: "https://in-toto.io/Statement/v1",
      subject: [
        { name: "a", digest: { sha256: "AA11", gitCommit: "bb" } },
        { name: "B", digest: { dirHash: "h1:Zm9v=" } },
      ],
      predicateType: "https://slsa.dev/provenance/v1",
      predicate: {
        materials: [{ uri: "x", digest: { sha1 } }],
        buildDefinition: { resolvedDependencies: [{ digest: { sha512: sha512.toUpperCase() } }] },
      },
    })
    expect(valuesOf(terms, "subject-digest")).toEqual([
      "sha256:aa11",
      "gitCommit:bb",
      "dirHash:h1:Zm9v=",
    ])
    expect(valuesOf(terms, "mention")).toEqual([`sha1:${sha1}`, `sha512:${sha512}`])
    expect(valuesOf(terms, "subject")).toEqual(["a", "B"])
    expect(valuesOf(terms, "predicate-type")).toEqual(["https://slsa.dev/provenance/v1"])
  })

  it.each([
    ["of another type", "text/plain", '{"predicateType":"x"}'],
    ["that is not JSON", IN_TOTO, "{"],
    ["that is no object", IN_TOTO, "[1]"],
    ["that is nothing", IN_TOTO, "null"],
    [
      "whose members are of other types",
      IN_TOTO,
      '{"subject":{"a":1},"predicate":[1],"predicateType":2}',
    ],
    [
      "whose subjects are none",
      IN_TOTO,
      '{"subject":[null,1,"x",[],{"name":1,"digest":{"a":1,"b":""}},{"digest":["x"]}]}',
    ],
  ])("are none for a payload %s", (_name, payloadType, text) => {
    expect(termsOfText(text, payloadType)).toEqual([])
  })

  it("are none for bytes that are not text", () => {
    const payload = Uint8Array.of(0xff)
    expect(statementTerms({ payloadType: IN_TOTO, payload })).toEqual([])
  })

  it("are of every subject and every digest, however many", () => {
    const digest = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`a${i}`, "00"]))
    expect(termsOfStatement({ subject: [{ digest }] })).toHaveLength(40)
    const subject = Array.from({ length: 2000 }, (_, i) => ({ name: `n${i}` }))
    expect(valuesOf(termsOfStatement({ subject }), "subject").at(-1)).toBe("n1999")
    expect(termsOfStatement({ subject })).toHaveLength(2000)
  })

  it("name a digest by its value, whatever the signer calls the algorithm", () => {
    const hex = "ab".repeat(32)
    for (const name of ["sha256", "SHA2_256", "sha-256", "sha512-256", "blake3"]) {
      const terms = termsOfStatement({ subject: [{ digest: { [name]: hex.toUpperCase() } }] })
      expect(valuesOf(terms, "subject-digest")).toContain(`sha256:${hex}`)
    }
  })

  it("have names as they are written and in their canonical spelling", () => {
    const subject = [{ name: "pkg:npm/%40acme/x@1.0.0" }]
    expect(valuesOf(termsOfStatement({ subject }), "subject")).toEqual([
      "pkg:npm/%40acme/x@1.0.0",
      "pkg:npm/@acme/x@1.0.0",
    ])
  })

  it("have as a subject what any reader may take of an odd one", () => {
    const [first, second] = ["a1".repeat(32), "b2".repeat(32)]
    const terms = termsOfText(
      `{"subject":[{"name":"one","digest":{"sha256":"${first}"}}],"\\u017fubject":[{"name":"two","digest":{"sha256":"${second}"}}]}`,
    )
    expect(valuesOf(terms, "subject-digest").toSorted()).toEqual([
      `sha256:${first}`,
      `sha256:${second}`,
    ])
    expect(valuesOf(terms, "subject")).toEqual(expect.arrayContaining(["one", "two"]))
  })

  it("count as subjects under any payload type", () => {
    const digest = { sha256: "ab".repeat(32) }
    const terms = termsOfText(JSON.stringify({ subject: [{ digest }] }), "application/json")
    expect(valuesOf(terms, "subject-digest")).toEqual([`sha256:${digest.sha256}`])
  })
})

describe("termsOf()", () => {
  function findable(statement: unknown) {
    const payload = new TextEncoder().encode(JSON.stringify(statement))
    const keys = [readVerifierKey({ publicKey: bytes(COSIGN_KEY) })]
    return {
      kind: "dsse",
      version: "0.0.1",
      keys,
      statement: { payloadType: IN_TOTO, payload },
    } as const
  }

  it("leaves out values that are too long or empty, and repetitions", () => {
    const names = ["x".repeat(512), "y".repeat(513), "", "\ud800", "z", "z"]
    const terms = termsOf(findable({ subject: names.map((name) => ({ name })) }))
    expect(valuesOf(terms, "subject")).toEqual(["x".repeat(512), "\ufffd", "z"])
  })

  it("refuses an odd statement with more texts than can be found by", () => {
    const names = Array.from({ length: MOST_TERMS }, (_, i) => `"n${i}"`).join(",")
    const digest = { sha256: "ab".repeat(32) }
    const text = `{"Subject":[],"subject":[{"digest":${JSON.stringify(digest)}}],"predicate":[${names}]}`
    const payload = new TextEncoder().encode(text)
    const entry = { ...findable({}), statement: { payloadType: IN_TOTO, payload } }
    expect(() => termsOf(entry)).toThrow("more; write it as plain JSON")
  })

  it("refuses what has more than can be found by, and cuts nothing off", () => {
    const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `n${i}` }))
    expect(termsOf(findable({ subject: named(MOST_TERMS - 2) }))).toHaveLength(MOST_TERMS)
    expect(() => termsOf(findable({ subject: named(MOST_TERMS - 1) }))).toThrow(
      "payload: expected up to 16384 digests and names that the entry can be found by",
    )
  })
})
