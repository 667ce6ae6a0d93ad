// One line of the audit log: an administrative act, chained to the line before it by SHA-256, so that whoever
// knows a later line's hash notices every change before it. Leaves out where the lines are kept.
import { utf8 } from "../base/bytes.ts"
import { digestOf } from "../base/digest.ts"
import { bug, refuse, shown } from "../base/errors.ts"
import { formatHex } from "../base/text.ts"

const events = [
  "start",
  "stop",
  "override",
  "configuration-changed",
  "writers-changed",
  "token-created",
  "token-revoked",
  "token-rotated",
  "key-rewritten",
  "certificate-changed",
  "redacted",
  "acknowledged",
  "policy-accepted",
  "unfrozen",
  "signer-refused",
  "failed",
  "torn-line",
] as const

/**
 * What was done. `failed` follows an act that did not come to its end, `torn-line` a line that a crash cut off
 * before anyone was told of it.
 */
type AuditEvent = (typeof events)[number]

export interface Act {
  readonly event: AuditEvent
  /** Who did it, as the operating system or the writer's own name says. */
  readonly actor: string
  /** What it was about: names, counts and hashes, never a secret. */
  readonly about?: Readonly<Record<string, string | number | boolean>>
}

/** The audit log up to a line: how many lines there are, and the hash of the last one in hex. */
export interface AuditHead {
  readonly records: number
  readonly hash: string
}

export interface ChainedAct extends Act {
  /** Counted from 1. */
  readonly seq: number
  /** ISO 8601, UTC. */
  readonly time: string
  /** The hash of the line before. */
  readonly prev: string
}

/** The longest line, in bytes with its line feed. */
export const LONGEST_ACT = 8_192

/** Before the first line. */
export const noActs: AuditHead = { records: 0, hash: "0".repeat(64) }

/** SHA-256 of a line without its line feed, in hex. */
export function hashOfLine(line: Uint8Array): string {
  return formatHex(digestOf("sha256", line))
}

/** What is kept of a text of an act that is too long for a line. */
const SHORT = 200

/** A long text by its beginning and its hash: an act must not be left undone because there is much to say of it. */
function shortened(value: string | number | boolean): string | number | boolean {
  if (typeof value !== "string" || value.length <= SHORT) return value
  const hash = hashOfLine(utf8(value))
  return `${value.slice(0, SHORT)}… (${value.length} characters, SHA-256 ${hash})`
}

function lineOf(head: AuditHead, { event, actor, about }: Act, time: string): string {
  return JSON.stringify({ seq: head.records + 1, time, event, actor, about, prev: head.hash })
}

const fits = (line: string): boolean => utf8(line).length < LONGEST_ACT

/** The line without its line feed, shorter than {@link LONGEST_ACT}; long texts are shortened if need be. */
export function formatAct(head: AuditHead, act: Act, time: string): string {
  const whole = lineOf(head, act, time)
  if (fits(whole)) return whole
  const about = Object.entries(act.about ?? {}).map(([name, value]) => [name, shortened(value)])
  const short = lineOf(head, { ...act, about: Object.fromEntries(about) }, time)
  return fits(short) ? short : bug(`an act of ${short.length} characters`)
}

/** The head after a line that follows `head`. */
export function headAfter(head: AuditHead, line: string): AuditHead {
  return { records: head.records + 1, hash: hashOfLine(utf8(line)) }
}

const isText = (value: unknown): value is string => typeof value === "string"

function isAbout(value: unknown): value is Act["about"] {
  if (value === undefined) return true
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  return Object.values(value).every((each) => ["string", "number", "boolean"].includes(typeof each))
}

function parseObject(text: string): Partial<Record<keyof ChainedAct, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === "object" && value !== null) return value
  } catch {}
  return refuse("malformed", `expected an act, found ${shown(text)}`)
}

/** Reads a line without its line feed. Refuses `malformed` for any text but one that {@link formatAct} writes. */
export function parseAct(text: string): ChainedAct {
  const { seq, time, event, actor, about, prev } = parseObject(text)
  const known = events.find((name) => name === event)
  const isWhole = known !== undefined && isText(time) && isText(actor) && isText(prev)
  if (!isWhole || !Number.isSafeInteger(seq) || !isAbout(about)) {
    return refuse("malformed", `expected an act, found ${shown(text)}`)
  }
  const act = { seq: seq as number, time, event: known, actor, prev }
  const read: ChainedAct = about === undefined ? act : { ...act, about }
  const again = JSON.stringify({ seq: act.seq, time, event: known, actor, about, prev })
  return again === text
    ? read
    : refuse("malformed", `expected an act, found another spelling of one`)
}
