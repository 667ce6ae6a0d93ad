// Reads the import lines of TypeScript source by pattern, which the one formatter of this project
// makes dependable. Leaves out imports whose specifier is computed.

export interface Import {
  readonly specifier: string
  /** Whether the import disappears when types are stripped. */
  readonly typeOnly: boolean
  /** Whether it is loaded only when that line runs. */
  readonly isDynamic: boolean
}

/** The source without its comments; strings that hold `//` survive only if no space is before it. */
export function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1")
}

const STATEMENT =
  /^(?:import|export)\s+(type\s+)?(?:([\w*{][^"';]*?)\s+from\s+)?"([^"]+)"|\b(?:import|require)\(\s*"([^"]+)"\s*\)/gm

function bindsTypesOnly(bindings: string): boolean {
  const names = /^\{([\s\S]*)\}$/.exec(bindings.trim())?.[1]
  if (names === undefined) return false
  const listed = names.split(",").filter((name) => name.trim() !== "")
  return listed.length > 0 && listed.every((name) => name.trim().startsWith("type "))
}

/** Every import, re-export and dynamic import with a literal specifier, in order. */
export function importsOf(text: string): Import[] {
  return Array.from(codeOf(text).matchAll(STATEMENT), (match) => {
    const [, type, bindings = "", specifier, dynamic] = match
    return {
      specifier: specifier ?? dynamic ?? "",
      typeOnly: type !== undefined || bindsTypesOnly(bindings),
      isDynamic: dynamic !== undefined,
    }
  })
}
