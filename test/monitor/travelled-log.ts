// A monitor over a log in memory that keeps envelopes, has a search and a list of messages, and can fail at each of
// them; with a watch file that changes between rounds.
import { utf8 } from "../../src/core/base/bytes.ts"
import { Refusal } from "../../src/core/base/errors.ts"
import { createEntryCheck } from "../../src/crypto/engines/entry-check.ts"
import { createNoteVerification } from "../../src/crypto/engines/note-verification.ts"
import { createStateSigner, newStateKey } from "../../src/crypto/signers/state-signer.ts"
import { digestAlgorithm } from "../../src/entry/algorithm.ts"
import { hashedrekordBody } from "../../src/entry/kinds/hashedrekord-v002.ts"
import { openFindings, type StoredFinding } from "../../src/monitor/findings/stored.ts"
import type { ListedMessage, LogSource, SearchItem } from "../../src/monitor/follow/source.ts"
import { createMonitor, type Monitor } from "../../src/monitor/monitor.ts"
import type { MonitoredLog } from "../../src/monitor/monitored-log.ts"
import { countStandings, type StandingCounts } from "../../src/monitor/pending/counts.ts"
import { createMailbox, type OpenMailbox } from "../../src/monitor/promises/mailbox.ts"
import { createState, type MonitorState, openState } from "../../src/monitor/state/state.ts"
import type { MonitorStore } from "../../src/monitor/state/store.ts"
import { type MonitorStatus, monitorStatus } from "../../src/monitor/status.ts"
import { hashOf, type Signer, signMessage } from "../entry/signers.ts"
import { createMemoryMessageStore } from "../storage/memory/message-store.ts"
import { createMemoryMonitorStore } from "../storage/memory/monitor-store.ts"
import { type Attestation, digestOf, watchOf } from "./entries/watched-entries.ts"
import { hasher, type MadeLog, makeLog, origin } from "./made-log.ts"

export const START = 1_700_000_000_000
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** What a log answers beside its tiles. */
export interface Beside {
  /** By index. */
  readonly envelopes: Map<number, Uint8Array>
  /** Throws or answers in place of the log. */
  envelope?: (index: number) => Uint8Array | undefined
  /** Whether it says that it keeps an attestation; what it has by default. */
  saysKept?: (index: number) => boolean
  /** Indexes, newest first; by default there is no search. */
  search?: (item: SearchItem) => readonly number[]
  /** Below which the search leaves out entries, as it does when they do not fit into a page. */
  searchedFrom?: number
  readonly messages: { readonly listed: ListedMessage; readonly bytes: Uint8Array }[]
}

export interface Travelled {
  readonly log: MadeLog
  readonly beside: Beside
  readonly store: MonitorStore
  readonly messages: ReturnType<typeof createMemoryMessageStore>
  readonly mailbox: OpenMailbox
  /** Lines of the watch file from the next round on. */
  watch: readonly string[]
  readonly files: Record<string, string>
  /** The digest of ledgers that only grow. */
  ledger: string
  /** Why the newest watch file is refused. */
  refusal: string | undefined
  /** Whether the time to judge entries again is over; asked after each bundle. */
  isRescanOver: () => boolean
  state: MonitorState
  monitor: Monitor
  round(now: number): Promise<void>
  /** `GRADE key`, without the origin. */
  findings(): readonly string[]
  open(): readonly StoredFinding[]
  standings(): StandingCounts
  status(now: number): MonitorStatus
  /** Starts again over what was stored. */
  restart(): Promise<void>
  add(entry: Uint8Array | Attestation): number
}

const signer = createStateSigner(newStateKey())
const { verify } = createEntryCheck()

/** A statement about an artifact. */
export function statementAbout(artifact: string): Uint8Array {
  const subject = [{ name: "x", digest: { sha256: digestOf(artifact).slice("sha256:".length) } }]
  const statement = { _type: "https://in-toto.io/Statement/v1", subject, predicateType: "p" }
  return utf8(JSON.stringify(statement))
}

/** A logged signature over these bytes. */
export function signedBody(by: Signer, message: Uint8Array): Uint8Array {
  const algorithm = digestAlgorithm[by.keyType]
  return hashedrekordBody({
    algorithm,
    digest: hashOf(algorithm, message),
    signature: signMessage(by, algorithm, message),
    key: { form: "publicKey", der: by.spki },
  })
}

function sourceOf(log: MadeLog, beside: Beside): LogSource {
  const kept = (index: number) => beside.envelopes.get(index)
  return {
    ...log.source,
    checkpoint: (isFresh) => log.source.checkpoint(isFresh),
    envelope: async (index) => (beside.envelope ?? kept)(index),
    native: {
      saysKept: async (index) => beside.saysKept?.(index) ?? beside.envelopes.has(index),
      async search(item) {
        const indexes = beside.search?.(item)
        if (indexes === undefined) throw new Refusal("not-found", "no search")
        return { indexes, from: beside.searchedFrom ?? 0, completeUpTo: log.bodies.length }
      },
      messages: async (after) =>
        beside.messages.map(({ listed }) => listed).filter(({ sequence }) => sequence > after),
      message: async (index) => beside.messages.find(({ listed }) => listed.index === index)?.bytes,
    },
  }
}

/** Opens a monitor of an empty log. */
export async function travel(
  watch: readonly string[],
  changes: Partial<MonitoredLog> = {},
): Promise<Travelled> {
  const log = makeLog()
  const beside: Beside = { envelopes: new Map(), messages: [] }
  const store = createMemoryMonitorStore()
  const messages = createMemoryMessageStore()
  const mailbox = createMailbox()
  const options = { store, signer, hasher }

  function open(state: MonitorState): Monitor {
    const followed: MonitoredLog = {
      origin,
      vkeys: [log.vkey],
      witnesses: [],
      threshold: 0,
      source: sourceOf(log, beside),
      mirrors: [],
      witnessHeads: [],
      ...changes,
    }
    return createMonitor({
      state,
      logs: [followed],
      async watch() {
        const { watch: lines, files, ledger, refusal } = travelled
        const parsed = await watchOf(lines, files)
        const digest = JSON.stringify(lines)
        return { watch: parsed, digest, ledger, ...(refusal !== undefined && { refusal }) }
      },
      messages,
      verify,
      holds: createNoteVerification(),
      sinks: [],
      mailbox,
      hasher,
      pause: () => Promise.resolve(),
      beginRescan: () => () => travelled.isRescanOver(),
    })
  }

  const first = await createState(options, () => {})
  const travelled: Travelled = {
    ...{ log, beside, store, messages, mailbox, watch, files: {}, ledger: "", refusal: undefined },
    isRescanOver: () => false,
    state: first,
    monitor: open(first),
    async round(now) {
      await travelled.monitor.round(now)
    },
    open: () => openFindings(travelled.state.documents),
    findings: () =>
      travelled.open().map(({ grade, key }) => `${grade} ${key.replace(` ${origin}`, "")}`),
    standings: () => countStandings(travelled.state.documents, origin),
    status: (now) =>
      monitorStatus({
        documents: travelled.state.documents,
        logs: [{ origin, witnesses: [], threshold: 0, head: log.head() }],
        lastCompleteAt: now,
        interval: MINUTE,
        now,
        messages: messages.usage(),
      }),
    async restart() {
      travelled.state = await openState(options)
      travelled.monitor = open(travelled.state)
    },
    add(entry) {
      const index = log.bodies.length
      if (entry instanceof Uint8Array) log.bodies.push(entry)
      else {
        log.bodies.push(entry.body)
        beside.envelopes.set(index, entry.envelope)
      }
      return index
    },
  }
  return travelled
}
