// JSON that readers take in different ways: some keep the first of two members with one name, most the last,
// and some do not care for upper and lower case. What it says to one of them it does not say to all.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Where the string that begins at `at` ends, behind its quote. */
function endOfString(text: string, at: number): number {
  let end = at + 1
  while (end < text.length && text.charCodeAt(end) !== QUOTE) {
    end += text.charCodeAt(end) === BACKSLASH ? 2 : 1
  }
  return end + 1
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** How many members all objects in a JSON text have, as they are written. */
function countWritten(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at = endOfString(text, at)
    while (isSpace(text.charCodeAt(at))) at += 1
    if (text.charCodeAt(at) === COLON) count += 1
  }
  return count
}

/** How many members all objects in a value have. */
function countMembers(value: unknown): number {
  let count = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== "object" || next === null) continue
    const inner: readonly unknown[] = Object.values(next)
    if (!Array.isArray(next)) count += inner.length
    for (const each of inner) open.push(each)
  }
  return count
}

/** Whether an object in this JSON text, of which `value` was read, has two members with one name. */
export function hasRepeatedMembers(text: string, value: unknown): boolean {
  return countWritten(text) !== countMembers(value)
}

/** Whether an object has a member whose name differs from one of `names`, in lower case, by its case only. */
export function hasNearName(object: object, names: readonly string[]): boolean {
  return Object.keys(object).some(
    (name) => !names.includes(name) && names.includes(name.toLowerCase()),
  )
}
