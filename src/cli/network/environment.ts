// The variables of a process, as far as they say how it reaches others.

/** By name; a variable that is empty counts as one that is not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The first of these variables that is set, and its name. */
export function variableOf(
  environment: Environment,
  names: readonly string[],
): { readonly name: string; readonly text: string } | undefined {
  for (const name of names) {
    const text = environment[name]?.trim() ?? ""
    if (text !== "") return { name, text }
  }
  return undefined
}
