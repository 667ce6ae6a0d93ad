// Which origins the logs of a policy (C2SP tlog-policy) have: the names of their keys, as the grammar has it, unless a
// line of ours says others (policy.ts).
import type { Vkey } from "./note.ts"
import { type Origin, parseOrigin } from "./origin.ts"

/** What a policy says of a log, as far as its name goes. */
interface NamedLog {
  readonly vkey: Vkey
  readonly origins?: readonly Origin[]
}

/** The name of the key, unless other origins are said. */
export function originsOf({ vkey, origins }: NamedLog): readonly Origin[] {
  return origins ?? [parseOrigin(vkey.name)]
}

/** The keys that may sign heads of this origin, or of a tree of the log that `keyName` names. */
export function logKeysOf(
  logs: readonly NamedLog[],
  origin: string,
  keyName: string,
): readonly Vkey[] {
  const own = logs.filter((log) => {
    const origins: readonly string[] = originsOf(log)
    return origins.includes(origin) || (log.origins === undefined && log.vkey.name === keyName)
  })
  return own.map(({ vkey }) => vkey)
}
