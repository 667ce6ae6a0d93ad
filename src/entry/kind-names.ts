// The kinds of entries that the log takes, in all their versions: the closed list from which doors, search,
// write rules and help take theirs. What a kind is stands in kinds/, one module a version.
import { refuse } from "../core/base/errors.ts"

/** The versions of each kind, from the oldest. */
export const entryKinds = {
  hashedrekord: ["0.0.1", "0.0.2"],
  dsse: ["0.0.1", "0.0.2"],
  intoto: ["0.0.2"],
  rekord: ["0.0.1"],
} as const

export type EntryKind = keyof typeof entryKinds

/** A kind in one of its versions, as it is searched by: `hashedrekord:0.0.2`. */
export type KindName = {
  [Kind in EntryKind]: `${Kind}:${(typeof entryKinds)[Kind][number]}`
}[EntryKind]

/** The kinds for people: `hashedrekord, dsse, …`. */
export const kindList: string = Object.keys(entryKinds).join(", ")

export function isEntryKind(text: string): text is EntryKind {
  return Object.hasOwn(entryKinds, text)
}

/** Reads the names of kinds; refuses `malformed` for one that does not exist. */
export function parseKinds(names: readonly string[]): ReadonlySet<EntryKind> {
  const wrong = names.find((name) => !isEntryKind(name))
  if (wrong !== undefined) refuse("malformed", `expected kinds of ${kindList}, found ${wrong}`)
  return new Set(names.filter(isEntryKind))
}
