// One witness made of several, which share a store: a log is admitted once its sources have been looked
// through, and until then nothing is signed for it. What was admitted stays as it is.
import { Refusal, refuse } from "../../core/base/errors.ts"
import { present } from "../../core/base/present.ts"
import { parseAddCheckpoint } from "../../core/note/add-checkpoint.ts"
import { formatVkey } from "../../core/note/note.ts"
import { statedBeginning } from "../../evidence/format.ts"
import type { WitnessStore } from "../../witness/store.ts"
import type {
  TakenEvidence,
  Witness,
  WitnessedLog,
  WitnessedLogStatus,
} from "../../witness/witness.ts"

export interface Admission {
  /** Refuses `try-later` for the logs that wait. */
  readonly witness: Witness
  /** Makes a witness for logs of those that wait, given the notes that were seen of them. */
  admit(logs: readonly WitnessedLog[], seen: readonly string[]): Promise<void>
  waiting(): readonly WitnessedLog[]
}

interface AdmissionOptions {
  readonly logs: readonly WitnessedLog[]
  readonly store: WitnessStore
  readonly create: (logs: readonly WitnessedLog[], seen: readonly string[]) => Promise<Witness>
}

function notYet({ origin }: WitnessedLog): string {
  return `${origin} is not cosigned before its own URL, or another witness, has answered once`
}

function originOf(body: Uint8Array): string {
  const { note } = parseAddCheckpoint(body)
  return note.slice(0, note.indexOf("\n"))
}

/** The status of a log that waits: what is stored of it. */
async function storedStatuses(
  logs: readonly WitnessedLog[],
  store: WitnessStore,
): Promise<ReadonlyMap<string, WitnessedLogStatus>> {
  const heads = new Map((await store.heads()).map((head) => [head.origin, head]))
  const freezes = new Map((await store.freezes()).map((freeze) => [freeze.origin, freeze]))
  return new Map(
    logs.map(({ origin, vkeys }) => {
      const { size, time } = heads.get(origin) ?? { size: 0, time: 0 }
      const frozen = freezes.get(origin)
      const status = { origin, vkeys: vkeys.map(formatVkey), size, time }
      return [origin, { ...status, ...present({ frozen }) }]
    }),
  )
}

export async function createAdmission(options: AdmissionOptions): Promise<Admission> {
  const { logs, store, create } = options
  const stored = await storedStatuses(logs, store)
  const admitted = new Map<string, Witness>()
  const witnesses = new Set<Witness>()

  const waiting = () => logs.filter(({ origin }) => !admitted.has(origin))

  /** The log that waits and has the key which evidence names. */
  function accusedIn(text: string): WitnessedLog | undefined {
    const named = statedBeginning(text)?.key
    return waiting().find(({ vkeys }) => vkeys.some((vkey) => formatVkey(vkey) === named))
  }

  /** Refuses `try-later`, for who sends evidence must not think that it is taken, nor that it is not. */
  function assertAdmitted(text: string): void {
    const accused = accusedIn(text)
    if (accused !== undefined) refuse("try-later", notYet(accused))
  }

  function admittedFor(body: Uint8Array): Witness | undefined {
    const [only] = witnesses
    if (witnesses.size === 1 && waiting().length === 0) return only
    const origin = originOf(body)
    const asked = waiting().find((log) => log.origin === origin)
    if (asked !== undefined) refuse("try-later", notYet(asked))
    return admitted.get(origin) ?? only
  }

  return {
    witness: {
      async addCheckpoint(body) {
        const witness = admittedFor(body)
        return witness === undefined
          ? refuse("not-found", "no log is cosigned here")
          : await witness.addCheckpoint(body)
      },
      checkpoint: (origin) => admitted.get(origin)?.checkpoint(origin),
      async takeEvidence(text) {
        assertAdmitted(text)
        let taken: TakenEvidence | undefined
        let refusal: unknown = new Refusal("try-later", "no log is cosigned here yet")
        for (const witness of witnesses) {
          try {
            taken = await witness.takeEvidence(text)
          } catch (reason) {
            if (!(reason instanceof Refusal)) throw reason
            refusal = reason
          }
        }
        if (taken === undefined) throw refusal
        return taken
      },
      assertConcerned(begun) {
        if (accusedIn(begun) !== undefined) return
        let refusal: unknown
        for (const witness of witnesses) {
          try {
            return witness.assertConcerned(begun)
          } catch (reason) {
            refusal = reason
          }
        }
        if (refusal !== undefined) throw refusal
      },
      evidence: () => store.evidence(),
      status() {
        const statuses = [...witnesses].map((witness) => witness.status())
        const known = new Map(
          statuses.flatMap(({ logs }) => logs.map((log) => [log.origin as string, log] as const)),
        )
        const first = (name: "stopped" | "doubt" | "standing") =>
          statuses.find((status) => status[name] !== undefined)?.[name]
        return {
          logs: logs.flatMap(({ origin }) => known.get(origin) ?? stored.get(origin) ?? []),
          ...present({ stopped: first("stopped") }),
          ...present({ doubt: first("doubt"), standing: first("standing") }),
        }
      },
    },
    async admit(found, seen) {
      if (found.length === 0) return
      const witness = await create(found, seen)
      witnesses.add(witness)
      for (const { origin } of found) admitted.set(origin, witness)
    },
    waiting,
  }
}
