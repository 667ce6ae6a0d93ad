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
import { type MailServer, parseMailAddress, parseMailServer } from "./smtp.ts"

export type SinkLine =
  | { readonly kind: "exec"; readonly command: string; readonly words: readonly string[] }
  | { readonly kind: "webhook"; readonly url: string; readonly secretFile: string }
  | { readonly kind: "jsonl"; readonly path: string }
  | {
      readonly kind: "smtp"
      readonly server: MailServer
      readonly from: string
      readonly to: string
      readonly userFile?: string
    }
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

function readExec(fields: Fields): SinkLine {
  const [command, ...words] = fields
  if (command === undefined || !isAbsolute(command))
    refuseForm("exec /PATH/TO/COMMAND ARG…", fields)
  return { kind: "exec", command, words }
}

function readWebhook(fields: Fields): SinkLine {
  const [url, secretFile] = fields
  if (url === undefined || secretFile === undefined || fields.length > 2) {
    // The URL of a webhook may be a secret itself.
    return refuse("malformed", `expected webhook URL SECRETFILE, found ${fields.length} fields`)
  }
  return { kind: "webhook", url: readUrl(url), secretFile }
}

function readJsonLines(fields: Fields): SinkLine {
  const [path] = fields
  if (path === undefined || fields.length > 1) refuseForm("jsonl FILE", fields)
  return { kind: "jsonl", path }
}

function readSmtp(fields: Fields): SinkLine {
  const [server, from, to, userFile] = fields
  if (server === undefined || from === undefined || to === undefined || fields.length > 4) {
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

function readOnlyUrl(kind: "witness" | "ping", fields: Fields): SinkLine {
  const [url] = fields
  if (url === undefined || fields.length > 1) {
    return refuse("malformed", `expected ${kind} URL, found ${fields.length} fields`)
  }
  return { kind, url: readUrl(url) }
}

const readers: ReadonlyMap<string, (fields: Fields) => SinkLine> = new Map([
  ["exec", readExec],
  ["webhook", readWebhook],
  ["jsonl", readJsonLines],
  ["smtp", readSmtp],
  ["witness", (fields: Fields) => readOnlyUrl("witness", fields)],
  ["ping", (fields: Fields) => readOnlyUrl("ping", fields)],
])

function readLine(line: string): ConfiguredSink | undefined {
  if (line.length > LONGEST_LINE) refuse("too-large", `expected up to ${LONGEST_LINE} characters`)
  if (CONTROL.test(line)) refuse("malformed", "expected no control characters but tabs")
  const [keyword, ...fields] = line.split(/[ \t]+/).filter((field) => field !== "")
  if (keyword === undefined || keyword.startsWith("#")) return undefined
  const read = readers.get(keyword) ?? refuseForm([...readers.keys()].join(", "), [keyword])
  return { line: read(fields), text: [keyword, ...fields].join(" ") }
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
