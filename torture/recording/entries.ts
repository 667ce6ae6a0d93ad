// Entries for a log, signed and submitted without any code of the program's, and what it answered.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto"

const ANSWER_LIMIT_MS = 20_000

/** A log's answer for one entry. */
export interface Receipt {
  readonly index: number
  /** Lower-case hex. */
  readonly leafHash: string
  readonly inclusionProof: { readonly size: number; readonly root: string }
  readonly checkpoint: string
}

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
const spki = publicKey.export({ type: "spki", format: "der" }).toString("base64")

/** A request that no log has seen. */
export function newEntry(): string {
  const artifact = randomBytes(32)
  const digest = createHash("sha256").update(artifact).digest("hex")
  const signature = sign("sha256", artifact, privateKey).toString("base64")
  return JSON.stringify({
    ...{ kind: "hashedrekord", digest: `sha256:${digest}` },
    ...{ signature, publicKey: spki },
  })
}

const PAYLOAD_TYPE = "application/vnd.in-toto+json"

/** One whose envelope is kept beside the tree: about so many bytes of it. */
export function newLongEntry(length: number): string {
  const payload = Buffer.from(JSON.stringify({ said: randomBytes(length / 2).toString("hex") }))
  const start = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `
  const sig = sign("sha256", Buffer.concat([Buffer.from(start), payload]), privateKey)
  return JSON.stringify({
    kind: "dsse",
    envelope: {
      ...{ payload: payload.toString("base64"), payloadType: PAYLOAD_TYPE },
      signatures: [{ sig: sig.toString("base64") }],
    },
    verifiers: [{ publicKey: spki }],
  })
}

/** An answer with all of its text; rejects where the connection ends or nothing comes for long. */
export async function ask(url: string, body?: string, type = "application/json") {
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS)
  const how = body === undefined ? {} : { method: "POST", body, headers: { "content-type": type } }
  const response = await fetch(url, { ...how, signal })
  return { status: response.status, text: await response.text() }
}

/** Submits so many entries in one request and gives the receipts of those that were taken. */
export async function submit(url: string, entries: readonly string[], query = "") {
  const [only = ""] = entries
  const isOne = entries.length === 1
  const { status, text } = isOne
    ? await ask(`${url}/v1/entries${query}`, only)
    : await ask(`${url}/v1/entries/batch${query}`, entries.join("\n"), "application/x-ndjson")
  const lines = text.trim().split("\n")
  if (isOne) return { status, receipts: status === 201 ? lines.map(parsed) : [], text }
  const receipts = status === 200 ? lines.map(parsed).filter((line) => line.status === 201) : []
  return { status, receipts, text }
}

function parsed(line: string): Receipt & { readonly status?: number } {
  return JSON.parse(line) as Receipt
}
