import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { dssePae, formatEnvelope } from "../../../src/entry/dsse.ts"
import { entryKinds } from "../../../src/entry/kind-names.ts"
import type { SignedThing } from "../../../src/entry/kinds/kind.ts"
import { loggedKinds, nativeList } from "../../../src/entry/kinds/registry.ts"
import { proposeEntry, recordedRequest, statementOf } from "../../../src/entry/kinds/request.ts"
import { hasEnvelope, readSummary } from "../../../src/entry/kinds/summary.ts"
import { readVerifierKey } from "../../../src/entry/verifier-key.ts"
import {
  alice,
  hashedrekordOf,
  statementOf as inTotoStatement,
  intotoOf,
  rekordOf,
  replaced,
} from "../../evidence/made-cases.ts"
import { expectRefusal } from "../../refusals.ts"
import { recorded, sigstoreJsEnvelope } from "../recorded.ts"

interface KindSchema {
  readonly properties: { readonly kind: { readonly const: string } }
}

interface ContractDocument {
  readonly components: {
    readonly schemas: Readonly<Record<string, KindSchema>> & {
      readonly EntryRequest: { readonly oneOf: readonly { readonly $ref: string }[] }
    }
  }
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get: {
          readonly parameters: readonly {
            readonly name?: string
            readonly schema: { readonly pattern: string }
          }[]
        }
      }
    >
  >
}

const contract = parse(
  readFileSync(new URL("../../../openapi.yaml", import.meta.url), "utf8"),
) as ContractDocument

describe("the contract", () => {
  test("describes the submissions of exactly the kinds that the native API takes", () => {
    const { schemas } = contract.components
    const described = schemas.EntryRequest.oneOf.map(({ $ref }) => $ref.split("/").at(-1) ?? "")
    expect(described).toEqual(nativeList.map(({ kind }) => kind))
    expect(described.map((name) => schemas[name]?.properties.kind.const)).toEqual(described)
  })

  test("searches by exactly the kinds that there are", () => {
    const { parameters } = contract.paths["/v1/entries"]?.get ?? expect.fail("no search")
    const parameter = parameters.find(({ name }) => name === "kind")
    const [, names] = /^\^\(\?:([a-z|]+)\)/.exec(parameter?.schema.pattern ?? "") ?? []
    expect(names?.split("|")).toEqual(Object.keys(entryKinds))
  })
})

describe("hasEnvelope()", () => {
  const payload = inTotoStatement("app@1", "x")
  const attestation = intotoOf(alice, payload)

  test("tells attestations from artifacts as they are logged", () => {
    for (const { request } of recorded) {
      const body = proposeEntry(request).body([0])
      expect(hasEnvelope(body)).toBe(request.kind === "dsse")
    }
    expect(hasEnvelope(attestation)).toBe(true)
    expect(hasEnvelope(rekordOf(alice, "x"))).toBe(false)
  })

  test("finds the kind wherever a log has put it, and is not misled by another one", () => {
    const { apiVersion, kind, spec } = JSON.parse(new TextDecoder().decode(attestation))
    const other = { kind: "hashedrekord", spec: {} }
    for (const members of [
      { spec, kind, apiVersion },
      { a: other, apiVersion, kind, spec },
      { apiVersion, a: other, kind, spec },
    ]) {
      const body = new TextEncoder().encode(JSON.stringify(members))
      expect(hasEnvelope(body)).toBe(true)
      expect(readSummary(body).signers).toHaveLength(1)
    }
    const artifact = JSON.parse(new TextDecoder().decode(hashedrekordOf(alice, "x")))
    const nested = { a: { kind: "dsse" }, ...artifact }
    expect(hasEnvelope(new TextEncoder().encode(JSON.stringify(nested)))).toBe(false)
  })

  test("is false for what is no entry, and for a version that is not known", () => {
    for (const text of ["", "[]", "hello", '{"kind":"dsse"}', '{"kind":1,"apiVersion":"0.0.1"}']) {
      expect(hasEnvelope(new TextEncoder().encode(text))).toBe(false)
    }
    expect(hasEnvelope(Uint8Array.of(0xff))).toBe(false)
    expect(hasEnvelope(replaced(attestation, '"0.0.2"', '"0.0.9"'))).toBe(false)
  })
})

describe("recordedRequest()", () => {
  test("gives back every submission that the log made a body of", () => {
    for (const { request } of recorded) {
      const body = proposeEntry(request).body([0])
      const kept = request.kind === "dsse" ? formatEnvelope(request.envelope) : undefined
      expect(recordedRequest(body, kept)).toEqual(request)
    }
  })

  test("refuses an entry whose envelope is missing, and a kind that has no bundle", () => {
    const body = proposeEntry(sigstoreJsEnvelope).body([0])
    expectRefusal("unsupported", () => recordedRequest(body))
    expectRefusal("unsupported", () => recordedRequest(rekordOf(alice, "x")))
  })
})

describe("statementOf()", () => {
  const key = readVerifierKey({ publicKey: alice.spki })
  const payload = new TextEncoder().encode("payload")
  const artifact = { form: "artifact", digest: () => new Uint8Array(32) } as const
  const envelope = { form: "envelope", payloadType: "text/plain", payload } as const

  /** A body of which only the outer members are there: what follows from it is another one. */
  function entryOf(kind: string, version: string, spec: object = {}) {
    const body = new TextEncoder().encode(JSON.stringify({ apiVersion: version, kind, spec }))
    return { kind, version, body }
  }
  const statement = (kind: string, version: string, thing: SignedThing, spec?: object) =>
    statementOf(entryOf(kind, version, spec), thing, key)

  test("follows the kind and version of the entry", () => {
    expect(statement("hashedrekord", "0.0.2", artifact)).toMatchObject({
      kind: "hashedrekord",
      version: "0.0.2",
      signed: [{ form: "digest", digest: new Uint8Array(32) }],
    })
    expect(statement("dsse", "0.0.2", envelope)).toMatchObject({
      kind: "dsse",
      version: "0.0.2",
      signed: [{ form: "message", message: dssePae("text/plain", payload) }],
    })
    expect(statement("hashedrekord", "0.0.2", envelope).signed[0]?.form).toBe("digest")
    expect(statement("hashedrekord", "0.0.1", artifact).version).toBe("0.0.1")
    expect(statement("dsse", "0.0.1", envelope).version).toBe("0.0.1")
    expect(statement("intoto", "0.0.2", envelope).kind).toBe("intoto")
  })

  test("refuses a kind that is not about such a thing, and a body of another kind", () => {
    for (const [kind, version] of [
      ["dsse", "0.0.1"],
      ["dsse", "0.0.2"],
      ["intoto", "0.0.2"],
    ] as const) {
      expectRefusal("mismatch", () => statement(kind, version, artifact))
    }
    for (const [kind, version] of [
      ["hashedrekord", "0.0.1"],
      ["dsse", "0.0.2"],
      ["helm", "0.0.1"],
    ] as const) {
      const entry = { ...entryOf("hashedrekord", "0.0.2"), kind, version }
      expectRefusal("mismatch", () => statementOf(entry, artifact, key))
    }
    const garbage = { kind: "dsse", version: "0.0.1", body: new Uint8Array(3) }
    expectRefusal("mismatch", () => statementOf(garbage, envelope, key))
  })

  test("does not judge a kind, a version or an algorithm that it does not know", () => {
    for (const [kind, version] of [
      ["rekord", "0.0.1"],
      ["rekord", "0.0.2"],
      ["hashedrekord", "0.0.3"],
      ["helm", "0.0.1"],
    ] as const) {
      expectRefusal("unsupported", () => statement(kind, version, artifact))
    }
    const verifier = { keyDetails: "PKIX_RSA_PSS_2048_SHA256" }
    expectRefusal("unsupported", () =>
      statement("hashedrekord", "0.0.2", artifact, {
        hashedRekordV002: { signature: { verifier } },
      }),
    )
    expectRefusal("unsupported", () =>
      statement("dsse", "0.0.2", envelope, { dsseV002: { signatures: [{ verifier }] } }),
    )
    expectRefusal("unsupported", () =>
      statement("hashedrekord", "0.0.1", artifact, { data: { hash: { algorithm: "sha512" } } }),
    )
  })
})

test("every kind is in the registry once in each version", () => {
  const names = loggedKinds.map(({ kind, version }) => `${kind}:${version}`)
  const listed = Object.entries(entryKinds).flatMap(([kind, versions]) =>
    versions.map((version) => `${kind}:${version}`),
  )
  expect(names.toSorted()).toEqual(listed.toSorted())
})
