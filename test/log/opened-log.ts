// A log in memory for tests: real keys, sequencer and verification, a clock that is a number.
import { generateKeyPairSync } from "node:crypto"
import { parseOrigin } from "../../src/core/note/origin.ts"
import { EMPTY_ROOT, portableHasher } from "../../src/core/tree/hash.ts"
import { openPemKey } from "../../src/crypto/keys/pem-key.ts"
import { createLogSigner, type KeyedSigner } from "../../src/crypto/signers/log-signer.ts"
import type { Proposal, SignatureVerifier } from "../../src/entry/entry.ts"
import { createEntryTerms } from "../../src/entry/kinds/terms.ts"
import type { Term } from "../../src/entry/term.ts"
import type { LogLimits } from "../../src/log/limits.ts"
import { openLog } from "../../src/log/open-log.ts"
import type { HeadGuard } from "../../src/log/ports/guard.ts"
import type { Log } from "../../src/log/ports/log.ts"
import type { EntryTerms, SearchStore } from "../../src/log/ports/search.ts"
import type { LogIdentity, LogStore } from "../../src/log/ports/store.ts"
import { createLogSearch } from "../../src/log/search/answering.ts"
import { openSearchIndex, type SearchIndex, type SearchLimits } from "../../src/log/search/index.ts"
import { createTermSource } from "../../src/log/search/term-source.ts"
import { openSequencer, type Sequencer } from "../../src/log/sequencer.ts"
import { createMemoryGuard, createMemoryStore } from "../storage/memory/log-store.ts"
import { createMemorySearchStore } from "../storage/memory/search-store.ts"

export const origin = parseOrigin("log.example")
export const startTime = 1_700_000_000_000

/** The private keys of a log as `DATA/keys` has them. */
export interface LogPems {
  readonly ecdsa: string
  readonly ed25519: string
}

function newKeys(): LogPems {
  const pem = { type: "pkcs8", format: "pem" } as const
  const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export(pem)
  const ed25519 = generateKeyPairSync("ed25519").privateKey.export(pem)
  return { ecdsa: ecdsa as string, ed25519: ed25519 as string }
}

/** Keeps all terms beside the bodies, which are no entries of any kind. */
const everythingBeside: EntryTerms = {
  ofBody: () => ({ terms: [], needsSide: false }),
  besideBody: (terms) => (terms.length === 0 ? undefined : terms),
  ofMessage: createEntryTerms(0).ofMessage,
}

/** Everything that survives a crash, with a clock that the test sets. */
export interface Disk {
  readonly identity: LogIdentity
  readonly keys: LogPems
  readonly signer: KeyedSigner
  readonly store: LogStore
  readonly guard: HeadGuard
  readonly search: SearchStore
  readonly terms: EntryTerms
  readonly clock: { time: number }
}

/** A log without entries, with the keys of another one if that is given. */
export function newDisk(keys: LogPems = newKeys()): Disk {
  const signer = createLogSigner(origin, {
    ecdsa: openPemKey(keys.ecdsa),
    ed25519: openPemKey(keys.ed25519),
  })
  const { keyFingerprints } = signer
  const identity = { origin, treeId: "4711", keyFingerprints }
  const store = createMemoryStore(identity, { time: startTime })
  const guard = createMemoryGuard(identity, { size: 0, root: EMPTY_ROOT, time: startTime })
  const search = createMemorySearchStore()
  const terms = everythingBeside
  return { identity, keys, signer, store, guard, search, terms, clock: { time: startTime } }
}

export function openDisk(disk: Disk): Promise<Sequencer> {
  const { store, guard, signer, clock } = disk
  return openSequencer({ store, guard, signer, hasher: portableHasher, now: () => clock.time })
}

/** Says yes to everything: these tests are about the log; test/crypto is about verification. */
export const credulous: SignatureVerifier = {
  engine: "none",
  verify: () => Promise.resolve(true),
  close: () => Promise.resolve(),
}

/** The index of a log with so many entries, or more. */
export function openIndexOn(
  { store, search, terms }: Disk,
  logSize: number,
  limits: Partial<SearchLimits> = {},
): Promise<SearchIndex> {
  const hasher = portableHasher
  const source = createTermSource({ reads: store, terms, hasher })
  const messages = { reads: store, terms }
  const given = { store: search, source, messages, hasher, logSize, limits }
  return openSearchIndex({ ...given, defer: setImmediate })
}

/** Never: these tests are about what is found when the index has all. */
const endlessPatience = (): Promise<void> => new Promise(() => {})

export interface OpenedLog {
  readonly log: Log
  readonly index: SearchIndex
  readonly fatal: unknown[]
}

export async function openLogOn(
  disk: Disk,
  limits: Partial<LogLimits & SearchLimits> = {},
  verifier: SignatureVerifier = credulous,
  admit: (proposal: Proposal) => void = () => {},
): Promise<OpenedLog> {
  const fatal: unknown[] = []
  const sequencer = await openDisk(disk)
  const index = await openIndexOn(disk, sequencer.opened.size, limits)
  const log = await openLog({
    identity: disk.identity,
    vkeys: disk.signer.vkeys,
    reads: disk.store,
    sequencer,
    search: createLogSearch(index, endlessPatience),
    terms: disk.terms,
    verifier,
    admit,
    hasher: portableHasher,
    defer: setImmediate,
    onFatal: (reason) => fatal.push(reason),
    limits,
  })
  return { log, index, fatal }
}

/** A proposal without claims whose body is this text. */
export function proposalOf(text: string, terms: readonly Term[] = []): Proposal {
  const body = new TextEncoder().encode(text)
  return { kind: "hashedrekord", version: "0.0.2", terms, keys: [], claims: [], body: () => body }
}
