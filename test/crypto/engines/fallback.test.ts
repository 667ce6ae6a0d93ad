import { describe, expect, it } from "vitest"
import { Trouble } from "../../../src/core/base/errors.ts"
import { createSignatureVerifier } from "../../../src/crypto/engines/verification.ts"

// A library without a single function of OpenSSL: the native engine must notice before it is used.
const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
const library = sharedObjects.find((file) => file.includes("libm.so")) ?? "no such library"

describe("createSignatureVerifier() where OpenSSL cannot be called", () => {
  it("falls back to the portable engine and says why", async () => {
    const verifier = await createSignatureVerifier({ library })
    expect(verifier.engine).toMatch(/^portable .*because .*OpenSSL of this process/)
    await verifier.close()
  })

  it("rejects with trouble when the native engine is asked for", async () => {
    const making = createSignatureVerifier({ engine: "native", library })
    await expect(making).rejects.toBeInstanceOf(Trouble)
  })
})
