import { describe, expect, it, vi } from "vitest"
import { Trouble } from "../../src/core/errors.ts"
import { createSignatureVerifier } from "../../src/crypto/verification.ts"

vi.mock("koffi", () => ({
  default: {
    config: () => ({}),
    load: () => ({
      func: () => {
        throw new Error("Cannot find function 'd2i_PUBKEY'")
      },
    }),
  },
}))

describe("createSignatureVerifier() where OpenSSL cannot be called", () => {
  it("falls back to the portable engine and says why", async () => {
    const verifier = await createSignatureVerifier()
    expect(verifier.engine).toMatch(/^portable .*because OpenSSL of this process/)
    await verifier.close()
  })

  it("rejects with trouble when the native engine is asked for", async () => {
    await expect(createSignatureVerifier({ engine: "native" })).rejects.toBeInstanceOf(Trouble)
  })
})
