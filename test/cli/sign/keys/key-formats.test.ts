// Keys of other programs: each is opened, and what it signs OpenSSL verifies under the public key that the other program
// wrote; and what nobody should have to open is refused with what is wrong.
import { execFileSync, spawnSync } from "node:child_process"
import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  verify,
} from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type PrivateKey, readPrivateKey } from "../../../../src/cli/sign/keys/private-key.ts"
import { Refusal } from "../../../../src/core/base/errors.ts"
import { sealKey } from "../../../../src/crypto/keys/sealed-key.ts"
import { algorithms, digestAlgorithm } from "../../../../src/entry/algorithm.ts"
import { expectRefusal } from "../../../refusals.ts"
import {
  COSIGN_2,
  COSIGN_2_PUBLIC,
  COSIGN_3,
  COSIGN_3_PUBLIC,
  COSIGN_ED25519,
  COSIGN_ED25519_PUBLIC,
  OPENSSH,
  OPENSSH_ENCRYPTED,
} from "./other-programs.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-keys-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

const message = Buffer.from("what is signed")

/** Ed25519ph is not OpenSSL's, so such a key shows itself by the signature of a message. */
function expectSigner(key: PrivateKey, publicKey: KeyObject): void {
  const spki = publicKey.export({ type: "spki", format: "der" })
  expect(Buffer.from(key.verifier.spki)).toEqual(spki)
  const { keyType } = key.verifier
  const hash = keyType === "ed25519" ? null : algorithms[digestAlgorithm[keyType]].hash
  const signature = key.signMessage(message)
  expect(verify(hash, message, publicKey, signature)).toBe(true)
  expect(key.signMessage(message)).toEqual(signature)
  expect(key.signBytes(message)).toEqual(key.signBytes(message))
}

function refusalOf(text: string, passphrase?: string): Refusal {
  try {
    readPrivateKey(text, passphrase, "signer.key")
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error("it was taken")
}

describe("cosign's keys", () => {
  test.each([
    ["version 2.5", COSIGN_2, "secret", COSIGN_2_PUBLIC],
    ["version 3.1, without a passphrase", COSIGN_3, "", COSIGN_3_PUBLIC],
    ["an imported Ed25519 key", COSIGN_ED25519, "x", COSIGN_ED25519_PUBLIC],
    ["the older label", COSIGN_2.replaceAll("SIGSTORE", "COSIGN"), "secret", COSIGN_2_PUBLIC],
    ["lines that end as on Windows", COSIGN_2.replaceAll("\n", "\r\n"), "secret", COSIGN_2_PUBLIC],
  ])("are opened: %s", (_name, key, passphrase, publicKey) => {
    expectSigner(readPrivateKey(key, passphrase), createPublicKey(publicKey))
  })

  test("are refused without a passphrase, and with another one, each in its own words", () => {
    expect(refusalOf(COSIGN_2)).toMatchObject({
      code: "untrusted",
      message: expect.stringContaining("signer.key is encrypted: give the right passphrase"),
    })
    expect(refusalOf(COSIGN_2).message).toContain("COSIGN_PASSWORD")
    expect(refusalOf(COSIGN_2, "Secret")).toMatchObject({
      code: "untrusted",
      message: expect.stringContaining("found one that does not open it"),
    })
  })

  /** The key with members of its JSON changed. */
  function changed(change: (json: Record<string, Record<string, unknown>>) => unknown): string {
    const base64 = COSIGN_2.split("-----")[2] ?? ""
    const json = JSON.parse(Buffer.from(base64, "base64").toString()) as Record<
      string,
      Record<string, unknown>
    >
    const text = JSON.stringify(change(json))
    const label = "ENCRYPTED SIGSTORE PRIVATE KEY"
    return `-----BEGIN ${label}-----\n${Buffer.from(text).toString("base64")}\n-----END ${label}-----\n`
  }

  test.each([
    ["N = 2^40", { N: 2 ** 40, r: 8, p: 1 }],
    ["N = 2^52, as text", { N: String(2 ** 52), r: 8, p: 1 }],
    ["a large r", { N: 65_536, r: 1_000_000, p: 1 }],
    ["a large p", { N: 65_536, r: 8, p: 100_000 }],
    ["a gigabyte", { N: 2 ** 20, r: 8, p: 1 }],
  ])("are refused before anything is derived if scrypt costs too much: %s", (_name, params) => {
    const key = changed((json) => ({ ...json, kdf: { ...json["kdf"], params } }))
    expect(refusalOf(key, "secret")).toMatchObject({
      code: "too-large",
      message: expect.stringContaining("scrypt parameters up to 256 MiB"),
    })
  })

  test.each([
    ["an N that is no power of two", "malformed", { N: 65_535, r: 8, p: 1 }],
    ["no r", "malformed", { N: 65_536, p: 1 }],
    ["a p of nothing", "malformed", { N: 65_536, r: 8, p: 0 }],
  ] as const)("are refused for %s", (_name, code, params) => {
    const key = changed((json) => ({ ...json, kdf: { ...json["kdf"], params } }))
    expect(refusalOf(key, "secret").code).toBe(code)
  })

  test("are refused with other ciphers, short nonces, and what is no JSON", () => {
    const cipher = changed((json) => ({ ...json, cipher: { ...json["cipher"], name: "rot13" } }))
    expect(refusalOf(cipher, "secret")).toMatchObject({
      code: "unsupported",
      message: expect.stringContaining('expected "nacl/secretbox", found "rot13"'),
    })
    const kdf = changed((json) => ({ ...json, kdf: { ...json["kdf"], name: "argon2" } }))
    expect(refusalOf(kdf, "secret").code).toBe("unsupported")
    const nonce = changed((json) => ({ ...json, cipher: { ...json["cipher"], nonce: "AAAA" } }))
    expect(refusalOf(nonce, "secret").code).toBe("malformed")
    const short = changed((json) => ({ ...json, ciphertext: "AAAA" }))
    expect(refusalOf(short, "secret").code).toBe("malformed")
    expect(
      refusalOf(
        changed(() => []),
        "secret",
      ).code,
    ).toBe("malformed")
  })

  test("are refused if what is inside was changed", () => {
    const damaged = changed((json) => {
      const bytes = Buffer.from(String(json["ciphertext"]), "base64")
      bytes[40] = (bytes[40] ?? 0) ^ 1
      return { ...json, ciphertext: bytes.toString("base64") }
    })
    expect(refusalOf(damaged, "secret").code).toBe("untrusted")
  })
})

describe("OpenSSH's keys", () => {
  test.each(Object.entries(OPENSSH))("are opened: %s", (type, text) => {
    const key = readPrivateKey(text)
    expect(key.verifier.keyType).toBe(type)
    expectSigner(
      key,
      createPublicKey({ key: Buffer.from(key.verifier.spki), format: "der", type: "spki" }),
    )
  })

  test("have the public half that ssh-keygen shows", (context) => {
    if (spawnSync("ssh-keygen", ["-?"]).error !== undefined) context.skip()
    for (const [type, text] of Object.entries(OPENSSH)) {
      const file = join(folder, `${type}.openssh`)
      writeFileSync(file, text, { mode: 0o600 })
      const shown = execFileSync("ssh-keygen", ["-y", "-f", file]).toString()
      const blob = Buffer.from(shown.split(" ")[1] ?? "", "base64")
      const { verifier } = readPrivateKey(text)
      const raw = Buffer.from(verifier.spki)
      // The end of both forms is the point, or the 32 bytes of Ed25519; RSA's ends with its modulus.
      const tail = type === "rsa-3072" ? blob.subarray(-384) : blob.subarray(-32)
      expect(raw.includes(tail)).toBe(true)
    }
  })

  test.each(Object.entries(OPENSSH_ENCRYPTED))(
    "that are encrypted are refused with a command that makes a copy which is read: %s",
    (type, text) => {
      const path = join(folder, `an encrypted ${type}`)
      writeFileSync(path, text, { mode: 0o600 })
      const found = (() => {
        try {
          readPrivateKey(text, "pw", path)
          return ""
        } catch (error) {
          expect((error as Refusal).code).toBe("unsupported")
          return (error as Refusal).message
        }
      })()
      const command = found.slice(found.indexOf("cp "))
      expect(command).toContain("ssh-keygen -p")
      if (spawnSync("ssh-keygen", ["-?"]).error !== undefined) return
      // Nobody is there to type, so the passphrases are given as options of the very same command.
      const typed = command.includes("-N ''") ? command : command.replace(" -p ", " -p -N longer ")
      execFileSync("sh", ["-c", typed.replace(" -p ", " -p -q -P pw ")])
      const copy = readFileSync(`${path}.pem`, "utf8")
      expect(readPrivateKey(copy, "longer").verifier.keyType).toBe(type)
    },
  )

  /** The text of a key of which one byte was changed, or the end is missing. */
  function armoured(bytes: Uint8Array): string {
    const base64 = Buffer.from(bytes).toString("base64")
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${base64}\n-----END OPENSSH PRIVATE KEY-----\n`
  }
  const blobOf = (text: string) => Buffer.from(text.split("-----")[2] ?? "", "base64")

  test("are refused as malformed wherever they are cut off", () => {
    const blob = blobOf(OPENSSH["ecdsa-p256"])
    for (let length = 1; length < blob.length; length += 7) {
      expectRefusal("malformed", () => readPrivateKey(armoured(blob.subarray(0, length))))
    }
  })

  test("never end in anything but a key or a refusal, whatever byte is changed", () => {
    for (const text of [OPENSSH["ecdsa-p256"], OPENSSH["ed25519"]]) {
      const blob = blobOf(text)
      for (let at = 0; at < blob.length; at++) {
        const copy = Buffer.from(blob)
        copy[at] = (copy[at] ?? 0) ^ 0x55
        try {
          readPrivateKey(armoured(copy))
        } catch (error) {
          expect(error, `byte ${at}`).toBeInstanceOf(Refusal)
        }
      }
    }
  })

  test("with a private half that belongs to another public half are refused", () => {
    const blob = blobOf(OPENSSH["ed25519"])
    const { verifier } = readPrivateKey(OPENSSH["ed25519"])
    const half = Buffer.from(verifier.spki.subarray(-32))
    const at = blob.lastIndexOf(half, blob.lastIndexOf(half) - 1)
    const copy = Buffer.from(blob)
    copy[at] = (copy[at] ?? 0) ^ 1
    expectRefusal("malformed", () => readPrivateKey(armoured(copy)))
  })
})

const hasOpenssl = spawnSync("openssl", ["version"]).error === undefined

describe.skipIf(!hasOpenssl)("OpenSSL's keys", () => {
  const openssl = (...words: string[]) =>
    execFileSync("openssl", words, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] }).toString()

  const PARAMETERS = ["ecparam", "-name", "prime256v1", "-genkey"]
  test.each([
    ["with parameters before it", PARAMETERS],
    ["of PKCS#1", ["genrsa", "-traditional", "2048"]],
    ["of Ed25519", ["genpkey", "-algorithm", "ed25519"]],
  ])("are opened: a key %s", (_name, words) => {
    const text = openssl(...words)
    writeFileSync(join(folder, "made.pem"), text)
    const publicKey = createPublicKey(openssl("pkey", "-in", "made.pem", "-pubout"))
    expectSigner(readPrivateKey(text), publicKey)
  })

  test.each([
    ["PBKDF2", ["pkcs8", "-topk8", "-v2", "aes256"]],
    ["scrypt", ["pkcs8", "-topk8", "-scrypt"]],
    ["the scheme of PKCS#5 1.5", ["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"]],
    ["the older PEM's scheme", ["ec", "-aes128"]],
  ])("are opened with their passphrase, and with no other: by %s", (_name, words) => {
    writeFileSync(join(folder, "plain.pem"), openssl(...PARAMETERS))
    const publicKey = createPublicKey(openssl("pkey", "-in", "plain.pem", "-pubout"))
    const text = openssl(...words, "-in", "plain.pem", "-passout", "pass:pw")
    expectSigner(readPrivateKey(text, "pw"), publicKey)
    expect(refusalOf(text).message).toContain("is encrypted: give the right passphrase")
    for (const wrong of ["", "PW", "another one"]) {
      expect(refusalOf(text, wrong).message).toContain("found one that does not open it")
    }
  })

  test("verifies what is signed here, and signs what is verified here", () => {
    const text = openssl(...PARAMETERS)
    writeFileSync(join(folder, "both.pem"), text)
    writeFileSync(join(folder, "both.pub"), openssl("pkey", "-in", "both.pem", "-pubout"))
    writeFileSync(join(folder, "both.txt"), message)
    const key = readPrivateKey(text)
    writeFileSync(join(folder, "both.sig"), key.signBytes(message).signature)
    const words = ["dgst", "-sha256", "-verify", "both.pub", "-signature", "both.sig", "both.txt"]
    expect(openssl(...words)).toContain("Verified OK")
  })
})

describe("what is no key", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const plain = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  const encrypted = privateKey
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "pw" })
    .toString()
  const expectedText = "private key: expected"

  test.each([
    ["nothing", "", "malformed", "found no PEM"],
    [
      "a public key",
      publicKey.export({ type: "spki", format: "pem" }).toString(),
      "malformed",
      "found only PUBLIC KEY",
    ],
    ["a key that is cut off", plain.slice(0, 120), "malformed", "found a truncated file"],
    [
      "a key of DSA",
      plain.replaceAll("PRIVATE KEY", "DSA PRIVATE KEY"),
      "unsupported",
      "found DSA PRIVATE KEY",
    ],
    [
      "text that is no base64",
      plain.replace(/\n.{20}/, "\n!".padEnd(22, "?")),
      "malformed",
      expectedText,
    ],
    ["other bytes", plain.replace(/\n.{64}/, `\n${"QUFB".repeat(16)}`), "malformed", expectedText],
    ["a key of PuTTY's", "PuTTY-User-Key-File-3: ssh-ed25519\n", "unsupported", "puttygen"],
    ["a file that goes on and on", "a".repeat(200_000), "too-large", expectedText],
  ] as const)("is refused: %s", (_name, text, code, message) => {
    const refusal = refusalOf(text, "pw")
    expect(refusal.code).toBe(code)
    expect(refusal.message).toContain(message)
  })

  test("is never shown in a message", () => {
    const secret = plain.split("\n")[1] ?? ""
    for (const text of [plain.slice(0, 120), plain.replace("BEGIN", "BEGAN"), `${secret}\n`]) {
      expect(refusalOf(text).message).not.toContain(secret.slice(0, 8))
    }
  })

  test("is opened as this program itself encrypts keys", () => {
    const { privateKey: key, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const text = sealKey(key, "open sesame")
    expectSigner(readPrivateKey(text, "open sesame"), publicKey)
    expect(refusalOf(text, "another").message).toContain("found one that does not open it")
  })

  test("is refused with what is wrong if an encrypted key is cut off inside of its PEM", () => {
    const lines = encrypted.split("\n")
    const short = [...lines.slice(0, 3), ...lines.slice(-2)].join("\n")
    expect(refusalOf(short, "pw")).toMatchObject({
      code: "malformed",
      message: expect.stringContaining("found other or truncated bytes"),
    })
  })

  test("is refused if it demands more work on the passphrase than anybody needs", () => {
    const der = Buffer.from(encrypted.split("-----")[2] ?? "", "base64")
    // The iterations are an INTEGER of two bytes behind the salt; four more make it a few billion.
    const at = der.indexOf(Buffer.from([0x02, 0x02, 0x08, 0x00]))
    expect(at).toBeGreaterThan(0)
    const more = Buffer.concat([
      der.subarray(0, at),
      Buffer.from([0x02, 0x04, 0x7f, 0xff, 0xff, 0xff]),
      der.subarray(at + 4),
    ])
    // Four elements around it grow by two bytes: SEQUENCEs with lengths of one or two bytes.
    expect(refusalOf(regrown(more, at), "pw")).toMatchObject({
      code: "too-large",
      message: expect.stringContaining("iterations over the passphrase, found 2147483647"),
    })
  })

  /** Mends the lengths of the elements around what grew by two bytes at `at`. */
  function regrown(der: Buffer, at: number): string {
    let from = 0
    while (from < at) {
      const first = der[from + 1] ?? 0
      const size = first < 0x80 ? 0 : first - 0x80
      const head = 2 + size
      const length =
        size === 0 ? first : Number(`0x${der.subarray(from + 2, from + head).toString("hex")}`)
      const end = from + head + length
      const tag = der[from] ?? 0
      if (end > at && (tag & 0x20) !== 0) {
        if (size === 0) der[from + 1] = first + 2
        else der[from + head - 1] = (der[from + head - 1] ?? 0) + 2
        from += head
      } else from = end
    }
    return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${der.toString("base64")}\n-----END ENCRYPTED PRIVATE KEY-----\n`
  }

  test("is refused, and nothing else happens, whatever bytes it is of", () => {
    const labels = [
      "PRIVATE KEY",
      "ENCRYPTED PRIVATE KEY",
      "OPENSSH PRIVATE KEY",
      "ENCRYPTED SIGSTORE PRIVATE KEY",
    ]
    for (const label of labels) {
      for (let round = 0; round < 50; round++) {
        const base64 = randomBytes(1 + round * 3).toString("base64")
        const text = `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
        expect(refusalOf(text, "pw")).toBeInstanceOf(Refusal)
      }
    }
  })
})

describe("numbers that do not belong together", () => {
  const pemOf = (label: string, der: Uint8Array) =>
    `-----BEGIN ${label}-----\n${Buffer.from(der).toString("base64")}\n-----END ${label}-----\n`

  test("of an elliptic curve are refused before anything is signed", () => {
    const [own, other] = ["own", "other"].map(() =>
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
        type: "sec1",
        format: "der",
      }),
    ) as [Buffer, Buffer]
    const mixed = Buffer.concat([own.subarray(0, -65), other.subarray(-65)])
    const refusal = refusalOf(pemOf("EC PRIVATE KEY", mixed))
    expect(refusal).toMatchObject({ code: "malformed" })
    expect(refusal.message).toContain("expected it to belong to the public key beside it")
  })

  test("of RSA are refused, since a signature by them may give the key away", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const der = Buffer.from(privateKey.export({ type: "pkcs1", format: "der" }))
    // Inside of the modulus.
    der[200] = (der[200] as number) ^ 1
    expect(refusalOf(pemOf("RSA PRIVATE KEY", der))).toMatchObject({ code: "malformed" })
  })
})

describe("one key in several forms", () => {
  test("of its point and its curve is one key, and signs the same", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const plain = join(folder, "forms.pem")
    writeFileSync(plain, privateKey.export({ type: "sec1", format: "pem" }))
    const expected = readPrivateKey(readFileSync(plain, "utf8"))
    for (const form of ["-conv_form=compressed", "-param_enc=explicit"]) {
      const [option = "", value = ""] = form.split("=")
      const words = ["ec", "-in", plain, option, value]
      const text = execFileSync("openssl", words, { encoding: "utf8", stdio: "pipe" })
      const key = readPrivateKey(text)
      expect(key.verifier.spki).toEqual(expected.verifier.spki)
      expect(key.signBytes(message)).toEqual(expected.signBytes(message))
    }
  })
})
