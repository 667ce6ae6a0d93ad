// An alert as sinks hand it on: one JSON object for programs, a subject and a text for people.
import type { Alert } from "../../../monitor/alerts/alert.ts"

/**
 * UTF-16 units of evidence that is sent along. Longer evidence is named and kept (`monitor evidence ID`): a
 * receiver that takes no large messages must not miss the alert about a large entry. What is kept nowhere is sent.
 */
const LONGEST_SENT_EVIDENCE = 262_144

function sentEvidence({ evidence }: Alert): Alert["evidence"] {
  if (evidence?.text === undefined || !evidence.isKept) return evidence
  const { text, ...named } = evidence
  return text.length > LONGEST_SENT_EVIDENCE ? named : evidence
}

export function timeOf({ time }: Alert): string {
  return new Date(time).toISOString()
}

/** One line of JSON without a line feed; absent members are left out. */
export function alertJson(alert: Alert): string {
  const { id, event, kind, grade, origin, index, watched, key, summary, isCanary } = alert
  return JSON.stringify({
    type: "countersign.alert.v1",
    id,
    event,
    kind,
    grade,
    origin,
    index,
    watched,
    key,
    summary,
    time: timeOf(alert),
    isCanary,
    evidence: sentEvidence(alert),
  })
}

/** Text that others wrote, on one line. */
export function onOneLine(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ")
}

/** What there is to say about the evidence, a line a fact. */
function evidenceLines({ evidence }: Alert): readonly string[] {
  if (evidence === undefined) return []
  const { id, effect, isKept } = evidence
  return [
    `evidence  ${id}`,
    ...(effect === undefined ? [] : [`effect    ${effect}`]),
    ...(isKept ? [] : ["kept      no: there was no room for the file"]),
  ]
}

export function alertSubject({ event, kind, grade, origin, isCanary }: Alert): string {
  const mark = isCanary ? "[countersign TEST]" : "[countersign]"
  const what = event === "opened" ? "" : ` (${event})`
  return onOneLine(`${mark} ${grade} ${kind}: ${origin}${what}`)
}

/** What a person needs to judge the alert, with the evidence below it. */
export function alertText(alert: Alert): string {
  const { id, event, kind, grade, origin, index, watched, key, summary, isCanary } = alert
  const evidence = sentEvidence(alert)
  const lines = [
    ...(isCanary ? ["This is a test that the monitor makes of itself. Nothing is wrong.", ""] : []),
    onOneLine(summary),
    "",
    `kind      ${kind}`,
    `grade     ${grade}`,
    `origin    ${onOneLine(origin)}`,
    ...(index === undefined ? [] : [`index     ${index}`]),
    ...(watched === undefined ? [] : [`watched   ${onOneLine(watched)}`]),
    `event     ${event}`,
    `time      ${timeOf(alert)}`,
    `finding   ${onOneLine(key)}`,
    `alert     ${id}`,
    ...evidenceLines(alert),
    ...(evidence?.text === undefined ? [] : ["", evidence.text]),
  ]
  return `${lines.join("\n")}\n`
}
