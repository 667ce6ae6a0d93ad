// A witness over a data directory, put together: store, keys, the self-audit before anything is signed, and
// the end of the process once it must not sign any more.
import type { Logger } from "pino"
import type { Fetch } from "../../client/exchange.ts"
import { Refusal, refuse } from "../../core/base/errors.ts"
import { formatVkey } from "../../core/note/note.ts"
import type { Policy } from "../../core/note/policy.ts"
import { createClock } from "../../core/time/clock.ts"
import { createNoteVerification } from "../../crypto/engines/note-verification.ts"
import { createPatientNoteVerification } from "../../crypto/engines/patient-verification.ts"
import { nativeHasher } from "../../crypto/tree-hasher.ts"
import { openWitnessStore } from "../../storage/sqlite/witness/store.ts"
import type { WitnessStore } from "../../witness/store.ts"
import { createWitness, type Witness, type WitnessedLog } from "../../witness/witness.ts"
import { acceptsOn } from "../clock/accept-clock.ts"
import { machineClock } from "../clock/machine-clock.ts"
import { type Close, openAll } from "../command/closers.ts"
import { type Admission, createAdmission } from "./admission.ts"
import { auditOn, createSelfAudit, reportUnreachable, sourcesOf } from "./audit.ts"
import { openWitnessKeys, type WitnessDirectory, type WitnessKeys } from "./directory.ts"
import { logsOf, type WitnessServeOptions } from "./options.ts"
import { assertNotRolledBack, keepRolledBack } from "./rollback.ts"

interface RunningWitnessOptions
  extends Pick<WitnessServeOptions, "selfCheck" | "freeze" | "acceptKeyChange" | "acceptClock"> {
  readonly policy: Policy
  readonly passphrase: string | undefined
  readonly fetch: Fetch
  readonly logger: Logger
  /** Told once that nothing may be signed any more; the process must end. */
  readonly onFatal: (reason: unknown) => void
}

const SOURCE_TIMEOUT_MS = 5_000

/** Refuses `mismatch` if a log has other keys than before and the operator did not name it. */
async function assertKeys(
  store: WitnessStore,
  logs: readonly WitnessedLog[],
  accepted: readonly string[],
): Promise<void> {
  const unknown = accepted.find((origin) => !logs.some((log) => log.origin === origin))
  if (unknown !== undefined) {
    refuse("not-found", `--accept-key-change: expected a log of the policy, found ${unknown}`)
  }
  const known = new Map((await store.logs()).map(({ origin, vkeys }) => [origin, vkeys]))
  for (const { origin, vkeys } of logs) {
    const before = known.get(origin)?.toSorted().join(" ")
    const found = vkeys.map(formatVkey).sort().join(" ")
    if (before === undefined || before === found || accepted.includes(origin)) continue
    refuse(
      "mismatch",
      `${origin} was accepted with ${before}, found ${found}: a log seldom changes its keys. If its ` +
        `operator did, start once with: --accept-key-change ${origin}`,
    )
  }
}

/** Makes the witness of some logs, given notes that were seen of them. */
function witnessMaker(
  store: WitnessStore,
  { cosigners }: WitnessKeys,
  { freeze, logger, acceptClock }: RunningWitnessOptions,
) {
  // One for all: a clock that is made anew would forget that it was in doubt.
  const clock = createClock({ ...machineClock(), accepts: acceptsOn(acceptClock) })
  const holds = createNoteVerification()
  const holdsElsewhere = createPatientNoteVerification()
  return (logs: readonly WitnessedLog[], seen: readonly string[]): Promise<Witness> =>
    createWitness({
      store,
      logs,
      cosigners,
      hasher: nativeHasher,
      now: () => Math.floor(Date.now() / 1000),
      clock,
      holds,
      holdsElsewhere,
      defer: setImmediate,
      freezeOnFork: freeze,
      // Looked at by assertKeys, log by log.
      acceptNewKeys: true,
      seen,
      onEvidence: (origin, { id, kind }) =>
        logger.error({ origin, kind, evidence: id }, "evidence against a log"),
    })
}

async function openParts(
  directory: WitnessDirectory,
  options: RunningWitnessOptions,
  closers: Close[],
) {
  const { policy, passphrase, logger, fetch, selfCheck } = options
  const store = await openWitnessStore(directory)
  closers.push(() => store.close())
  const keys = await openWitnessKeys(directory, store.identity, passphrase)
  closers.push(keys.close)
  const logs = logsOf(policy)
  await assertKeys(store, logs, options.acceptKeyChange ?? [])
  const create = witnessMaker(store, keys, options)
  const admission = await createAdmission({ logs, store, create })

  const stop = new AbortController()
  const reaching = { fetch, timeout: SOURCE_TIMEOUT_MS, signal: stop.signal }
  const audit = createSelfAudit(sourcesOf(policy, logs, keys.vkeys, reaching))
  const first = await audit.look()
  reportUnreachable(first, logger)
  const ready = logs.filter(({ origin }) => selfCheck === "reachable" || audit.hasAnswer(origin))
  const seen = first.notes.map(({ note }) => note)
  await admission.admit(ready, seen)
  assertNotRolledBack(directory, admission.witness.status())

  const witness = watch(directory, admission, options)
  const { origin: name } = store.identity
  closers.push(auditOn({ ...options, name, directory, audit, admission, witness, stop }))
  return { name, vkeys: keys.vkeys, witness, obstacle: () => obstacleOf(admission) }
}

/** Why nothing, or not every log, is cosigned now. */
function obstacleOf(admission: Admission): string | undefined {
  const waiting = admission.waiting().map(({ origin }) => origin)
  if (waiting.length === 0) return undefined
  return `no source of these logs has answered yet: ${waiting.join(", ")}`
}

/** Ends the process as soon as the witness cannot be trusted any more, whoever has shown it. */
function watch(
  directory: WitnessDirectory,
  { witness }: Admission,
  { onFatal }: RunningWitnessOptions,
): Admission["witness"] {
  return {
    ...witness,
    async addCheckpoint(body) {
      try {
        return await witness.addCheckpoint(body)
      } catch (reason) {
        const status = witness.status()
        if (status.stopped !== undefined) onFatal(reason)
        else if (reason instanceof Refusal && reason.code === "mismatch") {
          const refusal = keepRolledBack(directory, status)
          if (refusal !== undefined) onFatal(refusal)
        }
        throw reason
      }
    },
  }
}

/** Refuses and throws as the parts do: every message says what to do. */
export async function openRunningWitness(
  directory: WitnessDirectory,
  options: RunningWitnessOptions,
) {
  return await openAll((closers) => openParts(directory, options, closers))
}
