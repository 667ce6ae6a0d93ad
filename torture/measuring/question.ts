// One question of a client that behaves: sent on a connection of its own, answered whole or not at all.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto"
import { request } from "node:http"

export interface Question {
  readonly path: string
  /** With a body it is a POST. */
  readonly body?: string
  readonly type?: string
}

export interface Questions {
  /** Asked in turn. */
  readonly health: readonly Question[]
  readonly honest: Question
  /** Whether entries are submitted, too. */
  readonly isLog: boolean
}

export interface Asked {
  readonly milliseconds: number
  /** Undefined without an answer. */
  readonly status: number | undefined
}

const PATIENCE_MS = 10_000

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })

/** A new entry that any log takes, and answers with 201. */
export function createSubmission(): Question {
  const artifact = randomBytes(32)
  const digest = createHash("sha256").update(artifact).digest("hex")
  const body = {
    kind: "hashedrekord",
    digest: `sha256:${digest}`,
    signature: sign("sha256", artifact, privateKey).toString("base64"),
    publicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
  }
  return { path: "/v1/entries", body: JSON.stringify(body), type: "application/json" }
}

/** Waits so many milliseconds for the answer. */
export function ask(
  port: number,
  { path, body, type }: Question,
  patience = PATIENCE_MS,
): Promise<Asked> {
  const start = performance.now()
  return new Promise((resolve) => {
    const end = (status?: number): void => {
      clearTimeout(late)
      asked.destroy()
      resolve({ milliseconds: performance.now() - start, status })
    }
    const asked = request({
      ...{ host: "127.0.0.1", port, path, agent: false },
      method: body === undefined ? "GET" : "POST",
      headers: {
        host: "localhost",
        ...(type !== undefined && { "content-type": type }),
        ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
      },
    })
    const late = setTimeout(end, patience)
    asked.on("error", () => end())
    asked.on("response", (response) => {
      response.on("error", () => end())
      response.resume().on("end", () => end(response.statusCode))
    })
    asked.end(body)
  })
}
