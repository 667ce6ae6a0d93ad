// The thread that reads long entry bundles. Started by bundle-thread.ts as a worker.
import { parentPort, workerData } from "node:worker_threads"
import { bug } from "../../../core/base/errors.ts"
import { openLogReads } from "../../../storage/log-engine.ts"
import type { FromBundles } from "./bundle-thread.ts"
import { toPlainError } from "./plain-error.ts"

const port = parentPort ?? bug("the thread that reads bundles runs as a worker only")
const reads = openLogReads(workerData as string)

async function answer(index: number): Promise<FromBundles> {
  try {
    return { bytes: await reads.bundle(index) }
  } catch (error) {
    return { error: toPlainError(error) }
  }
}

port.on("message", async (index: number) => {
  const found = await answer(index)
  const buffer = "bytes" in found ? found.bytes?.buffer : undefined
  port.postMessage(found, buffer instanceof ArrayBuffer ? [buffer] : [])
})
