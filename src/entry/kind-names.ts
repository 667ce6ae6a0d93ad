// The kinds of entries that the log takes, in all their versions: the closed list from which doors, search,
// write rules and help take theirs. What a kind is stands in kinds/, one module a version.

/** What an entry is the record of, by Rekor's names. */
export type EntryKind = "hashedrekord" | "dsse" | "intoto" | "rekord"

/** The versions of each kind, from the oldest. */
export const entryKinds = {
  hashedrekord: ["0.0.1", "0.0.2"],
  dsse: ["0.0.1", "0.0.2"],
  intoto: ["0.0.2"],
  rekord: ["0.0.1"],
} as const satisfies Record<EntryKind, readonly string[]>

/** A kind in one of its versions, as it is searched by: `hashedrekord:0.0.2`. */
export type KindName = {
  [Kind in EntryKind]: `${Kind}:${(typeof entryKinds)[Kind][number]}`
}[EntryKind]

export const kindNames = Object.keys(entryKinds) as readonly EntryKind[]

export function isEntryKind(text: string): text is EntryKind {
  return Object.hasOwn(entryKinds, text)
}
