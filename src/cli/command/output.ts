// Results on standard output, for people or (--json) one JSON object a line for programs; everything else
// goes to standard error. What others have written is shown with its control characters made visible.
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

function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** JSON with byte strings in lower-case hex. */
export function formatJson(value: object, indent?: number): string {
  return JSON.stringify(
    value,
    (_name, member: unknown) => (member instanceof Uint8Array ? formatHex(member) : member),
    indent,
  )
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
