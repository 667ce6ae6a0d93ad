// Which names a TypeScript source exports and which it takes from other files, read by pattern as imports.ts
// does. Leaves out exports of destructured names, which this project does not have.
import { codeOf } from "./imports.ts"

/** What a file takes from another one; "*" stands for all that it exports. */
export interface Taken {
  readonly specifier: string
  readonly names: readonly string[]
}

const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm
const LIST = /^export (?:type )?\{([^}]*)\}/gm
const FROM =
  /^(?:import|export)\s+(?:type\s+)?(?:\{([^}]*)\}|\*(?:\s+as\s+\w+)?)\s+from\s+"(\.[^"]+)"/gm
const WHOLE = /\bimport\("(\.[^"]+)"\)/g

/** The names between braces: those of the other file first, then those that they are given. */
function listed(braces: string): readonly (readonly [string, string])[] {
  return braces
    .split(",")
    .map((item) => item.trim().replace(/^type /, ""))
    .filter((item) => item !== "")
    .map((item) => {
      const [name = "", given = name] = item.split(/\s+as\s+/)
      return [name, given]
    })
}

/** Every name that the file exports, whether it is declared there or passed on. */
export function exportsOf(text: string): readonly string[] {
  const code = codeOf(text)
  const declared = Array.from(code.matchAll(DECLARATION), ([, name = ""]) => name)
  const lists = Array.from(code.matchAll(LIST), ([, braces = ""]) => listed(braces))
  return [...declared, ...lists.flat().map(([, given]) => given)]
}

/** What the file imports or passes on from other files. */
export function takenBy(text: string): readonly Taken[] {
  const code = codeOf(text)
  const named = Array.from(code.matchAll(FROM), ([, braces, specifier = ""]) => ({
    specifier,
    names: braces === undefined ? ["*"] : listed(braces).map(([name]) => name),
  }))
  const whole = Array.from(code.matchAll(WHOLE), ([, specifier = ""]) => ({
    specifier,
    names: ["*"],
  }))
  return [...named, ...whole]
}
