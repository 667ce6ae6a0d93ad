// What a bridge has to report: signatures in the registry that the log does not have, places of signatures that are gone,
// and whatever kept it from seeing everything. Not seen is never clean.
import { createHash } from "node:crypto"
import { present } from "../../core/base/present.ts"
import type { Fields, Output } from "../command/output.ts"
import { type BridgeState, type KeptPart, placeOf } from "./state.ts"

interface BridgeFinding {
  readonly kind: "unlogged-signature" | "lost-referrer"
  /** Stays the same as long as the same thing is found. */
  readonly id: string
  readonly repository: string
  readonly subject: string
  /** The digest of the referrer, or cosign's tag and the layer's digest. */
  readonly place: string
  readonly summary: string
  readonly since: string
  readonly isAccepted: boolean
}

export interface RoundReport {
  readonly findings: readonly BridgeFinding[]
  /** Repositories that were walked whole. */
  readonly whole: readonly string[]
  /** What was not seen, not answered or not taken. */
  readonly troubles: readonly string[]
  /** Signatures that no log takes. */
  readonly unloggable: readonly string[]
}

function findingOf(
  kind: BridgeFinding["kind"],
  part: KeptPart,
  what: readonly [which: string, summary: string, since: string],
  accepted: readonly string[],
): BridgeFinding {
  const { repository, subject, use, key } = part
  const place = placeOf(part)
  const [which, summary, since] = what
  const name = [kind, repository, subject, use, key, which].join(" ")
  const id = createHash("sha256").update(name).digest("hex").slice(0, 16)
  return { kind, id, repository, subject, place, summary, since, isAccepted: accepted.includes(id) }
}

function findingsOf(part: KeptPart, accepted: readonly string[]): readonly BridgeFinding[] {
  const { signatures, lostSince, firstSeen, unloggable } = part
  const unlogged = signatures
    .filter(({ isAsked, index }) => isAsked && index === undefined)
    .map(({ id, form }) => {
      const summary = `the log has no entry of this ${form} signature`
      return findingOf("unlogged-signature", part, [id, summary, firstSeen], accepted)
    })
  if (lostSince === undefined) return unlogged
  const indexes = signatures.flatMap(({ index }) => index ?? [])
  const logged = indexes.length > 0 ? `, logged as entry ${indexes.join(", ")}` : ""
  const what = unloggable ?? (signatures.length > 0 ? `a signature${logged}` : "a referrer")
  const summary = `it was there and is gone, while its subject is there: ${what}`
  return [...unlogged, findingOf("lost-referrer", part, ["", summary, lostSince], accepted)]
}

/** What is open, from everything that is remembered. */
export function reportOf(
  { parts }: BridgeState,
  whole: readonly string[],
  troubles: readonly string[],
  accepted: readonly string[],
): RoundReport {
  const all = [...parts.values()]
  const whereOf = (part: KeptPart) => `${part.repository}@${part.subject}, ${placeOf(part)}`
  return {
    findings: all.flatMap((part) => findingsOf(part, accepted)),
    whole,
    troubles: [
      ...troubles,
      ...all.flatMap((part) =>
        part.unreadable && part.isGone !== true
          ? [`${whereOf(part)}: not readable: ${part.unreadable}`]
          : [],
      ),
    ],
    unloggable: all.flatMap((part) =>
      part.unloggable ? [`${whereOf(part)}: ${part.unloggable}`] : [],
    ),
  }
}

/** The worst of it: 2 for a finding, 1 for anything that was not seen. */
export function exitCodeOfReport({ findings, troubles }: RoundReport): 0 | 1 | 2 {
  if (findings.some(({ isAccepted }) => !isAccepted)) return 2
  return troubles.length > 0 ? 1 : 0
}

export function printFinding(output: Output, finding: BridgeFinding): void {
  const { kind, id, repository, subject, place, summary, since, isAccepted } = finding
  const fields: Fields = [
    ["image", `${repository}@${subject}`],
    ["place", place],
    ["since", since],
    ["id", isAccepted ? `${id} (accepted)` : id],
  ]
  output.result(`${kind}: ${summary}`, fields, finding)
}

export function printReport(output: Output, report: RoundReport): void {
  for (const finding of report.findings) printFinding(output, finding)
  for (const why of report.unloggable) output.remark(`cannot be logged: ${why}`)
  for (const why of report.troubles) output.remark(why)
  const { findings, whole, troubles } = report
  const open = findings.filter(({ isAccepted }) => !isAccepted).length
  const accepted = open === findings.length ? "" : ` (and ${findings.length - open} accepted)`
  const done = troubles.length === 0 ? "nothing left undone" : `left undone: ${troubles.length}`
  output.remark(`findings: ${open}${accepted}; repositories walked whole: ${whole.length}; ${done}`)
}

/** For programs: every finding on a line of its own, then one line about the round. */
export function printReportJson(output: Output, report: RoundReport): void {
  for (const finding of report.findings) output.result("", [], finding)
  const { whole, troubles, unloggable } = report
  const isWhole = troubles.length === 0
  output.result("", [], { isWhole, ...present({ whole, troubles, unloggable }) })
}
