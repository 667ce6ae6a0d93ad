// Patterns of the watch file, always over the whole text. Plain ones: `*` stands for any characters but `/`,
// `**` for any characters, everything else for itself. Behind `~` stands a regular expression
// (watch-expression.ts). Both run on a machine that needs time linear in the text, however hostile it is.
import { refuse, shown } from "../../core/base/errors.ts"
import {
  anything,
  type CodeRange,
  complement,
  type Expression,
  literal,
  parseExpression,
} from "./expression.ts"

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
const MOST_STEPS = 512

/** Instructions by place. A step reads one character; a fork goes on in two places. */
type Instruction =
  | { readonly form: "step"; readonly ranges: readonly CodeRange[] }
  | { readonly form: "fork"; readonly first: number; readonly second: number }
  | { readonly form: "accept" }

type Repeat = Extract<Expression, { form: "repeat" }>

const separator = "/".codePointAt(0) ?? 0
const noSeparator: Expression = { form: "one-of", ranges: complement([[separator, separator]]) }

function parsePlain(text: string): Expression {
  const parts = text.split(/(\*+)/).flatMap((part): readonly Expression[] => {
    if (!part.startsWith("*")) return Array.from(part, literal)
    if (part.length > 2) refuse("malformed", `pattern ${shown(text)}: expected * or **, found more`)
    return [{ form: "repeat", part: part === "*" ? noSeparator : anything, least: 0 }]
  })
  return { form: "sequence", parts }
}

/** A Thompson machine: at most one instruction a character, kept small by the bound on all of them. */
function compile(expression: Expression, text: string): readonly Instruction[] {
  const program: Instruction[] = []

  function push(instruction: Instruction): number {
    if (program.length === MOST_STEPS) {
      refuse("too-large", `pattern ${shown(text)}: expected up to ${MOST_STEPS} steps, found more`)
    }
    return program.push(instruction) - 1
  }

  function emitOptional(part: Expression, isLoop: boolean): void {
    const fork = push({ form: "accept" })
    emit(part)
    if (isLoop) push({ form: "fork", first: fork, second: fork })
    program[fork] = { form: "fork", first: fork + 1, second: program.length }
  }

  function emitChoice(parts: readonly Expression[]): void {
    const [first, ...others] = parts
    if (first === undefined) return
    if (others.length === 0) {
      emit(first)
      return
    }
    const fork = push({ form: "accept" })
    emit(first)
    const leave = push({ form: "accept" })
    program[fork] = { form: "fork", first: fork + 1, second: program.length }
    emitChoice(others)
    program[leave] = { form: "fork", first: program.length, second: program.length }
  }

  function emitRepeat({ part, least, most }: Repeat): void {
    // A part without a step would else be written out any number of times.
    push({ form: "fork", first: program.length + 1, second: program.length + 1 })
    for (let i = 0; i < least; i++) emit(part)
    if (most === undefined) emitOptional(part, true)
    else for (let i = least; i < most; i++) emitOptional(part, false)
  }

  function emit(part: Expression): void {
    if (part.form === "one-of") push({ form: "step", ranges: part.ranges })
    else if (part.form === "sequence") for (const each of part.parts) emit(each)
    else if (part.form === "choice") emitChoice(part.parts)
    else emitRepeat(part)
  }

  emit(expression)
  push({ form: "accept" })
  return program
}

function isIn(ranges: readonly CodeRange[], code: number): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last)
}

/** Places that are reached without reading a character; `seen` keeps each of them out a second time. */
function reach(program: readonly Instruction[], from: readonly number[]): readonly number[] {
  const seen = new Uint8Array(program.length)
  const places: number[] = []
  const open = from.toReversed()
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen[place] === 1) continue
    seen[place] = 1
    const instruction = program[place]
    if (instruction?.form === "fork") open.push(instruction.second, instruction.first)
    else places.push(place)
  }
  return places
}

function run(program: readonly Instruction[], start: readonly number[], name: string): boolean {
  let places = start
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0
    const next: number[] = []
    for (const place of places) {
      const instruction = program[place]
      if (instruction?.form === "step" && isIn(instruction.ranges, code)) next.push(place + 1)
    }
    if (next.length === 0) return false
    places = reach(program, next)
  }
  return places.some((place) => program[place]?.form === "accept")
}

/** Reads a pattern; refuses `malformed`, or `too-large` for one whose machine would be. */
export function parsePattern(text: string): Pattern {
  if (text.length > LONGEST_PATTERN) {
    refuse("too-large", `pattern: expected up to ${LONGEST_PATTERN} characters, found more`)
  }
  const isPlain = !text.startsWith("~")
  if (isPlain && !text.includes("*")) return { text, matches: (name) => name === text }
  const program = compile(isPlain ? parsePlain(text) : parseExpression(text.slice(1)), text)
  const start = reach(program, [0])
  return { text, matches: (name) => name.length <= LONGEST_NAME && run(program, start, name) }
}
