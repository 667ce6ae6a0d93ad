// Values of columns by the types that the tables give them. SQLite checks types when it writes and never when it
// reads: a bit that flips in a row's header makes another type of the bytes behind it.
import { refuse } from "../../../core/base/errors.ts"
import { plain } from "../../disk/plain-bytes.ts"

function wrongType(what: string, type: string, value: unknown): never {
  const found = value === null ? "nothing" : value instanceof Uint8Array ? "bytes" : typeof value
  return refuse("malformed", `${what}: expected ${type}, found ${found}`)
}

/** An integer from 0 to 2^53-1; refuses `malformed` for anything else, as all of these do. */
export function countIn(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value
  return wrongType(what, "an integer", value)
}

export function textIn(value: unknown, what: string): string {
  return typeof value === "string" ? value : wrongType(what, "text", value)
}

/** No Buffer: the bytes as others know them. */
export function bytesIn(value: unknown, what: string): Uint8Array {
  return value instanceof Uint8Array ? plain(value as Buffer) : wrongType(what, "bytes", value)
}
