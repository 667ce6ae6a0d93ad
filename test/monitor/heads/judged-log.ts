// A log to be judged: leaf hashes without bodies, its heads signed by test keys, the tree that a monitor has
// of it, and documents in memory. With fake keys, whose signatures are hashes, thousands of histories take
// seconds.
import { equalBytes, readU64, utf8 } from "../../../src/core/base/bytes.ts"
import { formatCheckpoint } from "../../../src/core/note/checkpoint.ts"
import { timestamped } from "../../../src/core/note/cosignature.ts"
import { formatNote, type NoteSignature, type SignatureRule } from "../../../src/core/note/note.ts"
import { parseOrigin } from "../../../src/core/note/origin.ts"
import type { PolicyWitness } from "../../../src/core/note/policy.ts"
import type { Hash, Head } from "../../../src/core/tree/hash.ts"
import { planConsistency, planInclusion, proofFromNodes } from "../../../src/core/tree/proof.ts"
import { foldNodes, type NodeId, rootNodes } from "../../../src/core/tree/tree.ts"
import type { Case, Vantage } from "../../../src/monitor/findings/case.ts"
import type { Finding } from "../../../src/monitor/findings/finding.ts"
import { settle } from "../../../src/monitor/findings/settle.ts"
import type { HeadJudgement } from "../../../src/monitor/heads/judge.ts"
import { judgeHead, judgePending } from "../../../src/monitor/heads/judge.ts"
import type { JudgeLimits } from "../../../src/monitor/heads/scope.ts"
import type { Documents } from "../../../src/monitor/state/documents.ts"
import { createDocumentSet, createDraft } from "../../../src/monitor/state/set.ts"
import type { TreeView } from "../../../src/monitor/state/tree.ts"
import { nodeHasher, sha256 } from "../../reference.ts"
import { type TestSigner, testSigner } from "../../signers.ts"

export const ORIGIN = parseOrigin("log.example/judged")
/** 2026-11-20T12:00:00Z in Unix seconds. */
export const NOON = 1_795_176_000
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export function memoryDocuments(): Documents {
  return createDraft(createDocumentSet([], nodeHasher))
}

/** A tree that differs from others in the leaves whose `label` differs. */
export interface Branch {
  leafHash(index: number): Hash
  rootAt(size: number): Hash
  consistency(from: number, to: number): readonly Hash[]
  inclusion(index: number, size: number): readonly Hash[]
  view(size: number): TreeView
}

export function makeBranch(label: (index: number) => string = () => ""): Branch {
  const nodes = new Map<string, Hash>()
  const leafHash = (index: number) => nodeHasher.leaf(utf8(`${index} ${label(index)}`))
  function hashOf({ height, index }: NodeId): Hash {
    const key = `${height}/${index}`
    const known = nodes.get(key)
    if (known !== undefined) return known
    const below = { height: height - 1, index: 2 * index }
    const hash =
      height === 0
        ? leafHash(index)
        : nodeHasher.node(hashOf(below), hashOf({ ...below, index: 2 * index + 1 }))
    nodes.set(key, hash)
    return hash
  }
  const rootAt = (size: number) => foldNodes(rootNodes(size).map(hashOf), nodeHasher)
  const consistency = (from: number, to: number) =>
    proofFromNodes(planConsistency(from, to), hashOf, nodeHasher)
  const inclusion = (index: number, size: number) =>
    proofFromNodes(planInclusion(index, size), hashOf, nodeHasher)
  return {
    leafHash,
    rootAt,
    consistency,
    inclusion,
    view: (size) => ({
      head: { size, root: rootAt(size) },
      rootAt: async (at) => {
        if (at > size) throw new Error(`the tree has ${size} entries, not ${at}`)
        return rootAt(at)
      },
      consistency: async (from, to) => consistency(from, to),
      inclusion: async (index, at) => inclusion(index, at),
      leafHash: async (index) => leafHash(index),
    }),
  }
}

/** The leaves of the log as it should be. */
export const honest = makeBranch()

/** A branch with another leaf at `index`. */
export function forkedAt(index: number): Branch {
  return makeBranch((at) => (at === index ? "forged" : ""))
}

/** Signs by hashing; what it signs holds under {@link fakeRule} only. */
export function fakeSigner(name: string, type: 1 | 4, seed: number): TestSigner {
  const { vkey } = testSigner(name, type, seed)
  return {
    vkey,
    sign: (text, _head, time) => ({
      name,
      keyId: vkey.keyId,
      signature: fakeSignature(vkey.keyId, type, text, time),
    }),
  }
}

function fakeSignature(keyId: number, type: number, text: string, time: number): Uint8Array {
  const isTimed = type === 4
  const hash = sha256(utf8(`${keyId} ${isTimed ? time : 0}\n${text}`))
  return isTimed ? timestamped(time, hash) : hash
}

export const fakeRule: SignatureRule = ({ keyId, type }, text, signature) => {
  const time = type === 4 ? readU64(signature, 0, "time") : 0
  return equalBytes(signature, fakeSignature(keyId, type, text, time))
}

export interface Signing {
  readonly by: TestSigner
  /** Unix seconds. */
  readonly time?: number
}

export interface NoteParts {
  readonly origin?: string
  readonly extensions?: readonly string[]
}

/** The checkpoint of a head with these signatures, in order. */
export function signedNote(
  head: Head,
  signings: readonly Signing[],
  { origin = ORIGIN, extensions = [] }: NoteParts = {},
): string {
  const text = formatCheckpoint(origin, head) + extensions.map((line) => `${line}\n`).join("")
  return formatNote(text, signingLines(text, { origin, ...head }, signings))
}

function signingLines(
  text: string,
  head: Head & { readonly origin: string },
  signings: readonly Signing[],
): NoteSignature[] {
  return signings.map(({ by, time = NOON }) => by.sign(text, head, time))
}

export function headOf(branch: Branch, size: number): Head {
  return { size, root: branch.rootAt(size) }
}

/** Keys with real signatures, so that evidence can be checked by those who have nothing else. */
export const logKey = testSigner(ORIGIN, 1, 1)
export const timedLogKey = testSigner(ORIGIN, 4, 2)
export const witnessKeys = [3, 4, 5].map((seed) =>
  testSigner(`witness.example/w${seed - 2}`, 4, seed),
) as [TestSigner, TestSigner, TestSigner]
export const strangerKey = testSigner(ORIGIN, 1, 9)

export function policyWitness({ vkey }: TestSigner, index: number): PolicyWitness {
  return { name: `w${index + 1}`, vkey }
}

export interface Monitor {
  readonly documents: Documents
  /** Judges one note; `at` in milliseconds after {@link NOON}. */
  see(vantage: Vantage, at: number, note: string): Promise<readonly Finding[]>
  /** Lets the tree grow and judges what was waiting. */
  grow(size: number, at: number): Promise<readonly Finding[]>
  scope(at: number): Omit<HeadJudgement, "observation">
  /** Opens and heals findings by what was judged; gives what was seen, graded. */
  settle(at: number, cases: readonly Case[]): readonly Finding[]
}

export interface MonitorOptions {
  readonly branch?: Branch
  readonly logKeys?: readonly TestSigner[]
  readonly witnesses?: readonly TestSigner[]
  readonly holds?: SignatureRule
  readonly limits?: Partial<JudgeLimits>
}

/** A monitor whose tree has `size` entries of `branch`. */
export function monitorAt(size: number, options: MonitorOptions = {}): Monitor {
  const { branch = honest, logKeys = [logKey], witnesses = witnessKeys, holds, limits } = options
  const documents = memoryDocuments()
  let tree = branch.view(size)
  const scope = (at: number) => ({
    origin: ORIGIN,
    logKeys: logKeys.map(({ vkey }) => vkey),
    witnesses: witnesses.map(policyWitness),
    tree,
    documents,
    now: NOON * 1000 + at,
    ...(holds && { holds }),
    ...(limits && { limits }),
  })
  return {
    documents,
    scope,
    settle: (at, cases) => settle(documents, cases, NOON * 1000 + at),
    async see(vantage, at, note) {
      const observation = { vantage, note, receivedAt: NOON * 1000 + at }
      return this.settle(at, await judgeHead({ ...scope(at), observation }))
    },
    async grow(to, at) {
      tree = branch.view(to)
      return this.settle(at, await judgePending(scope(at)))
    },
  }
}

export function summaryOf(findings: readonly Finding[]): string[] {
  return findings.map(({ kind, grade }) => `${kind} ${grade}`)
}
