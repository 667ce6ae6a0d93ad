// Results on standard output, for people or (--json) one JSON object a line for programs; everything else
// goes to standard error. What others have written is shown with its control characters made visible.
import { withoutTokens } from "../../core/access/token.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Terminal } from "./terminal.ts"

/** A result as lines of a name and a value, in the order in which people should read them. */
export type Fields = readonly (readonly [name: string, value: string | number])[]

export interface Output {
  /** Prints one result: `title` and `fields` for people, or `json`. */
  result(title: string, fields: Fields, json: object): void
  /** Tells the person at the terminal something that is no result. */
  remark(text: string): void
}

/** A token that stood in a URL is shown to nobody. */
function printable(text: string): string {
  return withoutTokens(text).replaceAll(
    /\p{C}/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/** What is not shown and JSON leaves as it is, such as orders to a terminal and to those who write right to left. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const BREAKS = /[\n\r\t ]/

function escaped(character: string): string {
  if (BREAKS.test(character)) return character
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")
}

/** JSON with byte strings in lower-case hex; the same value, with all that is not shown escaped. */
export function formatJson(value: object, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_name, member: unknown) => (member instanceof Uint8Array ? formatHex(member) : member),
    indent,
  )
  return text.replaceAll(UNSHOWN, escaped)
}

function formatFields(fields: Fields): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length))
  return fields
    .map(([name, value]) => `  ${name.padEnd(width)}  ${printable(String(value))}\n`)
    .join("")
}

export function createOutput(terminal: Terminal, json: boolean | undefined): Output {
  return {
    result(title, fields, object) {
      const text = json ? `${formatJson(object)}\n` : `${printable(title)}\n${formatFields(fields)}`
      terminal.stdout.write(text)
    },
    remark: (text) => terminal.stderr.write(`countersign: ${printable(text)}\n`),
  }
}
