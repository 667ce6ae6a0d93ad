// Digests in every way in which people write them are one digest, or are refused with what to write.
import { createHash } from "node:crypto"
import { expect, test } from "vitest"
import { readDigest, writtenDigest } from "../../../src/core/base/written-digest.ts"
import { expectRefusal } from "../../refusals.ts"

const digest = createHash("sha256").update("x").digest()
const hex = digest.toString("hex")
const long = createHash("sha512").update("x").digest()

test.each([
  `sha256:${hex}`,
  `SHA256:${hex.toUpperCase()}`,
  hex,
  hex.toUpperCase(),
  `sha-256:${hex}`,
  `sha2-256:${hex}`,
  `registry.example/app:1.0@sha256:${hex}`,
  `sha256-${digest.toString("base64")}`,
  `sha256-${digest.toString("base64url")}`,
  ` sha256:${hex}\n`,
])("%j is the digest", (text) => {
  expect(readDigest(text)).toBe(`sha256:${hex}`)
})

test("npm's integrity of SHA-512 is one, and digests of other algorithms keep their name", () => {
  expect(readDigest(`sha512-${long.toString("base64")}`)).toBe(`sha512:${long.toString("hex")}`)
  expect(writtenDigest("gitCommit:ABCD")).toBe("gitCommit:abcd")
})

test.each([
  "",
  "sha256:",
  hex.slice(1),
  `sha256:${hex.slice(1)}`,
  `sha256-${digest.toString("base64").slice(4)}`,
  `sha256: ${hex}`,
  "app:1.0",
  `sha384-${digest.toString("base64")}`,
])("%j is none, and it is said what to write", (text) => {
  expect(expectRefusal("malformed", () => readDigest(text)).message).toMatch(
    /sha256: and 64 hex digits.*IMAGE@sha256:HEX or sha256-BASE64/,
  )
})
