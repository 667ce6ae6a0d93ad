import { describe, expect, test } from "vitest"
import { createAdmission } from "../../../src/cli/witness/admission.ts"
import { makeFork } from "../../../src/evidence/head-evidence.ts"
import type { WitnessedLog } from "../../../src/witness/witness.ts"
import { createMemoryWitnessStore } from "../../storage/memory/witness-store.ts"
import { startWitness } from "../../witness/running-witness.ts"
import { createTestLog } from "../../witness/test-log.ts"

const first = createTestLog({ origin: "first.example", seed: 3 })
const second = createTestLog({ origin: "second.example", seed: 4 })
const forked = createTestLog({ origin: "second.example", seed: 4, forkedAt: 1 })
const logs: readonly WitnessedLog[] = [first, second].map(({ origin, vkey }) => {
  return { origin, vkeys: [vkey] }
})
const [one, two] = logs as readonly [WitnessedLog, WitnessedLog]
const fork = makeFork(second.vkey, second.note(6), forked.note(6))

async function open(store = createMemoryWitnessStore()) {
  const create = async (admitted: readonly WitnessedLog[], seen: readonly string[]) =>
    (await startWitness({ store, logs: admitted, seen })).witness
  return await createAdmission({ logs, store, create })
}

describe("a log that waits", () => {
  test("is not cosigned, and is as soon as it is admitted", async () => {
    const { witness, admit, waiting } = await open()
    await admit([one], [])
    expect(waiting()).toEqual([two])
    await witness.addCheckpoint(first.request(0, 4))
    await expect(witness.addCheckpoint(second.request(0, 4))).rejects.toMatchObject({
      code: "try-later",
    })
    await admit([two], [])
    await witness.addCheckpoint(second.request(0, 4))
    expect(witness.status()).toMatchObject({ logs: [{ size: 4 }, { size: 4 }] })
  })

  test("leaves evidence against it to be sent again, and is frozen by it then", async () => {
    const { witness, admit } = await open()
    await admit([one], [])
    await expect(witness.takeEvidence(fork.text)).rejects.toMatchObject({ code: "try-later" })
    await admit([two], [])
    expect(await witness.takeEvidence(fork.text)).toMatchObject({ origins: [second.origin] })
    expect(witness.status().logs[1]?.frozen).toMatchObject({ evidence: fork.id })
  })

  test("is shown as frozen if it is", async () => {
    const store = createMemoryWitnessStore()
    await store.convict(second.origin, fork, true)
    const { witness, admit } = await open(store)
    await admit([one], [])
    expect(witness.status().logs).toMatchObject([{}, { frozen: { evidence: fork.id } }])
  })
})
