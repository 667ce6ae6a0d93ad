// A log that can be made to lie: a tree in memory, by the recursive definitions of RFC 6962, served over loopback as
// a real one is, as far as an observer asks.
import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"

const ORIGIN = "made-up.example"
const { privateKey, publicKey } = generateKeyPairSync("ed25519")
const typed = Buffer.concat([
  Buffer.of(1),
  publicKey.export({ type: "spki", format: "der" }).subarray(-32),
])
const id = createHash("sha256").update(`${ORIGIN}\n`).update(typed).digest().subarray(0, 4)

export const vkey = `${ORIGIN}+${id.toString("hex")}+${typed.toString("base64")}`

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The largest power of two below n. */
function splitOf(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1))
}

export function rootOf(bodies: readonly Buffer[]): Buffer {
  const [first] = bodies
  if (first === undefined) return sha256()
  if (bodies.length === 1) return sha256(Buffer.of(0), first)
  const k = splitOf(bodies.length)
  return sha256(Buffer.of(1), rootOf(bodies.slice(0, k)), rootOf(bodies.slice(k)))
}

function pathOf(m: number, bodies: readonly Buffer[]): readonly Buffer[] {
  if (bodies.length <= 1) return []
  const k = splitOf(bodies.length)
  const [left, right] = [bodies.slice(0, k), bodies.slice(k)]
  return m < k ? [...pathOf(m, left), rootOf(right)] : [...pathOf(m - k, right), rootOf(left)]
}

function proofOf(m: number, bodies: readonly Buffer[], isWhole = true): readonly Buffer[] {
  if (m === bodies.length) return isWhole ? [] : [rootOf(bodies)]
  const k = splitOf(bodies.length)
  const [left, right] = [bodies.slice(0, k), bodies.slice(k)]
  if (m <= k) return [...proofOf(m, left, isWhole), rootOf(right)]
  return [...proofOf(m - k, right, false), rootOf(left)]
}

export function checkpointOf(bodies: readonly Buffer[]): string {
  const text = `${ORIGIN}\n${bodies.length}\n${rootOf(bodies).toString("base64")}\n`
  const line = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString("base64")
  return `${text}\n— ${ORIGIN} ${line}\n`
}

/** What POST /v1/entries answers for the entry at an index. */
export function receiptOf(bodies: readonly Buffer[], index: number) {
  const body = bodies[index] as Buffer
  return {
    index,
    leafHash: sha256(Buffer.of(0), body).toString("hex"),
    body: body.toString("base64"),
    isNew: true,
    inclusionProof: {
      ...{ index, size: bodies.length, root: rootOf(bodies).toString("hex") },
      hashes: pathOf(index, bodies).map((hash) => hash.toString("hex")),
    },
    checkpoint: checkpointOf(bodies),
  }
}

export function bodiesNamed(...names: readonly string[]): Buffer[] {
  return names.map((name) => Buffer.from(name))
}

export interface MadeUpLog {
  readonly url: string
  /** What it serves from now on. */
  bodies: readonly Buffer[]
  /** The time of every entry. */
  time: string
  /** Whether it gives proofs for what it serves, or others. */
  lyingProofs: boolean
}

function bundleOf(bodies: readonly Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => [Buffer.of(body.length >> 8, body.length & 255), body]),
  )
}

function answerOf(log: MadeUpLog, { pathname, searchParams }: URL): string | Buffer | undefined {
  if (pathname === "/v1/head") return JSON.stringify({ checkpoint: checkpointOf(log.bodies) })
  if (pathname === "/checkpoint") return checkpointOf(log.bodies)
  if (pathname === "/v1/proofs/consistency") {
    const [from, to] = ["from", "to"].map((name) => Number(searchParams.get(name)))
    const hashes = proofOf(from ?? 0, log.bodies.slice(0, to)).map((hash) => hash.toString("hex"))
    return JSON.stringify({ from, to, hashes: log.lyingProofs ? hashes.slice(1) : hashes })
  }
  if (pathname.startsWith("/v1/entries/")) return JSON.stringify({ time: log.time })
  const [, name = ""] = /^\/tile\/entries\/(\d{3})/.exec(pathname) ?? []
  const first = Number(name) * 256
  return name === "" ? undefined : bundleOf(log.bodies.slice(first, first + 256))
}

export async function serveMadeUpLog(bodies: readonly Buffer[]): Promise<MadeUpLog> {
  const log = { url: "", bodies, time: "2026-01-01T00:00:00.000Z", lyingProofs: false }
  const server = createServer((asked, answer) => {
    const body = answerOf(log, new URL(asked.url ?? "/", "http://made-up"))
    answer.statusCode = body === undefined ? 404 : 200
    answer.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  log.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return log
}
