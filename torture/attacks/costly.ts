// Row H4: requests that are small or cheap to send and take the processor long: many signatures by keys of a large curve,
// envelopes of megabytes, batches of Ed25519ph, statements that readers read differently.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { ed25519ph } from "@noble/curves/ed25519.js"
import { type Attack, postRequest, type Stand } from "../attack.ts"

const PAYLOAD_TYPE = "application/vnd.in-toto+json"
const SINGLE = "application/json"
const BATCH = "application/x-ndjson"
const LARGE = 2_900_000

/** What is sent again and again; made once. */
interface Sent {
  readonly path: string
  readonly type: string
  readonly bodies: readonly string[]
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64")
}

function spkiOf(key: KeyObject): string {
  return base64(key.export({ format: "der", type: "spki" }))
}

/** DSSE v1, pre-authentication encoding. */
function encoded(payload: Buffer): Buffer {
  const start = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `
  return Buffer.concat([Buffer.from(start), payload])
}

function envelope(payload: Buffer, signatures: readonly Buffer[], keys: readonly KeyObject[]) {
  return JSON.stringify({
    kind: "dsse",
    envelope: {
      ...{ payload: base64(payload), payloadType: PAYLOAD_TYPE },
      signatures: signatures.map((signature) => ({ sig: base64(signature) })),
    },
    verifiers: keys.map((key) => ({ publicKey: spkiOf(key) })),
  })
}

/** Ten signatures, their keys in the worst order. */
function manyKeys(number: number): string {
  const payload = Buffer.from(`{"subject":[],"number":${number}}`)
  const pairs = Array.from({ length: 10 }, () => generateKeyPairSync("ec", { namedCurve: "P-521" }))
  const signatures = pairs.map(({ privateKey }) => sign("sha512", encoded(payload), privateKey))
  return envelope(payload, signatures, pairs.map(({ publicKey }) => publicKey).toReversed())
}

function signed(payload: Buffer): string {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519")
  return envelope(payload, [sign(null, encoded(payload), privateKey)], [publicKey])
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

/** 8,000 subjects and a long rest. */
function large(number: number): string {
  const subject = Array.from({ length: 8_000 }, (_, i) => {
    return { name: `package-${number}-${i}`, digest: { sha256: digestOf(String(i)) } }
  })
  const rest = LARGE - JSON.stringify(subject).length
  return signed(Buffer.from(JSON.stringify({ subject, predicate: "x".repeat(rest) })))
}

/** A name that comes twice, and an escape for every letter. */
function odd(number: number): string {
  const subject = `[{"name":"a","name":"b","digest":{"sha256":"${digestOf("odd")}"}}]`
  const rest = "\\u0061\\n".repeat(LARGE / 8)
  return signed(Buffer.from(`{"number":${number},"subject":${subject},"predicate":"${rest}"}`))
}

function linesOfEd25519ph(number: number): string {
  const secret = ed25519ph.utils.randomSecretKey()
  const start = Buffer.from("302a300506032b6570032100", "hex")
  const publicKey = base64(Buffer.concat([start, ed25519ph.getPublicKey(secret)]))
  const line = (_: unknown, i: number): string => {
    const artifact = Buffer.from(`${number} ${i}`)
    const digest = `sha512:${createHash("sha512").update(artifact).digest("hex")}`
    const signature = base64(ed25519ph.sign(artifact, secret))
    return JSON.stringify({ kind: "hashedrekord", digest, signature, publicKey })
  }
  return Array.from({ length: 1_000 }, line).join("\n")
}

function made(path: string, type: string, count: number, make: (number: number) => string): Sent {
  return { path, type, bodies: Array.from({ length: count }, (_, number) => make(number)) }
}

/** Logged, there already, or too much of it. */
const EXPECTED = [200, 201, 429, 503]

/** Each connection sends one request after the other, without reading what they cost. */
async function flood(stand: Stand, stop: AbortSignal, sent: Sent, sockets: number): Promise<void> {
  const requests = sent.bodies.map((body) => postRequest(sent.path, sent.type, body))
  let next = 0
  async function send(): Promise<void> {
    const wire = await stand.open({ reads: true }).catch(() => undefined)
    while (wire?.isOpen() === true && !stop.aborted) {
      const before = wire.received()
      wire.write(requests[next++ % requests.length] ?? "")
      while (wire.isOpen() && wire.received() === before && !stop.aborted) await stand.pause(20)
    }
  }
  while (!stop.aborted) {
    await Promise.all(Array.from({ length: sockets }, send))
    await stand.pause(100)
  }
}

function attack(name: string, sockets: number, make: () => Sent): Attack {
  return {
    ...{ name: `costly-${name}`, row: "H4", target: "log", expected: EXPECTED },
    run: (stand, stop) => flood(stand, stop, make(), sockets),
  }
}

export const attacks: readonly Attack[] = [
  attack("keys", 16, () => made("/v1/entries", SINGLE, 12, manyKeys)),
  attack("large", 8, () => made("/v1/entries", SINGLE, 8, large)),
  attack("odd", 8, () => made("/v1/entries", SINGLE, 8, odd)),
  attack("ed25519ph", 4, () => made("/v1/entries/batch", BATCH, 1, linesOfEd25519ph)),
]
