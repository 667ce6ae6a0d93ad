// The log over a data directory, put together: locks, writer thread, reads, signature verification.

import { createNoteVerification } from "../../crypto/engines/note-verification.ts"
import { createSignatureVerifier } from "../../crypto/engines/verification.ts"
import { hashNatively } from "../../crypto/native-hash.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import type { AuthoritySet } from "../../entry/certificates/authority.ts"
import { besideBody } from "../../entry/kinds/terms.ts"
import { assertMayWrite, type WriteRule } from "../../entry/kinds/write-rule.ts"
import { openLog } from "../../log/open-log.ts"
import type { Log } from "../../log/ports/log.ts"
import { type PublishedStore, type Publisher, publishAtOnce } from "../../log/ports/publishing.ts"
import type { RekorSigner } from "../../log/ports/signer.ts"
import { openPublisher } from "../../log/publishing/publisher.ts"
import { lockDataDirectory } from "../../storage/disk/process-lock.ts"
import { openPublishedFile } from "../../storage/files/published-file.ts"
import { openLogReads } from "../../storage/log-engine.ts"
import { type Close, openAll } from "../command/closers.ts"
import { withAuthorities } from "./certificate-authorities.ts"
import { type DataDirectory, openLogSigning } from "./data-directory.ts"
import { watchFreeSpace } from "./free-space.ts"
import { heldHeads, type PublishingPlan, processClock } from "./publishing.ts"
import { upgradeSearch } from "./search/files.ts"
import type { ServeOptions } from "./serve-options.ts"
import { relay } from "./signing/relayed-channel.ts"
import { isProgram, openSignerChannel } from "./signing/signer-uri.ts"
import { createBundleThread } from "./threads/bundle-thread.ts"
import { createProvingThread } from "./threads/proving-thread.ts"
import { startSearch } from "./threads/search-thread.ts"
import { startWriter } from "./threads/writer-thread.ts"

interface RunningLogOptions
  extends Pick<ServeOptions, "verification" | "minFreeBytes" | "maxEntriesUnderWay"> {
  readonly passphrase: string | undefined
  readonly writeRule: WriteRule
  /** Bytes of the longest attestation that is kept; 0 keeps none. */
  readonly attestationBytes: number
  /** Bytes of the longest message that may be attached; 0 takes none. */
  readonly messageBytes: number
  /** Who must have issued the certificates of submissions; undefined if anyone may have. */
  readonly authorities: AuthoritySet | undefined
  /** Undefined if what is signed is published. */
  readonly publishing: PublishingPlan | undefined
  /** Told what the search index does, and why it cannot go on: the log goes on without it. */
  readonly onSearch: { event(text: string): void; trouble(reason: unknown): void }
  /** Told why nothing is signed while what signs is away, and `undefined` once it is back. */
  readonly onSigner: (reason: string | undefined) => void
  /** Told once that the state of the log is unknown; the process must end. */
  readonly onFatal: (reason: unknown) => void
}

export interface RunningLog {
  readonly log: Log
  readonly publisher: Publisher
  readonly rekorSigner: RekorSigner
  /** When the log was made, in Unix milliseconds. */
  readonly created: number
  /** How signatures are verified, for people. */
  readonly engine: string
  /** Finishes what was taken and lets go of the data directory. */
  close(): Promise<void>
}

const FREE_SPACE_EVERY_MS = 1_000

/** Refuses and throws as the parts do: every message says what to do. */
export async function openRunningLog(
  directory: DataDirectory,
  options: RunningLogOptions,
): Promise<RunningLog> {
  return await openAll((closers) => openParts(directory, options, closers))
}

async function openParts(
  directory: DataDirectory,
  options: RunningLogOptions,
  closers: Close[],
): Promise<Omit<RunningLog, "close">> {
  const { passphrase, minFreeBytes, onFatal } = options
  closers.push(lockDataDirectory(directory.path).release)
  await upgradeSearch(directory, options.onSearch.event)
  const freeSpace = await watchFreeSpace(directory.path, minFreeBytes, FREE_SPACE_EVERY_MS)
  closers.push(freeSpace.stop)
  // A log that can verify nothing takes nothing: it ends and is started again.
  const engine = options.verification
  const verifier = await createSignatureVerifier({ engine, onBroken: onFatal })
  closers.push(verifier.close)
  const { publishing } = options
  if (publishing !== undefined) closers.push(publishing.close)
  const published = openPublishedFile(directory.published)
  closers.push(published.close)
  const shared = shareProgram(directory, closers)
  let away: string | undefined
  let stall: ((reason: string) => void) | undefined
  const files = { ...directory, passphrase, signerPort: shared?.port }
  const sequencer = await startWriter(files, {
    heldBy: async (keyed) =>
      publishing === undefined ? [] : await heldHeads(keyed, publishing, published),
    onAway(reason) {
      away = reason && `nothing can be signed: ${reason}`
      if (away !== undefined) stall?.(away)
      options.onSigner(reason)
    },
    onEnded: onFatal,
  })
  closers.push(sequencer.close)
  const reads = openLogReads(directory.database)
  closers.push(reads.close)
  const bundles = createBundleThread(directory.database, reads)
  closers.push(bundles.close)
  const search = startSearch(directory, options.onSearch.trouble)
  closers.push(search.close)
  const proving = createProvingThread()
  closers.push(proving.close)
  const { identity } = reads
  const opening = { passphrase, signing: "elsewhere" } as const
  const signing = await openLogSigning(directory, identity, opening, shared?.channel)
  closers.push(signing.close)
  const { vkeys } = signing.log
  const log = await openLog({
    identity,
    vkeys,
    reads: { ...reads, bundle: bundles.read },
    sequencer,
    search,
    terms: { besideBody },
    verifier,
    hasher: nativeHasher,
    hash: hashNatively,
    prove: proving.prove,
    defer: setImmediate,
    admit: (proposal) => assertMayWrite(proposal, options.writeRule),
    obstacle: () => away ?? freeSpace.obstacle(),
    onFatal,
    limits: {
      entriesUnderWay: options.maxEntriesUnderWay,
      attachmentBytes: options.attestationBytes,
      messageBytes: options.messageBytes,
    },
  })
  closers.push(log.close)
  stall = log.stall
  const guarded = withAuthorities(log, options.authorities, verifier)
  const publisher = await startPublishing(log, publishing, published)
  closers.push(publisher.close)
  return {
    log: guarded,
    publisher,
    rekorSigner: signing.rekor,
    created: identity.created,
    engine: verifier.engine,
  }
}

/** A program that signs is started once; the writer thread asks it through a port. */
function shareProgram({ signer }: DataDirectory, closers: Close[]) {
  if (signer === undefined || !isProgram(signer)) return undefined
  const channel = openSignerChannel(signer)
  closers.push(channel.close)
  const { port1, port2 } = new MessageChannel()
  relay(port1, channel)
  closers.push(() => port1.close())
  return { channel, port: port2 }
}

async function startPublishing(
  log: Log,
  plan: PublishingPlan | undefined,
  store: PublishedStore,
): Promise<Publisher> {
  if (plan === undefined) return publishAtOnce(log)
  const holds = createNoteVerification()
  const { policy, witnesses, times, onEvent } = plan
  return await openPublisher({
    ...{ log, policy, witnesses, times, store, holds, onEvent },
    clock: processClock,
    onContradiction: (found) => plan.onContradiction(found, log.vkeys),
  })
}
