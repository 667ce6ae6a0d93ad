// The sinks file: who is told of alerts, one line each. Fields are separated by blanks, there is no quoting;
// empty lines and lines that begin with `#` are passed over.
//
//   exec COMMAND ARG…
//   webhook URL SECRETFILE
//   jsonl FILE
//   smtp smtp[s]://HOST:PORT FROM TO [USERFILE]
//   witness URL
//   ping URL
import { isAbsolute } from "node:path"
import { Refusal, refuse, shown } from "../../../core/base/errors.ts"
import { present } from "../../../core/base/present.ts"
import { type MailRoute, parseMailAddress, parseMailServer } from "./smtp.ts"

export type SinkLine =
  | { readonly kind: "exec"; readonly command: string; readonly words: readonly string[] }
  | { readonly kind: "webhook"; readonly url: string; readonly secretFile: string }
  | { readonly kind: "jsonl"; readonly path: string }
  | ({ readonly kind: "smtp"; readonly userFile?: string } & MailRoute)
  | { readonly kind: "witness"; readonly url: string }
  | { readonly kind: "ping"; readonly url: string }

/** A line with its text, by which the sink is known again after a restart. */
export interface ConfiguredSink {
  readonly line: SinkLine
  /** The fields with one space between them. */
  readonly text: string
}

const MOST_LINES = 64
const LONGEST_LINE = 4_096
const CONTROL = /(?!\t)\p{Cc}/u

type Fields = readonly string[]

function refuseForm(form: string, found: Fields): never {
  return refuse("malformed", `expected ${form}, found ${shown(found.join(" "), 100)}`)
}

/** An http(s) URL without credentials or fragment, without a final slash. */
function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:"
  if (url === undefined || !isHttp || url.username + url.password + url.hash !== "") {
    return refuse("malformed", "expected http(s)://HOST[:PORT][/PATH] without credentials")
  }
  return url.href.replace(/\/$/, "")
}

function readWebhook(fields: Fields): SinkLine {
  const [url, secretFile, ...more] = fields
  if (url === undefined || secretFile === undefined || more.length > 0) {
    // The URL of a webhook may be a secret itself.
    return refuse("malformed", `expected webhook URL SECRETFILE, found ${fields.length} fields`)
  }
  return { kind: "webhook", url: readUrl(url), secretFile }
}

function readSmtp(fields: Fields): SinkLine {
  const [server, from, to, userFile, ...more] = fields
  if (server === undefined || from === undefined || to === undefined || more.length > 0) {
    refuseForm("smtp smtp[s]://HOST:PORT FROM TO [USERFILE]", fields)
  }
  return {
    kind: "smtp",
    server: parseMailServer(server),
    from: parseMailAddress(from),
    to: parseMailAddress(to),
    ...present({ userFile }),
  }
}

function readFields(kind: SinkLine["kind"], fields: Fields): SinkLine {
  const [first, ...more] = fields
  switch (kind) {
    case "exec":
      if (first === undefined || !isAbsolute(first))
        refuseForm("exec /PATH/TO/COMMAND ARG…", fields)
      return { kind, command: first, words: more }
    case "webhook":
      return readWebhook(fields)
    case "jsonl":
      if (first === undefined || more.length > 0) refuseForm("jsonl FILE", fields)
      return { kind, path: first }
    case "smtp":
      return readSmtp(fields)
    case "witness":
    case "ping":
      if (first !== undefined && more.length === 0) return { kind, url: readUrl(first) }
      return refuse("malformed", `expected ${kind} URL, found ${fields.length} fields`)
  }
}

const kinds = ["exec", "webhook", "jsonl", "smtp", "witness", "ping"] as const

function readLine(line: string): ConfiguredSink | undefined {
  if (line.length > LONGEST_LINE) refuse("too-large", `expected up to ${LONGEST_LINE} characters`)
  if (CONTROL.test(line)) refuse("malformed", "expected no control characters but tabs")
  const [keyword, ...fields] = line.split(/[ \t]+/).filter((field) => field !== "")
  if (keyword === undefined || keyword.startsWith("#")) return undefined
  const kind = kinds.find((known) => known === keyword) ?? refuseForm(kinds.join(", "), [keyword])
  return { line: readFields(kind, fields), text: [keyword, ...fields].join(" ") }
}

/** Reads a sinks file; refuses `malformed` or `too-large` with the number of the line at fault. */
export function parseSinks(text: string): readonly ConfiguredSink[] {
  const sinks: ConfiguredSink[] = []
  for (const [i, line] of text.split("\n").entries()) {
    try {
      const sink = readLine(line)
      if (sink === undefined) continue
      if (sinks.some((other) => other.text === sink.text)) {
        refuse("malformed", "expected every sink once")
      }
      if (sinks.length === MOST_LINES) refuse("too-large", `expected up to ${MOST_LINES} sinks`)
      sinks.push(sink)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      throw new Refusal(error.code, `sinks file, line ${i + 1}: ${error.message}`)
    }
  }
  return sinks
}
