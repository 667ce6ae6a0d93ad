// An alert as sinks hand it on: one JSON object for programs, a subject and a text for people.
import type { Alert } from "../../monitor/alert.ts"

export function timeOf({ time }: Alert): string {
  return new Date(time).toISOString()
}

/** One line of JSON without a line feed; absent members are left out. */
export function alertJson(alert: Alert): string {
  const { id, event, kind, grade, origin, index, key, summary, isCanary, evidence } = alert
  return JSON.stringify({
    type: "countersign.alert.v1",
    id,
    event,
    kind,
    grade,
    origin,
    index,
    key,
    summary,
    time: timeOf(alert),
    isCanary,
    evidence,
  })
}

/** Text that others wrote, on one line. */
export function onOneLine(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ")
}

export function alertSubject({ event, kind, grade, origin, isCanary }: Alert): string {
  const mark = isCanary ? "[countersign TEST]" : "[countersign]"
  const what = event === "opened" ? "" : ` (${event})`
  return onOneLine(`${mark} ${grade} ${kind}: ${origin}${what}`)
}

/** What a person needs to judge the alert, with the evidence below it. */
export function alertText(alert: Alert): string {
  const { id, event, kind, grade, origin, index, key, summary, evidence, isCanary } = alert
  const lines = [
    ...(isCanary ? ["This is a test that the monitor makes of itself. Nothing is wrong.", ""] : []),
    onOneLine(summary),
    "",
    `kind      ${kind}`,
    `grade     ${grade}`,
    `origin    ${onOneLine(origin)}`,
    ...(index === undefined ? [] : [`index     ${index}`]),
    `event     ${event}`,
    `time      ${timeOf(alert)}`,
    `finding   ${onOneLine(key)}`,
    `alert     ${id}`,
    ...(evidence === undefined ? [] : [`evidence  ${evidence.id}`]),
    ...(evidence?.text === undefined ? [] : ["", evidence.text]),
  ]
  return `${lines.join("\n")}\n`
}
