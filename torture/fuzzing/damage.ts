// Ways to damage a request: its bytes, its JSON, its path, its headers. Every choice is drawn from the dice.
import type { Dice } from "../dice.ts"
import type { FuzzRequest } from "./request.ts"

const NUMBERS = ["0", "-1", "-0", "1e3", "1e400", "9007199254740991", "9007199254740993"].concat([
  "18446744073709551615",
  "NaN",
  "0x10",
  "01",
  "",
  "4294967296",
  "%00",
  "999999999999999999999",
])
const PIECES = ["..", "%2e%2e", "%2f", "%00", "%", "//", "\\", "?", "&", "=", "#", ";", "x", "000"]
const TEXTS = ["", "\u0000", "\ud800", "\u017f", "\ufeff", "__proto__", "constructor", "toString"]
const TYPES = [
  "application/json",
  "text/plain",
  "application/octet-stream",
  "",
  "application/x-ndjson",
]
const VALUES = [
  "gzip",
  "br",
  "chunked",
  "identity",
  "null",
  "*",
  "bytes=0-1",
  "100-continue",
  "close",
]
const NAMES = [
  "content-encoding",
  "transfer-encoding",
  "expect",
  "range",
  "origin",
  "host",
  "accept",
].concat([
  "if-none-match",
  "connection",
  "x-forwarded-for",
  "authorization",
  "accept-encoding",
  "upgrade",
])
const METHODS = [
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "TRACE",
  "get",
  "CONNECT",
]
const DEEP = 3_000
const LONG = 70_000

export function pick<T>(dice: Dice, values: readonly T[]): T {
  return values[dice(values.length)] as T
}

/** A bit, some bytes, a piece that comes twice, is gone, or is of another place. */
export function damagedBytes(dice: Dice, bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes)
  if (copy.length === 0) return Buffer.from([dice(256)])
  const at = dice(copy.length)
  const end = Math.min(copy.length, at + 1 + dice(16))
  switch (dice(6)) {
    case 0:
      copy[at] = (copy[at] as number) ^ (1 << dice(8))
      return copy
    case 1:
      copy[at] = dice(256)
      return copy
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(end)])
    case 3:
      return Buffer.concat([copy.subarray(0, end), copy.subarray(at)])
    case 4:
      return copy.subarray(0, at)
    default:
      return Buffer.concat([
        copy.subarray(0, at),
        Buffer.from(pick(dice, TEXTS)),
        copy.subarray(at),
      ])
  }
}

function anyValue(dice: Dice): unknown {
  switch (dice(9)) {
    case 0:
      return null
    case 1:
      return []
    case 2:
      return {}
    case 3:
      return Number(pick(dice, NUMBERS))
    case 4:
      return pick(dice, TEXTS)
    case 5:
      return "A".repeat(dice(LONG))
    case 6:
      return Array.from({ length: dice(2_000) }, () => pick(dice, TEXTS))
    case 7:
      return dice(2) === 0
    default:
      return Buffer.from(pick(dice, NUMBERS)).toString("base64")
  }
}

/** The value with one of its nodes replaced, doubled, renamed or gone. */
function damagedValue(dice: Dice, value: unknown): unknown {
  if (typeof value !== "object" || value === null || dice(4) === 0) return anyValue(dice)
  if (Array.isArray(value)) {
    const at = dice(value.length + 1)
    const around = [value.slice(0, at), value.slice(at + 1)] as const
    if (dice(3) === 0) return [...around[0], value[at], value[at], ...around[1]]
    return [...around[0], damagedValue(dice, value[at]), ...around[1]]
  }
  const entries = Object.entries(value)
  const at = dice(entries.length + 1)
  const [name, member] = entries[at] ?? [pick(dice, TEXTS), anyValue(dice)]
  const rest = entries.filter((_, i) => i !== at)
  switch (dice(4)) {
    case 0:
      return Object.fromEntries(rest)
    case 1:
      return Object.fromEntries([...rest, [pick(dice, [...TEXTS, name.toUpperCase()]), member]])
    default:
      return Object.fromEntries([...rest, [name, damagedValue(dice, member)]])
  }
}

export function damagedJson(dice: Dice, body: Uint8Array): Uint8Array {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString())
    const text = JSON.stringify(damagedValue(dice, value)) ?? ""
    if (dice(20) === 0) return Buffer.from("[".repeat(DEEP) + text + "]".repeat(DEEP))
    if (dice(10) === 0) return Buffer.from(text.replace("{", '{"__proto__":{"x":1},'))
    return Buffer.from(text)
  } catch {
    return damagedBytes(dice, body)
  }
}

/** Texts by lines: notes, evidence, ledgers, batches. */
export function damagedLines(dice: Dice, body: Uint8Array): Uint8Array {
  const lines = Buffer.from(body).toString().split("\n")
  const at = dice(lines.length)
  const line = lines[at] ?? ""
  const by = pick(dice, [
    [],
    [line, line],
    [pick(dice, NUMBERS)],
    [damagedBytes(dice, Buffer.from(line)).toString()],
    ["", line],
    Array.from({ length: dice(300) }, () => line),
  ])
  return Buffer.from([...lines.slice(0, at), ...by, ...lines.slice(at + 1)].join("\n"))
}

function damagedPath(dice: Dice, path: string): string {
  const parts = path.split(/(?<=[/?&=.])/u)
  const at = dice(parts.length)
  const by = pick(dice, [
    pick(dice, NUMBERS),
    pick(dice, PIECES),
    "",
    `${parts[at]}${parts[at]}`,
    "a".repeat(dice(9_000)),
  ])
  return [...parts.slice(0, at), by, ...parts.slice(at + 1)].join("").replaceAll(/[\r\n ]/gu, "")
}

function damagedHeaders(dice: Dice, headers: FuzzRequest["headers"]): FuzzRequest["headers"] {
  if (headers.length === 0) return [[pick(dice, NAMES), pick(dice, VALUES)]]
  const at = dice(headers.length)
  const one = headers[at] as readonly [string, string]
  switch (dice(5)) {
    case 0:
      return headers.filter((_, i) => i !== at)
    case 1:
      return [...headers, one]
    case 2:
      return headers.with(at, [one[0], pick(dice, [...TYPES, ...NUMBERS])])
    case 3:
      return [...headers, [pick(dice, NAMES), pick(dice, VALUES)]]
    default:
      return [...headers, [pick(dice, NAMES), "v".repeat(dice(20_000))]]
  }
}

/** One damage. The framing may no longer fit the body. */
export function damaged(dice: Dice, given: FuzzRequest): FuzzRequest {
  const kind = dice(given.method === "GET" ? 4 : 12)
  if (kind <= 1) return { ...given, path: damagedPath(dice, given.path) }
  if (kind === 2) return { ...given, headers: damagedHeaders(dice, given.headers) }
  if (kind === 3) return { ...given, method: pick(dice, METHODS) }
  if (kind <= 5) return { ...given, body: damagedBytes(dice, given.body) }
  if (kind <= 8) return { ...given, body: damagedLines(dice, given.body) }
  return { ...given, body: damagedJson(dice, given.body) }
}
