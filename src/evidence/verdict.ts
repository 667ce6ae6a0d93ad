// What the verdicts of all kinds have in common: their result, which lines a kind may have, and words.
import { refuse } from "../core/base/errors.ts"
import { formatBase64 } from "../core/base/text.ts"
import type { SignatureRule } from "../core/note/note.ts"
import type { Head } from "../core/tree/hash.ts"
import type { EvidenceFile } from "./format.ts"
import type { HeadOpener } from "./opened-head.ts"

/** What a case proves. */
export interface Verdict {
  /** The log that it is about. */
  readonly origin: string
  /** Sentences for people: what is proven, and on whose word it rests. */
  readonly claims: readonly string[]
  /** Whether the key of the log itself has signed all that convicts it, so that it may be shut out. */
  readonly freezes: boolean
}

/** Refuses `bad-proof` for a file that proves nothing, and as the opener does; `holds` is for what is no note. */
export type Judge = (file: EvidenceFile, open: HeadOpener, holds: SignatureRule) => Verdict

type Part = Exclude<keyof EvidenceFile, "format" | "kind" | "key">

function isPresent(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}

/** Refuses `malformed` for a line that this kind of evidence never has. */
export function assertOnly(file: EvidenceFile, allowed: readonly Part[]): void {
  const { format: _, kind, key: __, ...parts } = file
  const known: readonly string[] = allowed
  for (const [part, value] of Object.entries(parts)) {
    if (!isPresent(value) || known.includes(part)) continue
    refuse("malformed", `evidence: expected no ${part} in a case of kind ${kind}`)
  }
}

/** A line that this kind must have; refuses `malformed` if it is not there. */
export function needed<T>(value: T | undefined, name: string): T {
  return value ?? refuse("malformed", `evidence: expected a line "${name}", found none`)
}

export function headText({ size, root }: Head): string {
  return `size ${size} with root ${formatBase64(root)}`
}

/** The last second that a Date can hold. */
const LAST_DATE = 8.64e12

/** Unix seconds for people. */
export function timeText(seconds: number): string {
  if (seconds > LAST_DATE) return `${seconds} s after 1970`
  return new Date(seconds * 1000).toISOString().replace(".000", "")
}
