// The known answers were made with the seeds 32 x 02 (Ed25519) and 32 x 03 (ML-DSA-44) over a tree of 14.
import { generateKeyPairSync } from "node:crypto"
import { describe, expect, test } from "vitest"
import { parseCheckpointText } from "../../../src/core/note/checkpoint.ts"
import { timestamped, verifyCosignature } from "../../../src/core/note/cosignature.ts"
import { formatSignatureLine, formatVkey } from "../../../src/core/note/note.ts"
import { openPemKey } from "../../../src/crypto/keys/pem-key.ts"
import {
  createEd25519Cosigner,
  createMlDsaCosigner,
  type HeldCosigner,
} from "../../../src/crypto/signers/cosigner.ts"
import { formatSeedFile, parseSeedFile } from "../../../src/crypto/signers/seed-file.ts"
import { expectRefusal } from "../../refusals.ts"
import { ed25519Pem } from "../../signers.ts"

const name = "witness.example/w1"
const time = 1_700_000_000
const text = "log.example/test\n14\npjSxv7zt/y45/+aSAblIZGIQ9OlCvvAbPP4eUWXJU9Y=\n"
const head = parseCheckpointText(text)

async function withMlDsa<T>(work: (cosigner: HeldCosigner) => Promise<T>): Promise<T> {
  const cosigner = createMlDsaCosigner(name, new Uint8Array(32).fill(3))
  try {
    return await work(cosigner)
  } finally {
    await cosigner.close()
  }
}

describe("createEd25519Cosigner()", () => {
  test("has the vkey and makes the line of the known answer", async () => {
    const cosigner = createEd25519Cosigner(name, openPemKey(ed25519Pem(2)))
    expect(formatVkey(cosigner.vkey)).toBe(
      "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
    )
    const signature = timestamped(time, await cosigner.sign(time, text, head))
    expect(formatSignatureLine({ name, keyId: cosigner.vkey.keyId, signature })).toBe(
      "— witness.example/w1 3xwKNQAAAABlU/EA9TglBoqNvoc0Z16NC4llS5odD2mpG2Ev+VI4xN+7iuimRJMd21Qj2DOvIUACLjMPVt+irxLYOlujZEl9fRXWAA==\n",
    )
  })

  test("opens an encrypted key with its passphrase only", () => {
    const pem = ed25519Pem(2, "open sesame")
    expect(
      createEd25519Cosigner(name, openPemKey(pem, { passphrase: "open sesame" })).vkey.keyId,
    ).toBe(0xdf1c0a35)
    expectRefusal("malformed", () => openPemKey(pem, { passphrase: "open barley" }))
    expectRefusal("malformed", () => createEd25519Cosigner(name, openPemKey(pem)))
  })

  test("refuses another kind of key and another text", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string
    expectRefusal("unsupported", () => createEd25519Cosigner(name, openPemKey(pem)))
    expectRefusal("malformed", () => openPemKey("no key"))
  })

  test.each([0, -1, 1.5, Number.NaN])("does not sign at the time %s", async (at) => {
    const cosigner = createEd25519Cosigner(name, openPemKey(ed25519Pem(2)))
    await expect(cosigner.sign(at, text, head)).rejects.toThrow(/no time to cosign at/)
  })
})

describe("createMlDsaCosigner()", () => {
  test("has the key ID of the known answer and makes lines that verify", async () => {
    await withMlDsa(async ({ vkey, sign }) => {
      expect([vkey.type, vkey.keyId]).toEqual([6, 0xca57e9ac])
      const signature = timestamped(time, await sign(time, text, head))
      expect(verifyCosignature(vkey, text, head, signature)).toBe(time)
      const other = { ...head, size: 15 }
      expectRefusal("bad-signature", () => verifyCosignature(vkey, text, other, signature))
    })
  })

  test("signs the same head twice with different randomness", async () => {
    await withMlDsa(async ({ sign }) => {
      const [one, other] = await Promise.all([sign(time, text, head), sign(time, text, head)])
      expect(one).not.toEqual(other)
    })
  })

  test("does not sign at the time 0, and takes seeds of 32 bytes only", async () => {
    await withMlDsa(({ sign }) =>
      expect(sign(0, text, head)).rejects.toThrow(/no time to cosign at/),
    )
    expectRefusal("malformed", () => createMlDsaCosigner(name, new Uint8Array(31)))
  })
})

describe("a seed file", () => {
  const seed = new Uint8Array(32).fill(7)

  test("gives back the seed, plain or with its passphrase", () => {
    expect(parseSeedFile(formatSeedFile(seed, undefined), undefined)).toEqual(seed)
    expect(parseSeedFile(formatSeedFile(seed, undefined), "not needed")).toEqual(seed)
    expect(parseSeedFile(formatSeedFile(seed, "open sesame"), "open sesame")).toEqual(seed)
  })

  test("hides the seed, differently each time", () => {
    const [one, other] = [formatSeedFile(seed, "open sesame"), formatSeedFile(seed, "open sesame")]
    expect(one).not.toBe(other)
    expect(one).not.toContain(Buffer.from(seed).toString("base64").slice(0, 16))
  })

  test("is refused without the passphrase, with another one, and changed", () => {
    const sealed = formatSeedFile(seed, "open sesame")
    const [header = "", body = ""] = sealed.split("\n")
    const flipped = `${body.startsWith("A") ? "B" : "A"}${body.slice(1)}`
    expectRefusal("untrusted", () => parseSeedFile(sealed, undefined))
    expectRefusal("untrusted", () => parseSeedFile(sealed, "open barley"))
    expectRefusal("untrusted", () => parseSeedFile(`${header}\n${flipped}\n`, "open sesame"))
    for (const text of ["", "seed\n", `${header}\nAAAA\n`, `${sealed}more\n`, `${header}\n!\n`]) {
      expectRefusal("malformed", () => parseSeedFile(text, "open sesame"))
    }
  })
})
