// What a writer may do at a server, by the words that tokens, access files and routes name it with.
import { refuse, shown } from "../base/errors.ts"

/**
 * `submit` adds entries, `attach` gives messages, `ledger` posts what a pipeline has signed, `evidence` and `heads` post
 * what was seen elsewhere, `read` reads and searches.
 */
export const everyScope = ["submit", "attach", "ledger", "evidence", "heads", "read"] as const

export type Scope = (typeof everyScope)[number]

function isScope(text: string): text is Scope {
  return everyScope.some((scope) => scope === text)
}

/** Reads the names of scopes; refuses `malformed` for one that does not exist. `what` names the list in messages. */
export function parseScopes(names: readonly string[], what: string): ReadonlySet<Scope> {
  const wrong = names.find((name) => !isScope(name))
  if (wrong === undefined) return new Set(names.filter(isScope))
  return refuse(
    "malformed",
    `${what}: expected scopes of ${everyScope.join(", ")}, found ${shown(wrong)}`,
  )
}
