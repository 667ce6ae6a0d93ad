// Private keys at rest: what seals them costs each guess, others can read the form, and rot is refused.
import { execFileSync } from "node:child_process"
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { describe, expect, test } from "vitest"
import { parseBase64 } from "../../../src/core/base/text.ts"
import { openPemKey } from "../../../src/crypto/keys/pem-key.ts"
import { keptAs, openSealedKey, sealKey } from "../../../src/crypto/keys/sealed-key.ts"
import { derContents, derElements } from "../../../src/entry/der.ts"
import { expectRefusal, valueOrRefusal } from "../../refusals.ts"

const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
const ed25519 = generateKeyPairSync("ed25519").privateKey
const passphrase = "correct horse"

const derOf = (key: KeyObject) => key.export({ type: "pkcs8", format: "der" })
const plainOf = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }) as string
const oldOf = (key: KeyObject) =>
  key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }) as string

function partsOf(pem: string) {
  const der = parseBase64(pem.replaceAll(/-----[^-]*-----|\s/g, ""), "key")
  const [algorithm, data] = derElements(der) ?? []
  const [derivation, cipher] =
    derElements(derElements(algorithm as Uint8Array)?.[1] as Uint8Array) ?? []
  const parameters = derElements(derElements(derivation as Uint8Array)?.[1] as Uint8Array) ?? []
  const iv = derElements(cipher as Uint8Array)?.[1] as Uint8Array
  return {
    salt: derContents(parameters[0] as Uint8Array, 0x04) as Uint8Array,
    numbers: parameters.slice(1).map((number) => {
      return Number(`0x${Buffer.from(derContents(number, 0x02) as Uint8Array).toString("hex")}`)
    }),
    iv: derContents(iv, 0x04) as Uint8Array,
    hidden: derContents(data as Uint8Array, 0x04) as Uint8Array,
  }
}

describe("a sealed key", () => {
  test.each([
    ["ECDSA", ecdsa],
    ["Ed25519", ed25519],
  ])("of %s opens with its passphrase alone", (_, key) => {
    const pem = sealKey(key, passphrase)
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/)
    expect(derOf(openSealedKey(pem, passphrase) as KeyObject)).toEqual(derOf(key))
    expect(openPemKey(pem, { passphrase }).publicKey.equals(createPublicKey(key))).toBe(true)
    expectRefusal("untrusted", () => openSealedKey(pem, "wrong"))
    expectRefusal("malformed", () => openPemKey(pem, { passphrase: "wrong" }))
    expectRefusal("malformed", () => openPemKey(pem))
    expect(sealKey(key, passphrase)).not.toBe(pem)
  })

  test("costs a guess 64 MB: scrypt with N = 2^16, r = 8, p = 1, and a salt of 16 bytes", () => {
    const { salt, numbers } = partsOf(sealKey(ed25519, passphrase))
    expect(salt).toHaveLength(16)
    expect(numbers).toEqual([65_536, 8, 1])
  })

  test("is opened by OpenSSL's own scrypt and AES, part by part", () => {
    const { salt, iv, hidden } = partsOf(sealKey(ecdsa, passphrase))
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
    const options = ["n:65536", "r:8", "p:1", "maxmem_bytes:134217728"]
    const derived = execFileSync(
      "openssl",
      [
        ...["kdf", "-keylen", "32", "-kdfopt", `pass:${passphrase}`],
        ...["-kdfopt", `hexsalt:${hex(salt)}`, ...options.flatMap((each) => ["-kdfopt", each])],
        "SCRYPT",
      ],
      { encoding: "utf8" },
    )
    const key = derived.replaceAll(/[:\s]/g, "")
    const der = execFileSync("openssl", ["enc", "-d", "-aes-256-cbc", "-K", key, "-iv", hex(iv)], {
      input: hidden,
    })
    expect(der).toEqual(derOf(ecdsa))
  })

  test("of any cost that is not absurd opens; what takes years is refused before it is begun", () => {
    // As OpenSSL writes it, within its own 32 MB.
    const small = execFileSync(
      "openssl",
      ["pkcs8", "-topk8", "-scrypt", "-scrypt_N", "16384", "-passout", `pass:${passphrase}`],
      { input: plainOf(ecdsa), encoding: "utf8" },
    )
    expect(openPemKey(small, { passphrase }).algorithm).toBe("ecdsa-p256")
    expect(keptAs(small)).toBe("weak")
    const der = Buffer.from(
      sealKey(ed25519, passphrase).replaceAll(/-----[^-]*-----|\s/g, ""),
      "base64",
    )
    // N = 2^16 in DER, made 2^30.
    const at = der.indexOf(Buffer.from("0203010000", "hex"))
    const absurd = Buffer.concat([
      ...[der.subarray(0, at), Buffer.from("0204400000", "hex"), der.subarray(at + 5)],
    ])
    const pem = (bytes: Buffer) =>
      `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END ENCRYPTED PRIVATE KEY-----\n`
    expect(() => openPemKey(pem(absurd), { passphrase })).toThrow()
    der.set([0x10, 0, 0], at + 2)
    expectRefusal("too-large", () => openPemKey(pem(der), { passphrase }))
  })

  test("is told from one that is plain and one that few rounds protect", () => {
    expect(keptAs(sealKey(ed25519, passphrase))).toBe("sealed")
    expect(keptAs(plainOf(ed25519))).toBe("plain")
    expect(keptAs(oldOf(ed25519))).toBe("weak")
    expect(openPemKey(oldOf(ed25519), { passphrase }).algorithm).toBe("ed25519")
  })
})

test.each([
  ["ECDSA", ecdsa],
  ["Ed25519", ed25519],
])("a key file of %s with any bit flipped signs as before, or is refused", async (_, key) => {
  const pem = Buffer.from(plainOf(key))
  for (let at = 0; at < pem.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const rotten = Buffer.from(pem)
      rotten[at] = (rotten[at] as number) ^ (1 << bit)
      // Anything but a value or a refusal fails here, and so does a signature that does not hold.
      await valueOrRefusal(() => openPemKey(rotten.toString("latin1")))?.sign(pem)
    }
  }
})
