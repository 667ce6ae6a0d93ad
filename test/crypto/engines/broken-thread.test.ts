import type { Worker } from "node:worker_threads"
import { expect, it, vi } from "vitest"
import { createNativeVerifier } from "../../../src/crypto/engines/native.ts"
import { makeCheck, makeSigner } from "../../entry/signers.ts"

const { started } = vi.hoisted(() => ({ started: [] as Worker[] }))

// The real worker, remembered, so that the test can end it from outside as a lack of memory would.
vi.mock("node:worker_threads", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:worker_threads")>()
  class RememberedWorker extends original.Worker {
    constructor(...args: ConstructorParameters<typeof original.Worker>) {
      super(...args)
      started.push(this)
    }
  }
  return { ...original, Worker: RememberedWorker }
})

it("a verification thread that ends by itself is reported once, and its checks are rejected", async () => {
  const reasons: Error[] = []
  const verifier = await createNativeVerifier({ onBroken: (reason) => reasons.push(reason) })
  const algorithm = "PKIX_ECDSA_P256_SHA_256"
  const message = new TextEncoder().encode("artifact")
  const check = makeCheck(makeSigner("ecdsa-p256"), algorithm, "digest", message)
  expect(await verifier.verify(check)).toBe(true)
  expect(reasons).toEqual([])
  await Promise.all(started.map((worker) => worker.terminate()))
  expect(reasons.map(({ message }) => message)).toEqual(
    started.map(() => expect.stringMatching(/ended/)),
  )
  await expect(verifier.verify(check)).rejects.toThrow(/ended/)
  await verifier.close()
})

it("a verifier that is closed reports nothing", async () => {
  const reasons: Error[] = []
  const verifier = await createNativeVerifier({ onBroken: (reason) => reasons.push(reason) })
  await verifier.close()
  expect(reasons).toEqual([])
})
