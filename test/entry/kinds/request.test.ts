import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatHex } from "../../../src/core/base/text.ts"
import { portableHasher } from "../../../src/core/tree/hash.ts"
import { type Algorithm, digestAlgorithm, type KeyType } from "../../../src/entry/algorithm.ts"
import { canonicalJson, type JsonValue } from "../../../src/entry/canonical-json.ts"
import type { EntryRequest } from "../../../src/entry/kinds/registry.ts"
import { proposeEntry } from "../../../src/entry/kinds/request.ts"
import { verifyPortably } from "../../../src/entry/portable-verification.ts"
import { recorded } from "../recorded.ts"
import { codeOf, refusalOf } from "../refusals.ts"
import { base64, hashOf, makeSigner, type Signer, signMessage } from "../signers.ts"

const decoder = new TextDecoder()

function canonicalAgain(body: Uint8Array): string {
  return decoder.decode(canonicalJson(JSON.parse(decoder.decode(body)) as JsonValue))
}

describe("proposeEntry()", () => {
  it.each(recorded)("makes the body that Rekor makes of $name", ({ request, leafHash }) => {
    const proposal = proposeEntry(request)
    expect(formatHex(portableHasher.leaf(proposal.body([0])))).toBe(leafHash)
  })

  it.each(recorded)("gives checks that hold for $name", ({ request }) => {
    const { claims } = proposeEntry(request)
    expect(claims).toHaveLength(1)
    expect(claims.flat().map(verifyPortably)).toEqual([true])
  })

  it("refuses a kind that it does not know", () => {
    const request = { ...recorded[0].request, kind: "intoto" } as unknown as EntryRequest
    expect(refusalOf(() => proposeEntry(request)).message).toContain('"intoto"')
    expect(codeOf(() => proposeEntry(request))).toBe("unsupported")
  })

  it("takes only the algorithms of its allow-list and names them when it refuses", () => {
    const algorithms = new Set<Algorithm>(["PKIX_ED25519", "PKIX_ED25519_PH"])
    for (const { request } of recorded) {
      const refusal = refusalOf(() => proposeEntry(request, { algorithms }))
      expect(refusal.code).toBe("unsupported")
      expect(refusal.message).toContain("PKIX_ED25519, PKIX_ED25519_PH")
    }
    const p256 = new Set<Algorithm>(["PKIX_ECDSA_P256_SHA_256"])
    for (const { request } of recorded) {
      expect(proposeEntry(request, { algorithms: p256 }).kind).toBe(request.kind)
    }
  })

  const keyTypes: readonly KeyType[] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"]
  const signers = new Map<KeyType, Signer>(keyTypes.map((type) => [type, makeSigner(type)]))

  it("makes canonical bodies whatever is submitted", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(
        fc.constantFrom(...keyTypes),
        fc.array(bytes, { minLength: 1, maxLength: 10 }),
        fc.string({ minLength: 1, maxLength: 50, unit: "grapheme" }),
        (keyType, values, payloadType) => {
          const signer = signers.get(keyType) as Signer
          const publicKey = base64(signer.spki)
          const distinct = [...new Set(values.map(base64))]
          const algorithm = digestAlgorithm[keyType]
          const digest = hashOf(algorithm, values[0] as Uint8Array)
          const hashName = `sha${digest.length * 8}`
          const requests: EntryRequest[] = [
            {
              kind: "hashedrekord",
              digest: `${hashName}:${formatHex(digest)}`,
              signature: distinct[0] as string,
              publicKey,
            },
            {
              kind: "dsse",
              envelope: {
                payload: distinct[0] as string,
                payloadType: payloadType.slice(0, 256).toWellFormed(),
                signatures: distinct.map((sig) => ({ sig })),
              },
              verifiers: [{ publicKey }],
            },
          ]
          for (const request of requests) {
            const proposal = proposeEntry(request)
            const body = proposal.body(proposal.claims.map(() => 0))
            expect(canonicalAgain(body)).toBe(decoder.decode(body))
          }
        },
      ),
    )
  })

  it("gives digest checks that hold for a signer of each elliptic key type", () => {
    for (const [keyType, signer] of signers) {
      const message = new TextEncoder().encode(`an artifact for ${keyType}`)
      const algorithm = digestAlgorithm[keyType]
      const digest = hashOf(algorithm, message)
      const { claims } = proposeEntry({
        kind: "hashedrekord",
        digest: `sha${digest.length * 8}:${formatHex(digest)}`,
        signature: base64(signMessage(signer, algorithm, message)),
        publicKey: base64(signer.spki),
      })
      expect(claims.flat().map(verifyPortably)).toEqual([true])
      expect(claims.flat().map((check) => check.algorithm)).toEqual([algorithm])
    }
  })
})
