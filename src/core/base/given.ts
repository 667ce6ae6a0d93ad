// Objects whose members may be absent, under `exactOptionalPropertyTypes`: what is undefined is left out.

/** The members that are there. */
export type Given<T> = {
  [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name]
} & { [Name in keyof T as undefined extends T[Name] ? Name : never]?: Exclude<T[Name], undefined> }

/** The same members without those that are undefined. */
export function given<T extends object>(members: T): Given<T> {
  const pairs = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(pairs) as Given<T>
}
