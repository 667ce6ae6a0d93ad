// Makes submissions with good signatures before they are needed: as many threads as cores sign them.
import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"

export interface SigningOrder {
  /** Where the request files go. */
  readonly folder: string
  /** Names the files; no two orders of a run have the same. */
  readonly name: string
  readonly entries: number
  /** Signers that take turns. */
  readonly keys: number
  /** Entries in one request; 1 stands for a single submission, more for a batch. */
  readonly entriesARequest: number
  /** Whether the answer waits for a witnessed checkpoint. */
  readonly waits?: boolean
}

export interface SigningTask {
  readonly file: string
  /** Makes the artifacts, and so the entries, different from those of all other tasks. */
  readonly salt: string
  readonly requests: number
  readonly entriesARequest: number
  readonly waits: boolean
  readonly keys: readonly SigningKeyText[]
}

export interface SigningKeyText {
  /** PKCS#8 PEM. */
  readonly privateKey: string
  /** Base64 of SPKI. */
  readonly publicKey: string
}

function makeKey(): SigningKeyText {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  }
}

async function runTask(task: SigningTask): Promise<string> {
  const worker = new Worker(new URL("./signing-worker.js", import.meta.url), { workerData: task })
  await once(worker, "exit")
  return task.file
}

/** Gives the files with the requests of an order. */
export async function signRequests(order: SigningOrder): Promise<readonly string[]> {
  const { folder, name, entries, entriesARequest, waits = false } = order
  const keys = Array.from({ length: order.keys }, makeKey)
  const threads = availableParallelism()
  const requests = Math.ceil(entries / entriesARequest / threads)
  return await Promise.all(
    Array.from({ length: threads }, (_, i) => {
      const salt = `${name}-${i}`
      const file = join(folder, `${salt}.requests`)
      return runTask({ file, salt, requests, entriesARequest, waits, keys })
    }),
  )
}
