// Entries to submit: hashedrekord under P-256, and dsse with in-toto statements under Ed25519, of mixed sizes, each
// signed with node:crypto. What an entry can be found by is kept with it.
import { createHash, createSign, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import type { Dice } from "../dice.ts"

export interface SignedEntry {
  /** The JSON of POST /v1/entries. */
  readonly request: string
  /** A parameter of GET /v1/entries that finds it: the digest that only this entry has. */
  readonly digest: string
}

export interface Entries {
  next(): SignedEntry
}

const KEYS = 8
const TYPE = "application/vnd.in-toto+json"
const LONG_PAYLOAD = 60_000

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: string
}

function newPairs(make: () => { privateKey: KeyObject; publicKey: KeyObject }): readonly Pair[] {
  return Array.from({ length: KEYS }, () => {
    const { privateKey, publicKey } = make()
    const der = publicKey.export({ type: "spki", format: "der" })
    return { privateKey, publicKey: der.toString("base64") }
  })
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

/** DSSE's pre-authentication encoding, version 1. */
function preAuthentication(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${TYPE.length} ${TYPE} ${payload.length} `), payload])
}

export function createEntries(dice: Dice): Entries {
  const p256 = newPairs(() => generateKeyPairSync("ec", { namedCurve: "P-256" }))
  const ed25519 = newPairs(() => generateKeyPairSync("ed25519"))
  const start = `${process.pid} ${Date.now()} ${dice(2 ** 31)}`
  let made = 0

  function hashedrekord(artifact: Buffer): SignedEntry {
    const { privateKey, publicKey } = p256[dice(KEYS)] as Pair
    const signature = createSign("sha256").update(artifact).sign(privateKey).toString("base64")
    const digest = `sha256:${sha256(artifact)}`
    return {
      request: JSON.stringify({ kind: "hashedrekord", digest, signature, publicKey }),
      digest,
    }
  }

  function dsse(artifact: Buffer, length: number): SignedEntry {
    const { privateKey, publicKey } = ed25519[dice(KEYS)] as Pair
    const statement = {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: `artifact-${made}`, digest: { sha256: sha256(artifact) } }],
      predicateType: "https://example.org/build/v1",
      predicate: { note: "x".repeat(length) },
    }
    const payload = Buffer.from(JSON.stringify(statement))
    const sig = sign(null, preAuthentication(payload), privateKey).toString("base64")
    const envelope = {
      ...{ payload: payload.toString("base64"), payloadType: TYPE },
      signatures: [{ sig }],
    }
    const request = JSON.stringify({ kind: "dsse", envelope, verifiers: [{ publicKey }] })
    return { request, digest: `sha256:${sha256(artifact)}` }
  }

  return {
    next() {
      made += 1
      const artifact = Buffer.from(`${start} ${made}`)
      const drawn = dice(20)
      if (drawn < 13) return hashedrekord(artifact)
      return dsse(artifact, drawn === 19 ? dice(LONG_PAYLOAD) : dice(600))
    },
  }
}
