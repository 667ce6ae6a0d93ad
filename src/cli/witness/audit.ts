// The self-audit of a witness: asks the logs, and the other witnesses of its policy, which checkpoints they
// have. One of them may bear the witness's own cosignature on what it does not remember: then its data was
// put back to an older copy, and it must not sign. Leaves out judging the notes, which the witness does.
// In the background it asks the sources that were out of reach again, and admits the logs that waited for them.
import { setTimeout as sleep } from "node:timers/promises"
import type { Logger } from "pino"
import type { Fetch } from "../../client/exchange.ts"
import { createLogClient } from "../../client/log-client.ts"
import { createWitnessClient } from "../../client/witness-client.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { formatAddCheckpoint } from "../../core/note/add-checkpoint.ts"
import { formatVkey } from "../../core/note/note.ts"
import type { Origin } from "../../core/note/origin.ts"
import type { Policy } from "../../core/note/policy.ts"
import { originsOf } from "../../core/note/policy-origins.ts"
import type { WitnessedLog } from "../../witness/witness.ts"
import type { Admission } from "./admission.ts"
import type { WitnessDirectory } from "./directory.ts"
import { assertNotRolledBack } from "./rollback.ts"

interface Source {
  readonly url: string
  readonly origin: Origin
  /** The newest checkpoint there; undefined if there is none. */
  readonly read: () => Promise<string | undefined>
  /** Whether having no checkpoint counts as an answer: another witness may not know the log at all. */
  readonly speaksForLog: boolean
}

/** What one look at the sources that had not answered yet has found. */
interface Sightings {
  readonly notes: readonly { readonly origin: Origin; readonly note: string }[]
  readonly unreachable: readonly { readonly source: Source; readonly reason: string }[]
}

interface Reaching {
  readonly fetch: Fetch
  readonly timeout: number
  readonly signal: AbortSignal
}

async function orNothing(read: Promise<string>): Promise<string | undefined> {
  try {
    return await read
  } catch (reason) {
    if (reason instanceof Refusal && reason.code === "not-found") return undefined
    throw reason
  }
}

/**
 * Every place where the policy says that a checkpoint of one of these logs can be read; a witness with one
 * of `ownVkeys` is this one, whom it makes no sense to ask.
 */
export function sourcesOf(
  policy: Policy,
  logs: readonly WitnessedLog[],
  ownVkeys: readonly string[],
  reaching: Reaching,
): readonly Source[] {
  const ofLogs = policy.logs.flatMap((named): readonly Source[] => {
    const { url } = named
    const log = logs.find(({ origin }) => originsOf(named).includes(origin))
    if (url === undefined || log === undefined) return []
    const client = createLogClient({ url, ...reaching })
    const read = () => orNothing(client.checkpoint())
    return [{ url, origin: log.origin, read, speaksForLog: true }]
  })
  const ofWitnesses = policy.witnesses.flatMap(({ vkey, url }): readonly Source[] => {
    if (url === undefined || ownVkeys.includes(formatVkey(vkey))) return []
    const client = createWitnessClient({ url, ...reaching })
    return logs.map(({ origin }) => {
      return { url, origin, read: () => client.checkpoint(origin), speaksForLog: false }
    })
  })
  return [...ofLogs, ...ofWitnesses]
}

/** Rejects only if it is called off. */
export function createSelfAudit(sources: readonly Source[]) {
  const answered = new Set<Source>()

  async function ask(source: Source): Promise<Sightings> {
    const { origin, speaksForLog } = source
    try {
      const note = await source.read()
      if (note !== undefined || speaksForLog) answered.add(source)
      return { notes: note === undefined ? [] : [{ origin, note }], unreachable: [] }
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Trouble)) throw error
      return { notes: [], unreachable: [{ source, reason: error.message }] }
    }
  }

  return {
    /** Asks every source that has not answered yet, all at once. */
    async look(): Promise<Sightings> {
      const open = sources.filter((source) => !answered.has(source))
      const found = await Promise.all(open.map(ask))
      return {
        notes: found.flatMap(({ notes }) => notes),
        unreachable: found.flatMap(({ unreachable }) => unreachable),
      }
    },
    /** Whether a source of this log has answered, or there is none to ask. */
    hasAnswer(origin: string) {
      const own = sources.filter((source) => source.origin === origin)
      return own.length === 0 || own.some((source) => answered.has(source))
    },
    isComplete: () => sources.every((source) => answered.has(source)),
  }
}

interface Auditing {
  readonly name: string
  readonly directory: WitnessDirectory
  readonly audit: ReturnType<typeof createSelfAudit>
  readonly admission: Admission
  /** The witness of `admission`, with what happens when it must not sign any more. */
  readonly witness: Admission["witness"]
  /** Calls off every question that is under way. */
  readonly stop: AbortController
  readonly logger: Logger
  readonly onFatal: (reason: unknown) => void
}

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

export function reportUnreachable({ unreachable }: Sightings, logger: Logger): void {
  for (const { source, reason } of unreachable) {
    const { origin, url } = source
    logger.warn({ origin, url, reason }, "self-audit: a source does not answer, trying again")
  }
}

/** As if the log had sent the checkpoint: the witness looks for its own lines in every one. */
async function show(witness: Admission["witness"], note: string, oldSize: number): Promise<void> {
  try {
    await witness.addCheckpoint(formatAddCheckpoint({ oldSize, proof: [], note }))
  } catch (reason) {
    if (!(reason instanceof Refusal)) throw reason
  }
}

/** Looks again, more and more seldom, until every source has answered. Gives what ends that. */
export function auditOn(auditing: Auditing): () => Promise<void> {
  const { name, directory, audit, admission, witness, stop, logger, onFatal } = auditing

  async function take({ notes }: Sightings): Promise<void> {
    const ready = admission.waiting().filter(({ origin }) => audit.hasAnswer(origin))
    const seen = notes.map(({ note }) => note)
    await admission.admit(ready, seen)
    const status = admission.witness.status()
    assertNotRolledBack(directory, status)
    for (const { origin, note } of notes.filter((found) => found.note.includes(`— ${name} `))) {
      await show(witness, note, status.logs.find((log) => log.origin === origin)?.size ?? 0)
    }
  }

  async function run(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !audit.isComplete(); ) {
      await sleep(pause, undefined, { signal: stop.signal })
      const found = await audit.look()
      await take(found)
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
      if (audit.isComplete()) logger.info("self-audit: every source has answered")
    }
  }

  const running = run().catch((reason: unknown) => {
    if (!stop.signal.aborted) onFatal(reason)
  })
  return async () => {
    stop.abort()
    await running
  }
}
