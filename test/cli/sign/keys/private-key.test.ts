import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ed25519ph } from "@noble/curves/ed25519.js"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { digestFile } from "../../../../src/cli/command/file.ts"
import { readPrivateKey } from "../../../../src/cli/sign/keys/private-key.ts"
import { digestOf } from "../../../../src/core/base/digest.ts"
import { Trouble } from "../../../../src/core/base/errors.ts"
import { digestAlgorithm } from "../../../../src/entry/algorithm.ts"
import { verifyPortably } from "../../../../src/entry/portable-verification.ts"
import { expectRefusal } from "../../../refusals.ts"

/** Longer than one chunk of the stream. */
const artifact = Buffer.alloc(3_000_000, "countersign")
let folder: string
let file: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-key-"))
  file = join(folder, "artifact")
  writeFileSync(file, artifact)
})

afterAll(() => rmSync(folder, { recursive: true }))

function pem(key: KeyObject, type: "pkcs8" | "sec1" | "pkcs1" = "pkcs8"): string {
  return (key.export as (options: object) => string).call(key, { type, format: "pem" })
}

describe("readPrivateKey()", () => {
  it.each([
    ["P-256", generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, "sec1"],
    ["P-384", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey, "pkcs8"],
    ["P-521", generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey, "pkcs8"],
    ["RSA-2048", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, "pkcs1"],
    ["Ed25519", generateKeyPairSync("ed25519").privateKey, "pkcs8"],
  ] as const)(
    "makes signatures over files that the log accepts: %s",
    async (_name, secret, type) => {
      const key = readPrivateKey(pem(secret, type))
      const { hash, digest, signature } = await key.signFile(file)
      const { spki, keyType } = key.verifier
      expect(Buffer.from(digest)).toEqual(Buffer.from(digestOf(hash, artifact)))
      const algorithm = digestAlgorithm[keyType]
      const signed = { form: "digest", digest } as const
      expect(verifyPortably({ algorithm, spki, signature, signed })).toBe(true)
    },
  )

  it("signs a streamed file as the library's Ed25519ph signs the same bytes", async () => {
    const { privateKey } = generateKeyPairSync("ed25519")
    const seed = privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32)
    const { signature } = await readPrivateKey(pem(privateKey)).signFile(file)
    expect(signature).toEqual(ed25519ph.sign(artifact, seed))
  })

  it("refuses what is no key and keys that the log does not take", () => {
    const brainpool = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey
    const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey
    expectRefusal("malformed", () => readPrivateKey("no key"))
    expectRefusal("unsupported", () => readPrivateKey(pem(brainpool)))
    expectRefusal("unsupported", () => readPrivateKey(pem(small)))
  })
})

describe("digestFile()", () => {
  it("gives the digests that were asked for", async () => {
    const digests = await digestFile(file, ["sha256", "sha512"])
    expect(Object.keys(digests)).toEqual(["sha256", "sha512"])
    for (const hash of ["sha256", "sha512"] as const) {
      expect(Buffer.from(digests[hash] ?? [])).toEqual(Buffer.from(digestOf(hash, artifact)))
    }
  })

  it("has trouble with files that are not there", async () => {
    await expect(digestFile(join(folder, "missing"), ["sha256"])).rejects.toThrow(Trouble)
    await expect(digestFile(folder, ["sha256"])).rejects.toThrow(Trouble)
  })
})
