// Where the members of an object stand in a JSON text, and the elements of a list: what `JSON.parse` loses of a text
// is how often a name comes and how it is written. For texts that `JSON.parse` takes; of others nothing is said.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** A part of a text: from `start` up to `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

interface Member {
  /** As it is written, escapes and all. */
  readonly name: string
  readonly value: Span
}

function skipBlanks(text: string, at: number): number {
  let next = at
  while (text.charCodeAt(next) <= 0x20) next += 1
  return next
}

function endOfString(text: string, at: number): number {
  let end = at + 1
  while (end < text.length && text.charCodeAt(end) !== QUOTE) {
    end += text.charCodeAt(end) === BACKSLASH ? 2 : 1
  }
  return end + 1
}

function endOfNest(text: string, at: number): number {
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i) - 1
    else if (code === OPEN_OBJECT || code === OPEN_LIST) depth += 1
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth -= 1
    if (depth === 0) return i + 1
  }
  return text.length
}

const ATOM_END = /[,\]}\s]/g

function endOfValue(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code === QUOTE) return endOfString(text, at)
  if (code === OPEN_OBJECT || code === OPEN_LIST) return endOfNest(text, at)
  ATOM_END.lastIndex = at
  return ATOM_END.exec(text)?.index ?? text.length
}

/** The members of the object that begins in `span`, in their order; none if something else does. */
export function membersIn(text: string, { start, end }: Span): readonly Member[] {
  const members: Member[] = []
  let at = skipBlanks(text, start)
  if (text.charCodeAt(at) !== OPEN_OBJECT) return members
  for (at = skipBlanks(text, at + 1); at < end && text.charCodeAt(at) === QUOTE; ) {
    const nameEnd = endOfString(text, at)
    const name = text.slice(at + 1, nameEnd - 1)
    const valueStart = skipBlanks(text, skipBlanks(text, nameEnd) + 1)
    const value = { start: valueStart, end: endOfValue(text, valueStart) }
    members.push({ name, value })
    at = skipBlanks(text, skipBlanks(text, value.end) + 1)
  }
  return members
}

/** The elements of the list that begins in `span`, in their order; none if something else does. */
export function elementsIn(text: string, { start, end }: Span): readonly Span[] {
  const elements: Span[] = []
  let at = skipBlanks(text, start)
  if (text.charCodeAt(at) !== OPEN_LIST) return elements
  at = skipBlanks(text, at + 1)
  while (at < end && text.charCodeAt(at) !== CLOSE_LIST) {
    const element = { start: at, end: endOfValue(text, at) }
    elements.push(element)
    at = skipBlanks(text, element.end)
    if (text.charCodeAt(at) !== CLOSE_LIST) at = skipBlanks(text, at + 1)
  }
  return elements
}
