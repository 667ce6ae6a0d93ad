// Reads a regular expression of the watch file into its parts. Only what can be matched in linear time:
// characters, `.`, classes, groups, `|`, and the greedy quantifiers. Leaves out references, look-around,
// lazy quantifiers and flags; anchors are allowed at the ends, where they say nothing new.
import { refuse, shown } from "../../core/base/errors.ts"

/** Code points from `first` to `last`. */
export type CodeRange = readonly [first: number, last: number]

export type Expression =
  | { readonly form: "one-of"; readonly ranges: readonly CodeRange[] }
  | { readonly form: "sequence"; readonly parts: readonly Expression[] }
  | { readonly form: "choice"; readonly parts: readonly Expression[] }
  | {
      readonly form: "repeat"
      readonly part: Expression
      readonly least: number
      /** Without bound if it is not there. */
      readonly most?: number
    }

const LAST = 0x10ffff
const MOST_REPEATS = 64

export const anything: Expression = { form: "one-of", ranges: [[0, LAST]] }

export function literal(character: string): Expression {
  const code = character.codePointAt(0) ?? 0
  return { form: "one-of", ranges: [[code, code]] }
}

function rangeOf(first: string, last: string): CodeRange {
  return [first.codePointAt(0) ?? 0, last.codePointAt(0) ?? 0]
}

const digits = [rangeOf("0", "9")]
const wordCharacters = [...digits, rangeOf("A", "Z"), rangeOf("_", "_"), rangeOf("a", "z")]
const spaces = [rangeOf("\t", "\r"), rangeOf(" ", " ")]

/** All code points that are in none of the ranges. */
export function complement(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const others: CodeRange[] = []
  let next = 0
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (first > next) others.push([next, first - 1])
    next = Math.max(next, last + 1)
  }
  if (next <= LAST) others.push([next, LAST])
  return others
}

const classes: ReadonlyMap<string, readonly CodeRange[]> = new Map([
  ["d", digits],
  ["D", complement(digits)],
  ["w", wordCharacters],
  ["W", complement(wordCharacters)],
  ["s", spaces],
  ["S", complement(spaces)],
])

const PUNCTUATION = /^[!-/:-@[-`{-~]$/

/** Reads `text` from left to right; recursion is as deep as the groups of a text of bounded length. */
export function parseExpression(text: string): Expression {
  const characters = Array.from(text)
  let at = 0

  function fail(expected: string): never {
    return refuse(
      "malformed",
      `expression ${shown(text)}: expected ${expected}, found ${shown(characters[at] ?? "its end")} at ${at}`,
    )
  }

  function take(wanted: string): boolean {
    if (characters[at] !== wanted) return false
    at += 1
    return true
  }

  function escaped(): readonly CodeRange[] {
    const character = characters[at] ?? fail("a character behind \\")
    const known = classes.get(character)
    if (known === undefined && !PUNCTUATION.test(character)) {
      fail("\\d, \\w, \\s, their opposites or punctuation behind \\")
    }
    at += 1
    return known ?? [rangeOf(character, character)]
  }

  function classMember(): readonly CodeRange[] {
    const isEscaped = take("\\")
    const first = isEscaped ? escaped() : [singleMember()]
    const [only] = first
    if (characters[at] !== "-" || characters[at + 1] === "]") return first
    at += 1
    const last = take("\\") ? escaped() : [singleMember()]
    const [end] = last
    const isRange = first.length === 1 && last.length === 1 && only !== undefined
    if (!isRange || end === undefined || only[0] !== only[1] || end[0] < only[0]) {
      return fail("a range in a class from a lower to a higher character")
    }
    return [[only[0], end[1]]]
  }

  function singleMember(): CodeRange {
    const character = characters[at] ?? fail("] at the end of a class")
    at += 1
    return rangeOf(character, character)
  }

  function characterClass(): Expression {
    const isNegated = take("^")
    const ranges: CodeRange[] = []
    if (characters[at] === "]") fail("a character in a class")
    while (!take("]")) ranges.push(...classMember())
    return { form: "one-of", ranges: isNegated ? complement(ranges) : ranges }
  }

  function group(): Expression {
    if (take("?") && !take(":")) fail("(?: as the only special group")
    const inner = choice()
    return take(")") ? inner : fail(")")
  }

  function atom(): Expression {
    if (take("(")) return group()
    if (take("[")) return characterClass()
    if (take(".")) return anything
    if (take("\\")) return { form: "one-of", ranges: escaped() }
    const character = characters[at] ?? fail("a character")
    if (/[*+?{}\])^$]/.test(character)) fail("a character or a \\ before punctuation")
    at += 1
    return literal(character)
  }

  function count(): number {
    let digitsRead = ""
    while (/^[0-9]$/.test(characters[at] ?? "") && digitsRead.length < 3) {
      digitsRead += characters[at]
      at += 1
    }
    const value = digitsRead === "" ? fail("a number in {}") : Number(digitsRead)
    return value <= MOST_REPEATS ? value : fail(`up to ${MOST_REPEATS} repeats`)
  }

  function bounds(part: Expression): Expression {
    const least = count()
    if (take("}")) return { form: "repeat", part, least, most: least }
    if (!take(",")) fail(", or } behind a number")
    if (take("}")) return { form: "repeat", part, least }
    const most = count()
    if (most < least) fail("bounds in order")
    return take("}") ? { form: "repeat", part, least, most } : fail("}")
  }

  function quantified(): Expression {
    const part = atom()
    const repeated = quantify(part)
    if (repeated !== part && /^[*+?{]$/.test(characters[at] ?? "")) fail("one quantifier")
    return repeated
  }

  function quantify(part: Expression): Expression {
    if (take("*")) return { form: "repeat", part, least: 0 }
    if (take("+")) return { form: "repeat", part, least: 1 }
    if (take("?")) return { form: "repeat", part, least: 0, most: 1 }
    return take("{") ? bounds(part) : part
  }

  function isAtEnd(): boolean {
    const character = characters[at]
    const isLastAnchor = character === "$" && at === characters.length - 1
    return character === undefined || character === "|" || character === ")" || isLastAnchor
  }

  function sequence(): Expression {
    const parts: Expression[] = []
    while (!isAtEnd()) parts.push(quantified())
    return { form: "sequence", parts }
  }

  function choice(): Expression {
    const parts = [sequence()]
    while (take("|")) parts.push(sequence())
    return { form: "choice", parts }
  }

  take("^")
  const whole = choice()
  take("$")
  return at === characters.length ? whole : fail("the end")
}
