import { describe, expect, test } from "vitest"
import type { RefusalCode } from "../../src/core/base/errors.ts"
import { createChainJudge } from "../../src/entry/certificates/judge.ts"
import { verifyPortably } from "../../src/entry/portable-verification.ts"
import {
  parseCertificateAuthorities,
  readAuthorities,
} from "../../src/sigstore/certificate-authorities.ts"
import { makeIntermediate, makeLeaf, makeRoot, pemOf } from "../entry/certificates/authority.ts"
import { makeSigner } from "../entry/signers.ts"
import { expectRefusal } from "../refusals.ts"
import { type MadeAuthority, trustedRootOf } from "./made-trusted-root.ts"

const root = makeRoot("root")
const middle = makeIntermediate(root, "middle")
const certificates = [middle.der, root.der]
const signer = makeSigner("ecdsa-p256")

function outcomeOf(text: string, der: Uint8Array): string {
  const authorities = [readAuthorities("fulcio", text, "roots")]
  const result = createChainJudge({ authorities }, verifyPortably)({ der })
  return result.form === "chained" ? result.authority : result.reason
}

describe("the authorities of a trusted root", () => {
  test("are believed about certificates of the time for which they are valid", () => {
    const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString()
    const leaf = makeLeaf(middle, signer)
    const windows: readonly (readonly [MadeAuthority["validFor"], string])[] = [
      [{ start: day(-1) }, "fulcio"],
      [{ start: day(-1), end: day(1) }, "fulcio"],
      [{ start: day(-2), end: day(-1) }, "not-valid"],
      [{ start: day(1) }, "not-valid"],
    ]
    for (const [validFor, expected] of windows) {
      expect(
        outcomeOf(trustedRootOf([{ certificates, ...(validFor && { validFor }) }]), leaf),
      ).toBe(expected)
    }
  })

  test("are each on their own", () => {
    const other = makeRoot("other")
    const text = trustedRootOf([{ certificates: [other.der] }, { certificates }])
    expect(outcomeOf(text, makeLeaf(middle, signer))).toBe("fulcio")
    expect(outcomeOf(text, makeLeaf(other, signer))).toBe("fulcio")
    expect(outcomeOf(text, makeLeaf(makeRoot("other"), signer))).toBe("no-path")
  })

  test("issue for code alone, and those of a PEM file for anything", () => {
    const leaf = makeLeaf(middle, signer, { purposes: ["1.3.6.1.5.5.7.3.1"] })
    expect(outcomeOf(trustedRootOf([{ certificates }]), leaf)).toBe("not-for-signing")
    expect(outcomeOf(pemOf(...certificates), leaf)).toBe("fulcio")
  })

  const refusals: Readonly<Record<string, readonly [RefusalCode, string]>> = {
    "no JSON": ["malformed", "{"],
    "another file": ["unsupported", JSON.stringify({ mediaType: "text/plain" })],
    "no authority": ["malformed", trustedRootOf([])],
    "an authority that is valid from nowhen": [
      "malformed",
      trustedRootOf([{ certificates, validFor: { end: "2030-01-01T00:00:00Z" } }]),
    ],
    "a time that is none": [
      "malformed",
      trustedRootOf([{ certificates, validFor: { start: "soon" } }]),
    ],
    "an authority without a root": ["malformed", trustedRootOf([{ certificates: [middle.der] }])],
    "too many": [
      "too-large",
      trustedRootOf(Array.from({ length: 33 }, () => ({ certificates: [root.der] }))),
    ],
  }
  for (const [what, [code, text]] of Object.entries(refusals)) {
    test(`are refused with ${what}`, () => {
      expectRefusal(code, () => parseCertificateAuthorities(text, "roots"))
    })
  }
})
