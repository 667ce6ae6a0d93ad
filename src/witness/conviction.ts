// What stops a witness from cosigning a log: evidence against the log, or against the witness's own memory.
// A freeze holds at once in this process and is durable when its promise resolves.
import { Refusal, refuse, shown, unlessRefused } from "../core/base/errors.ts"
import { parseCheckpointText } from "../core/note/checkpoint.ts"
import { formatVkey, parseNote } from "../core/note/note.ts"
import type { Origin } from "../core/note/origin.ts"
import type { Evidence, EvidenceKind } from "../evidence/evidence.ts"
import {
  type EvidenceFile,
  formatEvidence,
  NEWEST,
  newestForm,
  parseEvidence,
  statedBeginning,
} from "../evidence/format.ts"
import { createMemory } from "../evidence/memory.ts"
import { evidenceId, judgeEvidence, refuseSignature } from "../evidence/verification.ts"
import type { LogState, LogStates } from "./log-states.ts"
import { MOST_EVIDENCE_A_LOG, type WitnessStore } from "./store.ts"
import type { PatientRule } from "./submission.ts"

interface ConvictionOptions {
  readonly store: WitnessStore
  readonly states: LogStates
  /** Whether evidence freezes. */
  readonly freezes: boolean
  /** Off the thread that cosigns: anyone may send evidence. */
  readonly holdsElsewhere: PatientRule
  readonly onEvidence?: ((origin: Origin, evidence: Evidence) => void) | undefined
}

/** Texts of evidence of which it is remembered whether their signatures hold. */
const MOST_REMEMBERED = 1_024

export interface TakenEvidence {
  /** Of the case in the newest form, in which it is kept. */
  readonly id: string
  /** The logs that are cosigned here and use the convicted key. */
  readonly origins: readonly Origin[]
}

export type Conviction = Awaited<ReturnType<typeof createConviction>>

/** Kinds that may rest on nothing but what the log's key signed. */
const reasons: ReadonlySet<EvidenceKind> = new Set(["fork", "key-misuse", "broken-promise", "time"])

export async function createConviction(options: ConvictionOptions) {
  const { store, states, freezes, holdsElsewhere, onEvidence } = options
  const kept = new Map<string, Map<string, Promise<void>>>()
  for (const { origin, evidence } of await store.evidence()) {
    // What an earlier version kept is the same case in an older form, and must not freeze the log again.
    const newest = unlessRefused(() => newestForm(evidence.text)) ?? evidence.text
    keptOf(origin).set(evidenceId(newest), Promise.resolve())
  }

  /** The evidence against a log, by id: when it is durable. */
  function keptOf(origin: Origin): Map<string, Promise<void>> {
    const known = kept.get(origin) ?? new Map<string, Promise<void>>()
    kept.set(origin, known)
    return known
  }

  function isCause({ freeze }: LogState): boolean {
    return freezes && freeze === undefined
  }

  function hasRoom(state: LogState): boolean {
    return isCause(state) || keptOf(state.log.origin).size < MOST_EVIDENCE_A_LOG
  }

  async function keep(origin: Origin, evidence: Evidence): Promise<void> {
    await store.convict(origin, evidence, freezes)
    onEvidence?.(origin, evidence)
  }

  /**
   * Keeps evidence that holds, and freezes the log for it. Evidence that is kept changes nothing, also after
   * an unfreeze; nor does any beyond the limit of the store while the log is frozen, or never is.
   */
  async function convict(state: LogState, evidence: Evidence): Promise<void> {
    const { origin } = state.log
    const known = keptOf(origin)
    if (!known.has(evidence.id) && hasRoom(state)) {
      if (isCause(state)) state.freeze = { origin, cause: "proven", evidence: evidence.id }
      known.set(evidence.id, keep(origin, evidence))
    }
    await known.get(evidence.id)
  }

  /** Freezes a log for good, because `note` has the witness's own cosignature beyond its memory. */
  async function stop(state: LogState, note: string): Promise<void> {
    const { origin } = state.log
    if (state.freeze?.cause === "rolled-back") return
    state.freeze = { origin, cause: "rolled-back", note }
    await store.stop(origin, note)
  }

  /** The text of a file that was found to hold or not, as long as that is remembered. */
  const verified = createMemory<Promise<void>>(MOST_REMEMBERED)

  async function verifyLines({ restsOn }: ReturnType<typeof judgeEvidence>): Promise<void> {
    for (const line of restsOn) {
      if (!(await holdsElsewhere(line.vkey, line.text, line.signature))) refuseSignature(line)
    }
  }

  /**
   * Refuses what proves nothing, what is no reason to freeze a log, and what is one too many. Only then signatures are
   * verified, and of one text once.
   */
  async function assertTaken(id: string, text: string, news: readonly LogState[]): Promise<void> {
    const judged = judgeEvidence(text)
    if (!judged.verified.freezes) refuseKind(judged.verified.kind)
    const enough = `${MOST_EVIDENCE_A_LOG} cases against this log are kept: no more are needed`
    if (!news.some(hasRoom)) refuse("not-allowed", enough)
    try {
      await verified.get(id, () => verifyLines(judged))
    } catch (reason) {
      // What could not be found out now may be found out later.
      if (!(reason instanceof Refusal && reason.code === "bad-signature")) verified.forget(id)
      throw reason
    }
  }

  /** The logs with a key; of a vkey all is compared, for the key ID is only 32 bits of a hash. */
  function logsWith(key: string): readonly LogState[] {
    const found = [...states.values()].filter(({ log }) => log.vkeys.map(formatVkey).includes(key))
    if (found.length > 0) return found
    return refuse("untrusted", "expected evidence against a key of a log that is cosigned here")
  }

  /**
   * Refuses by the beginning of a file what names no key of a log that is cosigned here, and what rests on clocks: it is
   * no reason to stop, and may have 16 keys of its maker's. Reading will say what is wrong with any other text.
   */
  function assertConcerned(begun: string): void {
    const stated = statedBeginning(begun)
    if (stated === undefined) return
    logsWith(stated.key)
    if (stated.hasWitnesses) {
      refuse("not-allowed", "the clocks of witnesses are no reason to stop cosigning a log")
    }
  }

  /** See {@link Witness.takeEvidence}. */
  async function take(text: string): Promise<TakenEvidence> {
    // What costs little comes first: anyone may send anything.
    assertConcerned(text)
    const file = parseEvidence(text)
    const { kind, key } = file
    const found = logsWith(formatVkey(key))
    if (!reasons.has(kind)) refuseKind(kind)
    assertNoOrigin(file, found)
    const newest = formatEvidence({ ...file, format: NEWEST })
    const id = evidenceId(newest)
    const news = found.filter(({ log }) => !keptOf(log.origin).has(id))
    if (news.length > 0) await assertTaken(id, newest, news)
    await Promise.all(found.map((state) => convict(state, { id, kind, text: newest })))
    return { id, origins: found.map(({ log }) => log.origin) }
  }

  return { convict, stop, take, assertConcerned }
}

/** SPEC: the origin of a log need not be the name of its key (C2SP tlog-checkpoint). */
function assertNoOrigin({ kind, note }: EvidenceFile, found: readonly LogState[]): void {
  if (kind !== "key-misuse" || note === undefined) return
  const { origin } = parseCheckpointText(parseNote(note).text)
  if (!found.some(({ log }) => log.origin === origin)) return
  refuse("not-allowed", `${shown(origin)} is a log of this key that is cosigned here`)
}

function refuseKind(kind: EvidenceKind): never {
  return refuse("not-allowed", `evidence of the kind ${kind} is no reason to stop cosigning a log`)
}
