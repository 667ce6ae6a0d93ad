// Sends many requests over one connection without waiting for answers, which is the fastest way to ask a
// server many questions. Expects answers with a Content-Length, as this server gives them.
import { STATUS_CODES } from "node:http"
import type { Reply } from "../door/contract-check.ts"
import { openRaw } from "./raw-connection.ts"

interface Parsed {
  readonly reply: Reply
  readonly end: number
}

function readReply(text: string, start: number): Parsed | undefined {
  const blank = text.indexOf("\r\n\r\n", start)
  if (blank < 0) return undefined
  const [first = "", ...lines] = text.slice(start, blank).split("\r\n")
  const status = Number(first.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length))
  if (STATUS_CODES[status] === undefined) throw new Error(`expected an answer, found ${first}`)
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":")
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const end = blank + 4 + Number(headers["content-length"] ?? 0)
  if (end > text.length) return undefined
  const bytes = Buffer.from(text.slice(blank + 4, end), "latin1")
  const asText = (): string => bytes.toString("utf8")
  const reply = { status, headers, bytes, text: asText, json: () => JSON.parse(asText()) }
  return { reply, end }
}

/** Requests that are sent ahead: a server takes one and lets 64 wait. */
const AHEAD = 50

/** The answers to these requests, in order. Rejects if the server ends the connection. */
export async function pipeline(port: number, requests: readonly string[]): Promise<Reply[]> {
  const raw = await openRaw(port)
  raw.socket.setEncoding("latin1")
  const replies: Reply[] = []
  let sent = 0
  let at = 0
  const sendOn = (): void => {
    const next = requests.slice(sent, sent + AHEAD)
    sent += next.length
    raw.write(Buffer.from(next.join(""), "latin1"))
  }
  sendOn()
  await raw.progress((text) => {
    for (let parsed = readReply(text, at); parsed !== undefined; parsed = readReply(text, at)) {
      replies.push(parsed.reply)
      at = parsed.end
    }
    if (replies.length === sent && sent < requests.length) sendOn()
    return replies.length >= requests.length
  })
  raw.socket.destroy()
  return replies
}
