// Objects without the members that are undefined: an optional member is there with a value or not at all
// (exactOptionalPropertyTypes). Not for hot paths, where its allocations would count.

type Optional<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]

/** The same members, those that may be undefined being optional. */
type Present<T> = { [K in keyof Omit<T, Optional<T>>]: T[K] } & {
  [K in Optional<T>]?: Exclude<T[K], undefined>
}

/** A copy of the members that are not undefined, in their order; `null` and `false` stay. */
export function present<T extends object>(members: T): Present<T> {
  const found = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(found) as Present<T>
}
