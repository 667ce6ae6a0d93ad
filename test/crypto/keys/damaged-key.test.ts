// Key files of which any byte has rotted: what is wrong is said in words, or another key is opened, which whoever knows
// the log's keys then refuses.
import { generateKeyPairSync } from "node:crypto"
import { describe, expect, test } from "vitest"
import { Refusal } from "../../../src/core/base/errors.ts"
import { openPemKey } from "../../../src/crypto/keys/pem-key.ts"
import { keptAs, sealKey } from "../../../src/crypto/keys/sealed-key.ts"

const PASSPHRASE = "correct horse"
/** Opening takes a fifth of a second, so a key that is sealed is tried at every so many bytes. */
const SEALED_STEP = 40

const kinds = {
  "ECDSA P-256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  Ed25519: () => generateKeyPairSync("ed25519").privateKey,
} as const

/** Each byte with another bit flipped. */
function* rotten(text: string, step = 1): Generator<string> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += step) {
    const copy = Buffer.from(bytes)
    copy[at] = (copy[at] as number) ^ (1 << (at % 8))
    yield copy.toString("utf8")
  }
}

function complaintOf(pem: string, passphrase?: string): string | undefined {
  try {
    openPemKey(pem, { passphrase, what: "log key k.pem" })
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error.message
    throw error
  }
}

function expectWords(pem: string, passphrase?: string, step?: number): void {
  let complaints = 0
  for (const flipped of rotten(pem, step)) {
    const complaint = complaintOf(flipped, passphrase)
    if (complaint === undefined) continue
    complaints += 1
    expect(complaint).toMatch(/^log key k\.pem: expected .*, found /)
  }
  expect(complaints).toBeGreaterThan(0)
}

describe.each(Object.entries(kinds))("a key file of %s with any byte flipped", (_, make) => {
  test("as it is", () => {
    expectWords(String(make().export({ type: "pkcs8", format: "pem" })))
  })

  test("as OpenSSL encrypts it", () => {
    const encryption = { cipher: "aes-256-cbc", passphrase: PASSPHRASE }
    expectWords(String(make().export({ type: "pkcs8", format: "pem", ...encryption })), PASSPHRASE)
  })

  test("as this program seals it", () => {
    const sealed = sealKey(make(), PASSPHRASE)
    expectWords(sealed, PASSPHRASE, SEALED_STEP)
    for (const flipped of rotten(sealed)) {
      try {
        expect(keptAs(flipped)).toMatch(/plain|sealed|weak/)
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal)
      }
    }
  })
})
