import { AsnConvert } from "@peculiar/asn1-schema"
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  KeyUsage,
  KeyUsageFlags,
  SubjectKeyIdentifier,
} from "@peculiar/asn1-x509"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { formatHex } from "../../../src/core/base/text.ts"
import { readX509, tryX509 } from "../../../src/entry/certificates/x509.ts"
import { makeSigner } from "../signers.ts"
import { makeIntermediate, makeLeaf, makeRoot } from "./authority.ts"

const root = makeRoot("root")
const deep = makeRoot("deep", "ecdsa-p384", { pathLength: 3 })
const intermediate = makeIntermediate(root, "intermediate", "ecdsa-p256", { pathLength: 0 })
const leaf = makeLeaf(intermediate, makeSigner("ecdsa-p256"))
const all = [root.der, deep.der, intermediate.der, leaf]

/** What a certificate allows, by an ASN.1 library. */
function byLibrary(der: Uint8Array) {
  try {
    const { extensions = [] } = AsnConvert.parse(der, Certificate).tbsCertificate
    const read = <T>(oid: string, type: new () => T) => {
      const found = extensions.find(({ extnID }) => extnID === oid)
      return found && AsnConvert.parse(found.extnValue.buffer, type)
    }
    const constraints = read("2.5.29.19", BasicConstraints)
    const usage = read("2.5.29.15", KeyUsage)?.toNumber()
    const purposes = read("2.5.29.37", ExtendedKeyUsage)
    const keyId = read("2.5.29.14", SubjectKeyIdentifier)
    const issuerKeyId = read("2.5.29.35", AuthorityKeyIdentifier)?.keyIdentifier
    const may = (flag: KeyUsageFlags) => usage === undefined || (usage & flag) !== 0
    return {
      isAuthority: constraints?.cA === true,
      pathLength: constraints?.pathLenConstraint,
      mayCertify: may(KeyUsageFlags.keyCertSign),
      maySign: may(KeyUsageFlags.digitalSignature),
      purposes: purposes && [...purposes],
      keyId: keyId && formatHex(new Uint8Array(keyId.buffer)),
      issuerKeyId: issuerKeyId && formatHex(new Uint8Array(issuerKeyId.buffer)),
    }
  } catch {
    return undefined
  }
}

function byReader(der: Uint8Array) {
  const read = tryX509(der)
  if (read === undefined || read.obstacle !== undefined) return undefined
  const { isAuthority, pathLength, mayCertify, maySign, purposes, keyId, issuerKeyId } = read
  return { isAuthority, pathLength, mayCertify, maySign, purposes, keyId, issuerKeyId }
}

describe("what a certificate allows", () => {
  test("is read as by an ASN.1 library", () => {
    for (const der of all) {
      expect(byReader(der)).toBeDefined()
      expect(byReader(der)).toEqual(byLibrary(der))
    }
    expect(readX509(deep.der)).toMatchObject({ isAuthority: true, pathLength: 3, maySign: false })
    expect(readX509(leaf)).toMatchObject({ isAuthority: false, mayCertify: false, maySign: true })
  })

  test("is read alike in a damaged certificate by those that can read it", () => {
    const damaged = fc.record({ der: fc.constantFrom(...all), at: fc.nat(), byte: fc.nat(255) })
    const told = fc.property(damaged, ({ der, at, byte }) => {
      const bytes = der.slice()
      // The extensions and what is after them.
      const from = Math.floor(bytes.length / 3)
      bytes[from + (at % (bytes.length - from))] = byte
      const [read, other] = [byReader(bytes), byLibrary(bytes)]
      if (read !== undefined && other !== undefined) expect(read).toEqual(other)
    })
    fc.assert(told, { numRuns: 5_000 })
  })
})
