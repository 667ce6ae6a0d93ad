import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readKeyFile } from "../../src/client/key-file.ts"
import { utf8 } from "../../src/core/base/bytes.ts"
import { formatPem, parsePem } from "../../src/core/base/pem.ts"
import { ecdsaCertificate, unsupportedKeys } from "../entry/certificates.ts"
import { makeSigner } from "../entry/signers.ts"
import { expectRefusal, valueOrRefusal } from "../refusals.ts"

const signer = makeSigner("ecdsa-p256")
const der = signer.spki
const pem = formatPem({ label: "PUBLIC KEY", der })

describe("parsePem()", () => {
  it("reads what node:crypto writes, and formatPem() writes the same", async () => {
    const { createPublicKey } = await import("node:crypto")
    const exported = createPublicKey(pem).export({ type: "spki", format: "pem" })
    expect(exported).toBe(pem)
    expect(parsePem(pem, "key")).toEqual({ label: "PUBLIC KEY", der })
  })

  it("allows white space around the block and Windows line ends", () => {
    for (const text of [`\n\n${pem}\n\n`, pem.replaceAll("\n", "\r\n"), pem.trimEnd()]) {
      expect(parsePem(text, "key").der).toEqual(der)
    }
  })

  it.each([
    ["two blocks", pem + pem],
    ["text alone", "key:\n"],
    ["text before on the same line", `key: ${pem}`],
    ["text after on the same line", `${pem.trimEnd()}end`],
    ["a certificate and a key", pem.replaceAll("PUBLIC KEY", "CERTIFICATE") + pem],
    ["another label at the end", pem.replace("END PUBLIC", "END PRIVATE")],
    ["a header", pem.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n")],
    ["a line without an end", pem.replaceAll("\n", "")],
    ["base64 that is not canonical", "-----BEGIN X-----\nYR==\n-----END X-----\n"],
    ["nothing", ""],
  ])("refuses %s", (_name, text) => {
    expectRefusal("malformed", () => parsePem(text, "key"))
  })

  it("refuses what is too long before it reads it", () => {
    expectRefusal("too-large", () => parsePem("-".repeat(131_073), "key"))
  })

  it("gives back what formatPem() wrote for any bytes and any text is read or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        expect(parsePem(formatPem({ label: "X Y", der: bytes }), "key").der).toEqual(bytes)
      }),
    )
    fc.assert(
      fc.property(fc.nat(pem.length), fc.string(), (at, insert) => {
        valueOrRefusal(() => readKeyFile(pem.slice(0, at) + insert + pem.slice(at)))
      }),
    )
  })
})

describe("readKeyFile()", () => {
  it("reads PEM and DER of keys and certificates", () => {
    const certificate = Uint8Array.from(Buffer.from(ecdsaCertificate, "base64"))
    const certificatePem = formatPem({ label: "CERTIFICATE", der: certificate })
    for (const content of [pem, utf8(pem), der]) {
      expect(readKeyFile(content)).toMatchObject({ form: "publicKey", der, keyType: "ecdsa-p256" })
    }
    for (const content of [certificatePem, utf8(certificatePem), certificate]) {
      expect(readKeyFile(content)).toMatchObject({ form: "certificate", der: certificate })
    }
  })

  it("reads the first certificate of a chain, with text around the blocks", () => {
    const certificate = Uint8Array.from(Buffer.from(ecdsaCertificate, "base64"))
    const leaf = formatPem({ label: "CERTIFICATE", der: certificate })
    const issuer = formatPem({ label: "CERTIFICATE", der: Uint8Array.of(0x30, 0) })
    const chain = `Certificate:\n    Data:\n${leaf}subject=CN = issuer\n${issuer}`
    expect(readKeyFile(chain)).toMatchObject({ form: "certificate", der: certificate })
    expect(readKeyFile(utf8(`key:\n${pem}`))).toMatchObject({ form: "publicKey", der })
  })

  it("refuses private keys, other keys and other bytes", () => {
    const secret = signer.privateKey.export({ type: "pkcs8", format: "pem" }) as string
    expectRefusal("malformed", () => readKeyFile(secret))
    expectRefusal("unsupported", () =>
      readKeyFile(Buffer.from(unsupportedKeys.secp256k1, "base64")),
    )
    expectRefusal("malformed", () => readKeyFile(Uint8Array.of(0x30, 0)))
    expectRefusal("malformed", () => readKeyFile(Uint8Array.of()))
    expectRefusal("malformed", () => readKeyFile(Uint8Array.of(0xff, 0xfe)))
  })
})
