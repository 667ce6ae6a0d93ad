// Reads a log that serves, through its public doors, and holds it to a ledger by code of its own.
import { createPublicKey, verify } from "node:crypto"
import { ask } from "./entries.ts"
import { headOf, type Ledger } from "./ledger.ts"
import { leafHash, rootsAt } from "./tree.ts"

const BUNDLE = 256
const ANSWER_LIMIT_MS = 20_000
const ED25519_SPKI = Buffer.from("302a300506032b6570032100", "hex")
const ED25519 = 1

async function bytesAt(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
  if (response.status !== 200)
    throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return Buffer.from(await response.arrayBuffer())
}

/** Entries of a bundle: each behind its length in two bytes (tlog-tiles). */
function bodiesOf(bundle: Buffer): Buffer[] {
  const bodies: Buffer[] = []
  for (let at = 0; at < bundle.length; ) {
    const length = bundle.readUInt16BE(at)
    bodies.push(bundle.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return bodies
}

/** The place of a bundle: threes of digits, all but the last behind an x. */
function bundlePath(index: number, width: number): string {
  const digits = String(index)
  const threes = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.../g) ?? []
  const path = threes.map((three, i) => (i < threes.length - 1 ? `x${three}` : three)).join("/")
  return `tile/entries/${path}${width === BUNDLE ? "" : `.p/${width}`}`
}

async function leavesOf(url: string, size: number): Promise<Buffer[]> {
  const leaves: Buffer[] = []
  for (let index = 0; index * BUNDLE < size; index++) {
    const width = Math.min(BUNDLE, size - index * BUNDLE)
    const bodies = bodiesOf(await bytesAt(`${url}/${bundlePath(index, width)}`))
    leaves.push(...bodies.map(leafHash))
  }
  return leaves
}

/** Whether the Ed25519 line of a checkpoint holds under one of these verifier keys. */
export function isSigned(checkpoint: string, vkeys: readonly string[]): boolean {
  const end = checkpoint.indexOf("\n\n") + 1
  const text = Buffer.from(checkpoint.slice(0, end))
  const lines = checkpoint.slice(end + 1).split("\n")
  return vkeys.some((vkey) => {
    const [name = "", id = "", ...rest] = vkey.split("+")
    const key = Buffer.from(rest.join("+"), "base64")
    if (key[0] !== ED25519) return false
    const spki = Buffer.concat([ED25519_SPKI, key.subarray(1)])
    const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" })
    return lines.some((line) => {
      const [, of = "", base64 = ""] = line.split(" ")
      const signature = Buffer.from(base64, "base64")
      const isKey = of === name && signature.subarray(0, 4).toString("hex") === id
      return isKey && verify(null, text, publicKey, signature.subarray(4))
    })
  })
}

/** What is broken in a log that serves at `url`. */
export async function holdServed(
  url: string,
  ledger: Ledger,
  vkeys: readonly string[],
): Promise<readonly string[]> {
  const { text } = await ask(`${url}/v1/tree-head`)
  const { checkpoint } = JSON.parse(text) as { readonly checkpoint: string }
  const broken: string[] = []
  if (!isSigned(checkpoint, vkeys)) broken.push("the newest head is not signed by the log")
  const { size, root } = headOf(checkpoint)
  if (size < ledger.size()) broken.push(`signed was size ${ledger.size()}, found ${size}`)
  const leaves = await leavesOf(url, size)
  if (rootsAt([size], leaves).get(size) !== root)
    broken.push(`the newest head of size ${size} is not what its entries give`)
  return [...broken, ...ledger.hold(leaves)]
}
