// A digest thread: verifies signatures over ready-made digests through OpenSSL, many a message. Started
// by digest-thread.ts as a worker.
import { parentPort, workerData } from "node:worker_threads"
import { bug } from "../../core/base/errors.ts"
import { createDigestKeys } from "./digest-keys.ts"
import { type DigestThreadData, type FromDigestThread, unpackChecks } from "./digest-message.ts"
import { type ImportKey, loadOpenSsl } from "./openssl.ts"
import { letOthersGoFirst } from "./patience.ts"

const port = parentPort ?? bug("a digest thread runs as a worker only")
const { maxKeys, library, isPatient } = workerData as DigestThreadData

function say(message: FromDigestThread): void {
  port.postMessage(message)
}

function run(importKey: ImportKey): void {
  const keys = createDigestKeys(importKey, maxKeys)
  port.on("message", (packed: Uint8Array) => {
    const answers = unpackChecks(packed).map((check) => (keys.holds(check) ? 1 : 0))
    say({ type: "answers", holds: Uint8Array.from(answers) })
  })
  port.on("close", () => keys.clear())
  say({ type: "ready" })
}

if (isPatient) letOthersGoFirst()
try {
  run(loadOpenSsl(library))
} catch (error) {
  say({ type: "unusable", reason: error instanceof Error ? error.message : String(error) })
}
