// One thread that signs: writes the requests of its task to their file and ends.
import { createHash, createPrivateKey, randomUUID, sign } from "node:crypto"
import { workerData } from "node:worker_threads"
import { postRequest, writeRequests } from "./request-file.ts"
import type { SigningTask } from "./signing.ts"

const task = workerData as SigningTask
const run = randomUUID()
const keys = task.keys.map(({ privateKey, publicKey }) => ({
  privateKey: createPrivateKey(privateKey),
  publicKey,
}))

function signedEntry(number: number): string {
  const key = keys[number % keys.length]
  if (key === undefined) throw new Error("expected at least one key, found none")
  const artifact = Buffer.from(`${run} ${task.salt} ${number}`)
  return JSON.stringify({
    kind: "hashedrekord",
    digest: `sha256:${createHash("sha256").update(artifact).digest("hex")}`,
    signature: sign("sha256", artifact, key.privateKey).toString("base64"),
    publicKey: key.publicKey,
  })
}

const query = task.waits ? "?witnessed=true" : ""

function requestOf(number: number): Buffer {
  const first = number * task.entriesARequest
  if (task.entriesARequest === 1) {
    return postRequest(`/v1/entries${query}`, "application/json", signedEntry(first))
  }
  const lines = Array.from({ length: task.entriesARequest }, (_, i) => signedEntry(first + i))
  return postRequest(`/v1/entries/batch${query}`, "application/x-ndjson", lines.join("\n"))
}

writeRequests(
  task.file,
  Array.from({ length: task.requests }, (_, number) => requestOf(number)),
)
