// What a thief puts into a log about somebody's file, image and packages, and what a monitor of their owner makes of it:
// the exit code of one round, everything that is open, and the evidence, which a verifier reads that has nothing else.
import { createHash } from "node:crypto"
import { expect } from "vitest"
import { utf8 } from "../../src/core/base/bytes.ts"
import { digestAlgorithm, messageAlgorithm } from "../../src/entry/algorithm.ts"
import { dssePae } from "../../src/entry/dsse.ts"
import type { DsseRequest } from "../../src/entry/kinds/dsse-v002.ts"
import type { HashedrekordRequest } from "../../src/entry/kinds/hashedrekord-v002.ts"
import type { FindingKind } from "../../src/monitor/findings/finding.ts"
import { base64, hashOf, makeSigner, type Signer, signMessage } from "../entry/signers.ts"
import { keyOf } from "../evidence/made-cases.ts"
import type { EvilLog } from "./evil-log.ts"
import { grownLog } from "./grown-log.ts"
import { type Expected, type Round, type Watched, type WatchOptions, watchLog } from "./watched.ts"

export const IN_TOTO = "application/vnd.in-toto+json"

export const owner = makeSigner("ecdsa-p256")
export const thief = makeSigner("ecdsa-p256")

export const hexOf = (bytes: Uint8Array | string, hash = "sha256"): string =>
  createHash(hash).update(bytes).digest("hex")

/** The file that is watched, and one that is not. */
export const hex = hexOf("app")
export const hex384 = hexOf("app", "sha384")
export const hex512 = hexOf("app", "sha512")
export const otherHex = hexOf("else")

/** What the owner watches: a file by all of its digests, packages and an image by their names. */
export const subject: readonly string[] = [
  "subject app",
  `  digest sha256:${hex}`,
  `  digest sha384:${hex384}`,
  `  digest sha512:${hex512}`,
  "  name pkg:npm/@acme/**",
  "  name registry.acme.example/team/app",
  `  signer key ${keyOf(owner)}`,
]

type Stated = { readonly name?: string; readonly digest?: Readonly<Record<string, string>> }

export function statement(...subjects: readonly Stated[]): string {
  return JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: subjects,
    predicateType: "https://example.com/p",
    predicate: { text: "PLACE" },
  })
}

/** About the watched file, and about another one under this name. */
export const plain = statement({ name: "x", digest: { sha256: hex } })
export const innocent = statement({ name: "x", digest: { sha256: otherHex } })
export const named = (name: string): string => statement({ name, digest: { sha256: otherHex } })

const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === "string" ? utf8(text) : text

/** The submission of an envelope around a payload. */
export function attestation(payload: string | Uint8Array, by: Signer = thief): DsseRequest {
  const bytes = bytesOf(payload)
  const message = dssePae(IN_TOTO, bytes)
  const sig = base64(signMessage(by, messageAlgorithm[by.keyType], message))
  return {
    kind: "dsse",
    envelope: { payload: base64(bytes), payloadType: IN_TOTO, signatures: [{ sig }] },
    verifiers: [{ publicKey: base64(by.spki) }],
  }
}

/** The submission of a signature over the digest of bytes, as `sign-blob` makes one, by the hash of the key. */
export function signatureOver(bytes: string | Uint8Array, by: Signer = thief): HashedrekordRequest {
  const algorithm = digestAlgorithm[by.keyType]
  const message = bytesOf(bytes)
  const digest = Buffer.from(hashOf(algorithm, message)).toString("hex")
  const hash = { 32: "sha256", 48: "sha384", 64: "sha512" }[digest.length / 2]
  return {
    kind: "hashedrekord",
    digest: `${hash}:${digest}`,
    signature: base64(signMessage(by, algorithm, message)),
    publicKey: base64(by.spki),
  }
}

/** The bytes that an envelope's signature is over: what cosign 3 logs the hash of on API v2. */
export const envelopeBytes = (payload: string): Uint8Array => dssePae(IN_TOTO, utf8(payload))

/** What a round must come to. */
export interface Verdict {
  readonly code: 0 | 1 | 2 | 3
  /** `GRADE kind` of all that is open, in any order. */
  readonly findings: readonly string[]
  /** Entries that nobody can place, besides those that every grown log has. */
  readonly opaque?: { readonly strangers?: number; readonly listed?: number }
}

/** Entries by strangers about nobody's files that every log of a theft begins with. */
export const FILLERS = 3

export const newTheft = (): Promise<EvilLog> => grownLog(FILLERS)

export async function watchTheft(
  evil: EvilLog,
  options: Pick<WatchOptions, "watch" | "files"> & Partial<WatchOptions> = { watch: subject },
): Promise<Watched> {
  const front = options.front ?? (await evil.front("monitor"))
  return await watchLog(evil, { isHere: true, ...options, front })
}

/** One round of the owner's monitor. */
export async function expectVerdict(watched: Watched, verdict: Verdict): Promise<Round> {
  const round = await watched.once()
  const { findings, logs } = round.status
  expect({
    code: round.code,
    findings: findings.map(({ grade, kind }) => `${grade} ${kind}`).toSorted(),
  }).toEqual({ code: verdict.code, findings: verdict.findings.toSorted() })
  if (verdict.opaque !== undefined) {
    const { strangers = 0, listed = 0 } = verdict.opaque
    const opaque = { strangers: strangers + FILLERS, listed }
    expect(logs[0]?.entries.opaque).toMatchObject(opaque)
  }
  return round
}

/** What presents an entry and convicts nobody. */
export function presented(kind: FindingKind, index: number): Expected {
  return { kind, grade: "PROVEN", evidence: "unexpected-entry", effect: "presents", index }
}

/** One entry that is PROVEN to be logged, and nothing else: exit code 2, evidence that presents. */
export async function expectCaught(
  watched: Watched,
  index: number,
  kind: FindingKind = "unknown-signer",
): Promise<void> {
  await expectVerdict(watched, { code: 2, findings: [`PROVEN ${kind}`] })
  await watched.expectTold(presented(kind, index))
}
