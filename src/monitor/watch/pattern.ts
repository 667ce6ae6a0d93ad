// Patterns of the watch file, always over the whole text. Plain ones: `*` stands for any characters but `/`,
// `**` for any characters, everything else for itself. Behind `~` stands a regular expression of RE2. RE2 matches
// both in time linear in the text, however hostile it is. Globs of shells are another language: in theirs
// `acme/**` fits `acme` as well, and a rule must never fit more than it says.

import { RE2JS, RE2JSException } from "re2js"
import { refuse, shown } from "../../core/base/errors.ts"

export interface Pattern {
  /** As it stands in the watch file. */
  readonly text: string
  /** Whether all of `name` fits; false above {@link LONGEST_NAME}. */
  matches(name: string): boolean
}

/** UTF-16 units of a pattern. */
const LONGEST_PATTERN = 512
/** UTF-16 units of what patterns are held against; a longer name counts as one that cannot be read. */
export const LONGEST_NAME = 1024
/** Instructions of RE2's machine: the time for a name is at most the product of both. */
const MOST_STEPS = 1024

const ESCAPES_AND_CLASSES = /\\.|\[\^?\]?(?:\\.|[^\]\\])*\]/gs
/** What RE2 would take, and hardly as it is meant. */
const misread: readonly (readonly [expected: string, found: RegExp])[] = [
  ["{N}, {N,} or {N,M}, or \\ before the {", /\{(?!\d+(?:,\d*)?\})/],
  ["^ and $ at its ends only", /(?<!^)\^|\$(?!$)/],
]

function compile(expression: string, text: string): RE2JS {
  try {
    return RE2JS.compile(expression, RE2JS.DOTALL)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const why = error.message.replace("error parsing regexp: ", "").replace("(?s)", "")
    return refuse("malformed", `expression ${shown(text)}: expected RE2 syntax, found ${why}`)
  }
}

function readExpression(text: string): RE2JS {
  const bare = text.replaceAll(ESCAPES_AND_CLASSES, "x")
  for (const [expected, found] of misread) {
    if (found.test(bare)) refuse("malformed", `expression ${shown(text)}: expected ${expected}`)
  }
  const machine = compile(text, text)
  const steps = machine.programSize()
  if (steps <= MOST_STEPS) return machine
  const found = `expected up to ${MOST_STEPS} steps, found ${steps}`
  return refuse("too-large", `expression ${shown(text)}: ${found}`)
}

function plainExpression(text: string): string {
  const parts = text.split(/(\*+)/).map((part) => {
    if (part === "*") return "[^/]*"
    return part === "**" ? ".*" : RE2JS.quote(part)
  })
  return parts.join("")
}

/** Compiled once a name begins as it must, so that thousands of patterns cost little until they are needed. */
function readPlain(text: string): (name: string) => boolean {
  if (text.includes("***")) {
    refuse("malformed", `pattern ${shown(text)}: expected * or **, found more`)
  }
  if (!text.includes("*")) return (name) => name === text
  const beginning = text.slice(0, text.indexOf("*"))
  let machine: RE2JS | undefined
  return (name) => {
    if (!name.startsWith(beginning)) return false
    machine ??= compile(plainExpression(text), text)
    return machine.testExact(name)
  }
}

/** Reads a pattern; refuses `malformed`, or `too-large` for one that is long or whose machine would be. */
export function parsePattern(text: string): Pattern {
  if (text.length > LONGEST_PATTERN) {
    refuse("too-large", `pattern: expected up to ${LONGEST_PATTERN} characters, found more`)
  }
  if (!text.startsWith("~")) return bounded(text, readPlain(text))
  const machine = readExpression(text.slice(1))
  return bounded(text, (name) => machine.testExact(name))
}

function bounded(text: string, fits: (name: string) => boolean): Pattern {
  return { text, matches: (name) => name.length <= LONGEST_NAME && fits(name) }
}
