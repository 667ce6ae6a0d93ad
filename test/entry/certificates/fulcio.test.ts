import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../../src/core/base/bytes.ts"
import { certificateFields, readCertificateFields } from "../../../src/entry/certificates/fulcio.ts"
import { makeSigner } from "../signers.ts"
import { madeExtension, makeLeaf, makeRoot } from "./authority.ts"

const root = makeRoot("root")
const signer = makeSigner("ecdsa-p256")
const numbers = Array.from({ length: 23 }, (_, i) => i + 1).filter((last) => last !== 7)

describe("what Fulcio writes into a certificate", () => {
  test("is read under one name each, all twenty-two", () => {
    const fields = Object.fromEntries(numbers.map((last) => [last, `value ${last}`]))
    const read = readCertificateFields(makeLeaf(root, signer, { fields }))
    expect([...read.keys()].toSorted()).toEqual([...certificateFields].toSorted())
    expect(read.size).toBe(22)
    expect(read.get("issuer-v1")).toBe("value 1")
    expect(read.get("issuer")).toBe("value 8")
    expect(read.get("source-repository-uri")).toBe("value 12")
    expect(read.get("deployment-environment")).toBe("value 23")
  })

  test("has no value if it is there twice or in another form", () => {
    const at = (last: number, value: Uint8Array) =>
      madeExtension(`1.3.6.1.4.1.57264.1.${last}`, value)
    const text = (tag: number, value: string) =>
      concat(Uint8Array.of(tag, value.length), utf8(value))
    const more = [
      at(20, text(0x0c, "push")),
      at(20, text(0x0c, "push")),
      // IA5String in the place of UTF8String, bytes behind it, bytes that are no text, no DER at all.
      at(12, text(0x16, "https://github.com/acme")),
      at(13, concat(text(0x0c, "abc"), Uint8Array.of(0))),
      at(14, Uint8Array.of(0x0c, 1, 0xff)),
      at(15, utf8("1234")),
      at(22, text(0x0c, "")),
    ]
    const read = readCertificateFields(makeLeaf(root, signer, { more }))
    expect([...read.keys()].toSorted()).toEqual([
      "issuer",
      "issuer-v1",
      "source-repository-visibility",
    ])
  })

  test("is nothing in bytes that are no certificate", () => {
    expect(readCertificateFields(utf8("none")).size).toBe(0)
  })
})
