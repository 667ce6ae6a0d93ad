import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatBase64, formatHex } from "../../../src/core/base/text.ts"
import { algorithms, everyAlgorithm, sigstoreHashName } from "../../../src/entry/algorithm.ts"
import { canonicalJson, type JsonValue } from "../../../src/entry/canonical-json.ts"
import type { Proposal } from "../../../src/entry/entry.ts"
import { hashedrekordBody } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { proposeRekorV1 } from "../../../src/entry/kinds/request.ts"
import { createVerifierKeyCache } from "../../../src/entry/verifier-key.ts"
import { valueOrRefusal } from "../../refusals.ts"
import { COSIGN_KEY, SIGSTORE_JS_KEY } from "../recorded.ts"
import { base64 } from "../signers.ts"
import { pemOf, recordedV1, toBase64 } from "./recorded.ts"

const decoder = new TextDecoder()
const readKey = createVerifierKeyCache(100)

function bodyOf(proposal: Proposal): string {
  return decoder.decode(proposal.body(proposal.claims.map(() => 0)))
}

function canonicalAgain(body: string): string {
  return decoder.decode(canonicalJson(JSON.parse(body) as JsonValue))
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 80 })
const text = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" })
const key = fc.constantFrom(COSIGN_KEY, SIGSTORE_JS_KEY).map(pemOf)
const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(formatHex)

const hashedrekord = fc
  .record({ signature: bytes, key, value: hex })
  .map(({ signature, key: content, value }) => ({
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value } },
      signature: { content: base64(signature), publicKey: { content } },
    },
  }))

const dsse = fc
  .record({ payload: bytes, payloadType: text, key, signatures: fc.array(bytes, { minLength: 1 }) })
  .map(({ payload, payloadType, key: content, signatures }) => {
    const envelope = {
      payload: base64(payload),
      payloadType,
      signatures: signatures.slice(0, 10).map((sig) => ({ sig: base64(sig) })),
    }
    const proposedContent = { envelope: JSON.stringify(envelope), verifiers: [content] }
    return { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } }
  })

const intoto = fc
  .record({ payload: bytes, payloadType: text, key, sig: bytes, keyid: text, value: hex })
  .map(({ payload, payloadType, key: publicKey, sig, keyid, value }) => ({
    apiVersion: "0.0.2",
    kind: "intoto",
    spec: {
      content: {
        envelope: {
          payloadType,
          payload: toBase64(base64(payload)),
          signatures: [{ sig: toBase64(base64(sig)), publicKey, keyid }],
        },
        hash: { algorithm: "sha256", value },
      },
    },
  }))

const rekord = fc
  .record({ content: bytes, key, signature: bytes })
  .map(({ content, key: pem, signature }) => ({
    apiVersion: "0.0.1",
    kind: "rekord",
    spec: {
      data: { content: base64(content) },
      signature: { format: "x509", content: base64(signature), publicKey: { content: pem } },
    },
  }))

describe("the bodies of Rekor v1", () => {
  it("are canonical JSON (RFC 8785) whatever is submitted", () => {
    fc.assert(
      fc.property(fc.oneof(hashedrekord, dsse, intoto, rekord), (value) => {
        const proposal = proposeRekorV1(value, { readKey })
        const body = bodyOf(proposal)
        expect(canonicalAgain(body)).toBe(body)
        expect(JSON.parse(body)).toMatchObject({ kind: value.kind, apiVersion: value.apiVersion })
      }),
      { numRuns: 400 },
    )
  })
})

describe("hashedrekordBody()", () => {
  it("writes what canonical JSON would be of its members", () => {
    const forms = fc.constantFrom("publicKey" as const, "certificate" as const)
    fc.assert(
      fc.property(
        fc.constantFrom(...everyAlgorithm),
        forms,
        fc.uint8Array({ maxLength: 64 }),
        bytes,
        fc.uint8Array({ maxLength: 600 }),
        (algorithm, form, digest, signature, der) => {
          const rawBytes = formatBase64(der)
          const verifier = {
            keyDetails: algorithm,
            ...(form === "publicKey"
              ? { publicKey: { rawBytes } }
              : { x509Certificate: { rawBytes } }),
          }
          const data = {
            digest: formatBase64(digest),
            algorithm: sigstoreHashName[algorithms[algorithm].hash],
          }
          const content = formatBase64(signature)
          const hashedRekordV002 = { signature: { verifier, content }, data }
          const expected = { spec: { hashedRekordV002 }, kind: "hashedrekord", apiVersion: "0.0.2" }
          const parts = { algorithm, digest, signature, key: { form, der } }
          expect(hashedrekordBody(parts)).toEqual(canonicalJson(expected))
        },
      ),
    )
  })
})

/** Puts `value` in the place of the member that `choices` lead to. */
function replaced(node: unknown, choices: readonly number[], value: unknown): unknown {
  const [choice, ...rest] = choices
  if (typeof node !== "object" || node === null || choice === undefined) return value
  const names = Object.keys(node)
  const name = names[choice % names.length]
  if (name === undefined) return value
  const members = node as Readonly<Record<string, unknown>>
  const changed = { ...members, [name]: replaced(members[name], rest, value) }
  return Array.isArray(node) ? Object.values(changed) : changed
}

describe("proposeRekorV1()", () => {
  it("is total: any JSON value is read or refused", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => void valueOrRefusal(() => proposeRekorV1(value))),
    )
  })

  it("is total for requests of which one member is another value", () => {
    const requests = fc.oneof(
      fc.constantFrom(...recordedV1.map(({ request }) => request as unknown)),
      rekord,
    )
    const values = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      bytes.map(base64),
      fc.constantFrom("{}", "[]", '{"signatures":[{}]}', "__proto__"),
    )
    const path = fc.array(fc.nat(5), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(requests, path, values, (request, choices, value) => {
        const proposal = valueOrRefusal(() =>
          proposeRekorV1(replaced(request, choices, value), { readKey }),
        )
        if (proposal !== undefined) valueOrRefusal(() => bodyOf(proposal))
      }),
      { numRuns: 3000 },
    )
  })
})
