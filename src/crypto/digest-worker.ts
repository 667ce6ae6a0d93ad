// A digest thread: verifies signatures over ready-made digests through OpenSSL, many a message. Started
// by digest-thread.ts as a worker.
import { parentPort, workerData } from "node:worker_threads"
import { bug } from "../core/errors.ts"
import { algorithms, digestLength } from "../entry/algorithm.ts"
import { createDigestKeys, type DigestKeys } from "./digest-keys.ts"
import {
  type DigestCheck,
  type DigestThreadData,
  type FromDigestThread,
  unpackChecks,
} from "./digest-message.ts"
import { loadOpenSsl, type OpenSsl } from "./openssl.ts"

const port = parentPort ?? bug("a digest thread runs as a worker only")
const { maxKeys, library } = workerData as DigestThreadData

function say(message: FromDigestThread): void {
  port.postMessage(message)
}

function holds(openSsl: OpenSsl, keys: DigestKeys, check: DigestCheck): boolean {
  const { algorithm, signature, digest } = check
  // SPEC: EVP_PKEY_verify truncates a digest that is longer than the curve's order.
  if (digest.length !== digestLength[algorithms[algorithm].hash]) return false
  if (signature.length === 0) return false
  const context = keys.find(check)
  return context !== undefined && openSsl.verify(context, signature, digest)
}

function run(openSsl: OpenSsl): void {
  const keys = createDigestKeys(openSsl, maxKeys)
  port.on("message", (packed: Uint8Array) => {
    const answers = unpackChecks(packed).map((check) => (holds(openSsl, keys, check) ? 1 : 0))
    say({ type: "answers", holds: Uint8Array.from(answers) })
  })
  port.on("close", () => keys.clear())
  say({ type: "ready" })
}

try {
  run(loadOpenSsl(library))
} catch (error) {
  say({ type: "unusable", reason: error instanceof Error ? error.message : String(error) })
}
