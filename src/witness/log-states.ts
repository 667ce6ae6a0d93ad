// What a running witness knows of each log it cosigns, loaded from its store; a log whose keys were changed
// under it is noticed here.
import { bug, refuse } from "../core/base/errors.ts"
import { formatVkey } from "../core/note/note.ts"
import type { Freeze, KnownLog, WitnessedHead, WitnessStore } from "./store.ts"
import type { WitnessedLog } from "./submission.ts"

export interface LogState {
  readonly log: WitnessedLog
  head: WitnessedHead | undefined
  freeze: Freeze | undefined
  /** The newest head that was cosigned, and its note with the cosignatures that were given out. */
  shown: { readonly head: WitnessedHead; readonly text: string } | undefined
}

export type LogStates = ReadonlyMap<string, LogState>

/** The state of a log that is known to be cosigned here. */
export function stateOf(states: LogStates, origin: string): LogState {
  return states.get(origin) ?? bug(`${origin} is not cosigned here`)
}

/** The vkeys as text, in an order that does not depend on the configuration. */
function vkeysOf({ vkeys }: WitnessedLog): string[] {
  return vkeys.map(formatVkey).sort()
}

/**
 * Loads the state of the configured logs and remembers those that are new. Refuses `mismatch` if a log
 * was first accepted with other keys, unless `acceptNewKeys`.
 */
export async function loadLogStates(
  store: WitnessStore,
  logs: readonly WitnessedLog[],
  acceptNewKeys: boolean,
): Promise<LogStates> {
  const known = new Map((await store.logs()).map((log) => [log.origin, log]))
  const changed = logs.filter(
    (log) => known.get(log.origin)?.vkeys.join("\n") !== vkeysOf(log).join("\n"),
  )
  for (const log of changed) {
    const before = known.get(log.origin)
    if (before !== undefined && !acceptNewKeys) refuseNewKeys(log, before)
  }
  for (const log of changed) await store.setLog({ origin: log.origin, vkeys: vkeysOf(log) })
  const heads = new Map((await store.heads()).map((head) => [head.origin, head]))
  const freezes = new Map((await store.freezes()).map((freeze) => [freeze.origin, freeze]))
  return new Map(
    logs.map((log) => {
      const { origin } = log
      const head = heads.get(origin)
      return [origin, { log, head, freeze: freezes.get(origin), shown: undefined }]
    }),
  )
}

function refuseNewKeys(log: WitnessedLog, before: KnownLog): never {
  return refuse(
    "mismatch",
    `${log.origin} was first accepted with ${before.vkeys.join(" ")}, found ${vkeysOf(log).join(" ")}: ` +
      `a log seldom changes its keys. If this is meant, start once with the new keys accepted`,
  )
}
