// The self-audit in the background: asks the sources that were out of reach again, admits the logs that waited
// for them, and shows the witness what they have.
import { setTimeout as sleep } from "node:timers/promises"
import type { Logger } from "pino"
import { Refusal } from "../../core/base/errors.ts"
import { formatAddCheckpoint } from "../../core/note/add-checkpoint.ts"
import type { Admission } from "./admission.ts"
import type { SelfAudit, Sightings } from "./audit.ts"
import type { WitnessDirectory } from "./directory.ts"
import { assertNotRolledBack } from "./rollback.ts"

interface Auditing {
  /** The name of the witness's keys. */
  readonly name: string
  readonly directory: WitnessDirectory
  readonly audit: SelfAudit
  readonly admission: Admission
  /** The witness of `admission`, with what happens when it must not sign any more. */
  readonly witness: Admission["witness"]
  /** Calls off every question that is under way. */
  readonly stop: AbortController
  readonly logger: Logger
  /** Told once why the process must end. */
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
