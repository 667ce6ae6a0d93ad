import { afterAll, beforeAll, expect, test } from "vitest"
import { createCanarySubmitter } from "../../../src/cli/monitor/canary-submitter.ts"
import { Refusal, Trouble } from "../../../src/core/base/errors.ts"
import { formatHex } from "../../../src/core/base/text.ts"
import { openServedLog, type ServedLog } from "../../http/served-log.ts"

let served: ServedLog
beforeAll(async () => {
  served = await openServedLog()
})
afterAll(() => served.close())

function submitter(vkeys = served.log.vkeys, port = served.port) {
  const trust = { origin: served.log.origin, vkeys }
  const url = `http://127.0.0.1:${port}`
  return createCanarySubmitter({ url, trust, fetch: globalThis.fetch, timeout: 5_000 })
}

test("a canary's leaf hash is known before it is submitted, and no two are the same", async () => {
  const prepared = [await submitter().prepare(), await submitter().prepare()]
  for (const [i, canary] of prepared.entries()) {
    const receipt = await canary.submit()
    expect(receipt.index).toBe(i)
    const entry = await served.log.entry(i)
    expect(formatHex(entry.leafHash)).toBe(formatHex(canary.leafHash))
    expect(receipt.checkpoint).toBe(served.log.head().checkpoint)
  }
  expect(prepared[0]?.leafHash).not.toEqual(prepared[1]?.leafHash)
})

test("a canary fails if the receipt does not hold, or nobody answers", async () => {
  const foreign = await openServedLog()
  const stranger = await submitter(foreign.log.vkeys).prepare()
  await expect(stranger.submit()).rejects.toBeInstanceOf(Refusal)
  const { port } = foreign
  await foreign.close()
  const nobody = await submitter(served.log.vkeys, port).prepare()
  await expect(nobody.submit()).rejects.toBeInstanceOf(Trouble)
})
