// The key of a server's certificate, however it is encrypted.
import { createPrivateKey } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import { readTlsPair } from "../../../src/cli/serving/tls-pair.ts"
import { sealKey } from "../../../src/crypto/keys/sealed-key.ts"
import { newAuthority } from "../../scenarios/serving/certificates.ts"

test("a TLS key is opened as OpenSSL encrypts it, and as this program does", async () => {
  const { issue } = newAuthority()
  const { certificate, key } = issue("server")
  const files = { certificate, key, clientCa: undefined, isRequired: false }
  const plain = createPrivateKey(readFileSync(key))
  const encrypted = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc" } as const
  for (const text of [
    plain.export({ ...encrypted, passphrase: "open sesame" }) as string,
    sealKey(plain, "open sesame"),
  ]) {
    writeFileSync(key, text)
    expect((await readTlsPair(files, "open sesame")).names).toContain("DNS:log.example")
    await expect(readTlsPair(files, "another")).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining("one that --passphrase-file does not open"),
    })
    await expect(readTlsPair(files, undefined)).rejects.toMatchObject({ code: "untrusted" })
  }
})
