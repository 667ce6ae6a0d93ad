// The reader of certificates beside an ASN.1 library: what both of them can read they read alike.
import { X509Certificate } from "node:crypto"
import { AsnConvert } from "@peculiar/asn1-schema"
import { Certificate, GeneralName, OtherName, SubjectAlternativeName } from "@peculiar/asn1-x509"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { unlessRefused } from "../../src/core/base/errors.ts"
import { formatHex, parseBase64, parseHex } from "../../src/core/base/text.ts"
import { namesIn, readCertificate } from "../../src/entry/certificate.ts"
import { readX509 } from "../../src/entry/certificates/x509.ts"
import { expectRefusal } from "../refusals.ts"
import { madeExtension, makeLeaf, makeRoot, rewritten } from "./certificates/authority.ts"
import { ecdsaCertificate, ed25519Certificate, rsaCertificate } from "./certificates.ts"
import { makeSigner } from "./signers.ts"

const signer = makeSigner("ecdsa-p256")
const root = makeRoot("root")

function withNames(names: readonly GeneralName[]): Uint8Array {
  const value = AsnConvert.serialize(new SubjectAlternativeName([...names]))
  return makeLeaf({ ...root }, signer, { more: [madeExtension("1.2.3", value)] })
}

const everyName = [
  new GeneralName({ rfc822Name: "Signer@example.org" }),
  new GeneralName({ dNSName: "example.org" }),
  new GeneralName({ iPAddress: "192.0.2.1" }),
  new GeneralName({ registeredID: "1.2.3" }),
  new GeneralName({
    otherName: new OtherName({
      typeId: "1.3.6.1.4.1.57264.1.7",
      value: Uint8Array.of(0x0c, 3, 0x61, 0x62, 0x63).buffer,
    }),
  }),
  new GeneralName({
    otherName: new OtherName({ typeId: "1.2.3", value: Uint8Array.of(5, 0).buffer }),
  }),
]

const certificates = [
  parseBase64(ecdsaCertificate, "certificate"),
  parseBase64(rsaCertificate, "certificate"),
  parseBase64(ed25519Certificate, "certificate"),
  makeLeaf(root, signer),
  makeLeaf(root, signer, { notBefore: new Date("2051-01-31T23:59:59Z") }),
  makeLeaf(root, signer, { notBefore: new Date("1970-01-01T00:00:00Z") }),
  withNames(everyName),
]

function byLibrary(der: Uint8Array) {
  try {
    const { tbsCertificate } = AsnConvert.parse(der, Certificate)
    const { validity, extensions = [] } = tbsCertificate
    return {
      notBefore: validity.notBefore.getTime().getTime() / 1000,
      notAfter: validity.notAfter.getTime().getTime() / 1000,
      extensions: extensions.map(({ extnID, extnValue }) => [
        extnID,
        formatHex(new Uint8Array(extnValue.buffer)),
      ]),
    }
  } catch {
    return undefined
  }
}

/** 1.3.6.1.4.1.57264.1.7, of which the platform shows nothing. */
const FULCIO_USER_NAME = "060a2b0601040183bf300107"

/** Names are quoted as in JSON where they could be taken for several. */
function unescaped(name: string): string {
  return name.startsWith('"') ? (JSON.parse(name) as string) : name
}

function byPlatform(der: Uint8Array) {
  try {
    const read = new X509Certificate(der)
    const { validFrom, validTo, subjectAltName = "" } = read
    const names = /(?:email|DNS|URI):("(?:[^"\\]|\\.)*"|[^,]*)/g
    return {
      dates: [Date.parse(validFrom) / 1000, Date.parse(validTo) / 1000],
      names: Array.from(subjectAltName.matchAll(names), ([, name = ""]) => name),
      spki: unlessThrown(() =>
        formatHex(read.publicKey.export({ type: "spki", format: "der" }) as Buffer),
      ),
    }
  } catch {
    return undefined
  }
}

function unlessThrown<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function byReader(der: Uint8Array) {
  const read = unlessRefused(() => readCertificate(der))
  const extensions = read?.extensions.map(({ oid, value }) => [oid, formatHex(value)])
  return read && { ...read.validity, extensions }
}

describe("a certificate", () => {
  test("is read as by the library", () => {
    for (const der of certificates) {
      expect(byReader(der)).toEqual(byLibrary(der))
      expect(byReader(der)).toBeDefined()
    }
  })

  test("has the key that stands there", () => {
    expect(readCertificate(makeLeaf(root, signer)).spki).toEqual(signer.spki)
  })

  test("that is damaged is read alike by those that can read it", () => {
    const damaged = fc.record({
      der: fc.constantFrom(...certificates),
      at: fc.nat(),
      byte: fc.nat(255),
      cut: fc.integer({ min: 0, max: 3 }),
    })
    const told = fc.property(damaged, ({ der, at, byte, cut }) => {
      const bytes = der.slice(0, der.length - (cut === 3 ? 1 : 0))
      bytes[at % bytes.length] = byte
      const [read, other] = [byReader(bytes), byLibrary(bytes)]
      if (read !== undefined && other !== undefined) expect(read).toEqual(other)
    })
    fc.assert(told, { numRuns: 5_000 })
  })

  test("with dates in another form than RFC 5280 has is refused", () => {
    const der = parseBase64(ecdsaCertificate, "certificate")
    for (const other of ["21261027102634+", "212610271026.4Z", "2126102710263Z "]) {
      const text = rewritten(der, "21261027102634Z", other.padEnd(15, " "))
      expectRefusal("malformed", () => readCertificate(text))
    }
  })

  test("with dates that no calendar has is refused", () => {
    const der = parseBase64(ecdsaCertificate, "certificate")
    const dates = ["21261327102634Z", "21260027102634Z", "21260230102634Z", "21261027242634Z"]
    for (const other of [...dates, "21261027106034Z", "21261027102660Z", "21261000102634Z"]) {
      const text = rewritten(der, "21261027102634Z", other)
      expectRefusal("malformed", () => readCertificate(text))
    }
  })

  test("has no other key, date or name than the platform reads", () => {
    const damaged = fc.record({
      der: fc.constantFrom(...certificates),
      changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
    })
    const told = fc.property(damaged, ({ der, changes }) => {
      const bytes = der.slice()
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      const own = unlessRefused(() => readX509(bytes))
      const other = byPlatform(bytes)
      if (own === undefined || other === undefined) return
      expect([own.validity.notBefore, own.validity.notAfter]).toEqual(other.dates)
      if (other.spki !== undefined) expect(formatHex(own.spki)).toBe(other.spki)
      const { isUnreadable, identities, written } = namesIn(readCertificate(bytes).extensions)
      if (isUnreadable) return
      for (const name of written ?? identities) {
        const isUserName = readCertificate(bytes).extensions.some(({ value }) =>
          formatHex(value).includes(FULCIO_USER_NAME),
        )
        if (!isUserName) expect(other.names.map(unescaped)).toContain(name)
      }
    })
    fc.assert(told, { numRuns: 5_000 })
  })

  test("of another structure is refused", () => {
    const der = makeLeaf(root, signer)
    const other = (from: string, to: string) => {
      const hex = formatHex(der)
      expect(hex).toContain(from)
      return parseHex(hex.replace(from, to), "certificate")
    }
    const structures = [
      // A version that is none, an object identifier of an algorithm and of a name, a set in a name.
      other("a003020102", "a303020102"),
      other("300a06082a8648ce3d040302", "300a04082a8648ce3d040302"),
      other("310d300b060355040", "300d300b060355040"),
      other("0603550403", "0403550403"),
      // An object identifier with needless bytes, a value that is no octet string.
      other("0603551d13", "060380801d"),
      other("0603551d0e0416", "0603551d0e0316"),
      der.subarray(0, -1),
      Uint8Array.of(0x30, 0),
    ]
    for (const bytes of structures) expectRefusal("malformed", () => readCertificate(bytes))
  })

  test("is bounded before it is looked at", () => {
    expectRefusal("too-large", () => readCertificate(new Uint8Array(16_385)))
  })
})

function namesByLibrary(value: Uint8Array): readonly string[] | undefined {
  try {
    const names = AsnConvert.parse(value, SubjectAlternativeName)
    const texts = names.map((name) => {
      return name.rfc822Name ?? name.dNSName ?? name.uniformResourceIdentifier ?? ""
    })
    return texts.filter((text) => text !== "").map((text) => text.toLowerCase())
  } catch {
    return undefined
  }
}

describe("the names in a certificate", () => {
  const value = new Uint8Array(AsnConvert.serialize(new SubjectAlternativeName([...everyName])))
  const namesOf = (bytes: Uint8Array) =>
    namesIn([{ oid: "2.5.29.17", critical: false, value: bytes }])

  test("are those that name somebody", () => {
    expect(namesOf(value)).toEqual({
      identities: ["signer@example.org", "example.org", "abc"],
      written: ["Signer@example.org", "example.org", "abc"],
    })
  })

  test("cannot be read where one of them is no name", () => {
    const tags = [0x80, 0xa1, 0xa2, 0xa6, 0x89, 0x30, 0x0c]
    for (const tag of tags) {
      const bytes = value.slice()
      bytes[2] = tag
      expect(namesOf(bytes).isUnreadable).toBe(true)
    }
    expect(namesOf(value.subarray(1)).isUnreadable).toBe(true)
    expect(namesOf(value.subarray(0, -1)).isUnreadable).toBe(true)
  })

  test("cannot be read where one of them has other letters than ASCII", () => {
    const bytes = value.slice()
    const at = Buffer.from(value).indexOf("example")
    bytes[at] = 0xe9
    expect(namesOf(bytes).isUnreadable).toBe(true)
    expect(namesOf(bytes).identities).not.toContain("signer@\u00e9xample.org")
  })

  test("an issuer cannot be read if one of its two forms cannot", () => {
    const good = Buffer.from("https://issuer.example")
    const wrapped = Uint8Array.from([0x0c, good.length, ...good])
    const issuerOf = (newest: Uint8Array, oldest: Uint8Array) =>
      namesIn([
        { oid: "1.3.6.1.4.1.57264.1.8", critical: false, value: newest },
        { oid: "1.3.6.1.4.1.57264.1.1", critical: false, value: oldest },
      ])
    expect(issuerOf(wrapped, good)).toEqual({ identities: [], issuer: "https://issuer.example" })
    const other = Uint8Array.from([0x13, good.length, ...good])
    expect(issuerOf(other, good).isUnreadable).toBe(true)
    expect(issuerOf(wrapped, Uint8Array.of(0xff)).isUnreadable).toBe(true)
  })

  test("are read as by the library where both can read them", () => {
    const damaged = fc.record({ at: fc.nat(value.length - 1), byte: fc.nat(255) })
    const told = fc.property(damaged, ({ at, byte }) => {
      const bytes = value.slice()
      bytes[at] = byte
      const { identities, isUnreadable } = namesOf(bytes)
      const texts = namesByLibrary(bytes)
      if (isUnreadable || texts === undefined) return
      // Those of Fulcio's own form are not looked at by the library.
      expect(identities.filter((text) => texts.includes(text))).toEqual(texts)
    })
    fc.assert(told, { numRuns: 5_000 })
  })
})
