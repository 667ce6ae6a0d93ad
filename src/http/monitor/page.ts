// The one page of a monitor for people: is it working? Plain HTML without scripts; everything that others
// wrote is escaped, and its control characters are shown.
import type { MessageUsage } from "../../monitor/messages/messages.ts"
import type { LogStatus, MonitorStatus, OpenFinding } from "../../monitor/status.ts"
import type { Answer } from "../serving/answer.ts"

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

function escaped(value: string | number): string {
  return String(value)
    .replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? "")
}

/** How long ago, in the largest unit that is not zero. */
function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000))
  if (seconds < 120) return `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`
}

/** The last moment that a Date can tell. */
const LAST_TIME = 8_640_000_000_000_000

function time(at: number | undefined, now: number): string {
  if (at === undefined) return "never"
  return at > LAST_TIME ? "after all time" : `${new Date(at).toISOString()} (${ago(at, now)})`
}

type Row = readonly (string | number)[]

function table(head: Row, rows: readonly Row[]): string {
  if (rows.length === 0) return "<p>none</p>\n"
  const row = (cells: Row, tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>\n`
  return `<table>\n${row(head, "th")}${rows.map((cells) => row(cells, "td")).join("")}</table>\n`
}

function quorumText({ quorum }: LogStatus): string {
  const { now, threshold, lately, needed } = quorum
  if (threshold === 0) return "no witnesses demanded"
  return `${now} of ${threshold} on the newest tree; ${lately} of ${needed} lately on this view`
}

function pendingText({ entries: { pending } }: LogStatus): string {
  const reasons = Object.entries(pending.byReason).filter(([, count]) => count > 0)
  return [pending.total, ...reasons.map(([reason, count]) => `${reason}: ${count}`)].join("; ")
}

function logSection(log: LogStatus, now: number): string {
  const { origin, size, root, newest, backlog, headAt, answeredAt, canary } = log
  const facts: Row[] = [
    ["size", size],
    ["root", root],
    ["largest signed head seen", newest],
    ["backlog", backlog],
    ["newest head", time(headAt, now)],
    ["last answer of the log", time(answeredAt, now)],
    ["quorum", quorumText(log)],
    ["opaque, by watched signers", log.entries.opaque.listed],
    ["opaque, by others", log.entries.opaque.strangers],
    ["pending", pendingText(log)],
    ["certificates undecided", log.entries.undecided],
    ["judged by the present watch file", `${log.rescan.judged} of ${log.rescan.of}`],
    ["last test entry delivered", time(canary?.deliveredAt, now)],
    ...(canary?.failure === undefined ? [] : [["test entries fail", canary.failure]]),
  ]
  const witnesses = log.witnesses.map((witness) => [
    witness.name,
    time(witness.lastAt, now),
    witness.size ?? "none",
  ])
  return [
    `<h2>${escaped(origin)}</h2>\n`,
    table(["", ""], facts),
    log.witnesses.length === 0 ? "" : table(["witness", "last signed", "agrees at"], witnesses),
  ].join("")
}

function messageSection({ count, mostCount, bytes, mostBytes, waiting }: MessageUsage): string {
  const text = `${count} of ${mostCount} kept, ${bytes} of ${mostBytes} bytes, ${waiting} waiting for their entries`
  return `<h2>Messages</h2>\n<p>${text}</p>\n`
}

function evidenceText({
  evidenceId,
  effect,
  isUnkept,
}: Pick<OpenFinding, "evidenceId" | "effect" | "isUnkept">): string {
  if (evidenceId === undefined) return ""
  return `${evidenceId} ${effect ?? ""}${isUnkept === true ? ", not kept: no room" : ""}`
}

function findingTable(findings: readonly OpenFinding[], now: number): string {
  const rows = findings.map(({ id, grade, kind, origin, summary, ...finding }) => {
    const state = finding.acknowledgedAt === undefined ? "open" : "acknowledged"
    const since = time(finding.openedAt, now)
    return [id, grade, kind, origin, summary, since, state, evidenceText(finding)]
  })
  return table(["id", "grade", "kind", "about", "what", "since", "state", "evidence"], rows)
}

/** Findings that the page shows; /status.json has them all. */
const MOST_ROWS = 200

const verdicts = [
  "nothing is open",
  "something needs a look",
  "entries that nobody expected",
  "a log or a witness is convicted",
] as const

const style =
  "body{font:14px/1.5 sans-serif;margin:2em}table{border-collapse:collapse;margin:.5em 0}" +
  "td,th{border:1px solid #999;padding:.2em .6em;text-align:left;overflow-wrap:anywhere}"

function body(status: MonitorStatus): string {
  const { at, isBlind, lastCompleteAt, worst, logs, findings, sinks, undelivered } = status
  const { unclear, messages } = status
  const shown = findings.slice(0, MOST_ROWS)
  const more = findings.length - shown.length
  return [
    `<h1>${isBlind ? "Blind" : "Watching"}: ${verdicts[worst]}</h1>\n`,
    `<p>Last complete round: ${escaped(time(lastCompleteAt, at))}. Now: ${escaped(new Date(at).toISOString())}.</p>\n`,
    unclear.length === 0
      ? ""
      : `<ul>${unclear.map((each) => `<li>${escaped(each)}</li>`).join("")}</ul>\n`,
    ...logs.map((log) => logSection(log, at)),
    messages === undefined ? "" : messageSection(messages),
    "<h2>Open findings</h2>\n",
    findingTable(shown, at),
    more > 0 ? `<p>and ${more} more in /status.json</p>\n` : "",
    `<h2>Sinks</h2>\n<p>Alerts on their way: ${undelivered}</p>\n`,
    table(
      ["sink", "last delivery", "failing since", "failures"],
      sinks.map(({ name, lastDeliveredAt, failingSince, failures }) => [
        name,
        time(lastDeliveredAt, at),
        failingSince === undefined ? "no" : time(failingSince, at),
        failures,
      ]),
    ),
  ].join("")
}

export function statusPage(status: MonitorStatus): Answer {
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    },
    body: `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Countersign monitor</title>\n<style>${style}</style>\n${body(status)}</html>\n`,
  }
}
