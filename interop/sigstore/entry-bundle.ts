// A Sigstore bundle of an entry of the Rekor API v1, for clients that log a signature and keep none.
import type { Stand } from "../stand/stand.ts"

interface LoggedEntry {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly verification: {
    readonly signedEntryTimestamp: string
    readonly inclusionProof: {
      readonly checkpoint: string
      readonly hashes: readonly string[]
      readonly logIndex: number
      readonly rootHash: string
      readonly treeSize: number
    }
  }
}

interface HashedRekord {
  readonly spec: {
    readonly data: { readonly hash: { readonly value: string } }
    readonly signature: {
      readonly content: string
      readonly publicKey: { readonly content: string }
    }
  }
}

function base64OfHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64")
}

function verifierOf(pem: string): object {
  const [, label = "", lines = ""] = /-----BEGIN ([A-Z ]+)-----([^-]+)-----END/.exec(pem) ?? []
  if (label !== "CERTIFICATE") return { publicKey: { hint: "" } }
  return { certificate: { rawBytes: lines.replaceAll(/\s/g, "") } }
}

function bundleOf({ body, integratedTime, logID, logIndex, verification }: LoggedEntry): string {
  const { inclusionProof: proof, signedEntryTimestamp } = verification
  const { spec } = JSON.parse(Buffer.from(body, "base64").toString()) as HashedRekord
  const { content, publicKey } = spec.signature
  const entry = {
    logIndex: String(logIndex),
    logId: { keyId: base64OfHex(logID) },
    kindVersion: { kind: "hashedrekord", version: "0.0.1" },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: base64OfHex(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(base64OfHex),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  }
  const digest = base64OfHex(spec.data.hash.value)
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      ...verifierOf(Buffer.from(publicKey.content, "base64").toString()),
      tlogEntries: [entry],
    },
    messageSignature: { messageDigest: { algorithm: "SHA2_256", digest }, signature: content },
  })
}

async function ask<T>(url: string, question?: object): Promise<T> {
  const headers = { "content-type": "application/json" }
  const post = question && { method: "POST", headers, body: JSON.stringify(question) }
  const answer = await fetch(url, post)
  if (!answer.ok) throw new Error(`${url}: expected 200, found ${answer.status}`)
  return (await answer.json()) as T
}

async function entryAt(url: string): Promise<string> {
  const [entry, ...others] = Object.values(await ask<Readonly<Record<string, LoggedEntry>>>(url))
  if (entry !== undefined && others.length === 0) return bundleOf(entry)
  throw new Error(`${url}: expected one entry, found ${others.length}`)
}

/** Of the hashedrekord with this index. */
export function bundleAt({ log }: Stand, index: number): Promise<string> {
  return entryAt(`${log.url}/api/v1/log/entries?logIndex=${index}`)
}

/** Of the only entry about this SHA-256. */
export async function bundleAbout({ log }: Pick<Stand, "log">, sha256: string): Promise<string> {
  const hash = `sha256:${sha256}`
  const found = await ask<readonly string[]>(`${log.url}/api/v1/index/retrieve`, { hash })
  const [uuid] = found
  if (uuid === undefined || found.length !== 1) {
    throw new Error(`${hash}: expected one entry, found ${found.length}`)
  }
  return entryAt(`${log.url}/api/v1/log/entries/${uuid}`)
}
