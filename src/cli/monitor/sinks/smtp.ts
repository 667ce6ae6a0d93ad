// The sink `smtp`: one plain text mail for each alert, through the operator's own mail server. Its message
// ID is made of the alert's, so that a mail that is sent twice can be known for the same.
import { createTransport } from "nodemailer"
import { refuse, shown } from "../../../core/base/errors.ts"
import type { AlertSink } from "../../../monitor/alerts/alert.ts"
import { alertSubject, alertText } from "./alert-message.ts"

interface MailServer {
  readonly host: string
  readonly port: number
  /** TLS from the first byte (smtps); else STARTTLS where the server has it. */
  readonly isSecure: boolean
}

interface MailUser {
  readonly user: string
  readonly password: string
}

/** Whose mail goes where, through which server. */
export interface MailRoute {
  readonly server: MailServer
  readonly from: string
  readonly to: string
}

interface SmtpOptions extends MailRoute {
  readonly name: string
  /** With a user the connection must be encrypted. */
  readonly login?: MailUser
  /** Milliseconds. */
  readonly timeout: number
}

const SERVER = /^(smtps?):\/\/([A-Za-z0-9.-]+|\[[0-9a-f:.]+\]):([1-9][0-9]{0,4})$/
const ADDRESS = /^[^\s<>,;:"()@]+@[A-Za-z0-9.-]+$/

/** Reads `smtp[s]://HOST:PORT`; refuses `malformed`. */
export function parseMailServer(text: string): MailServer {
  const [, scheme, host = "", port = ""] = SERVER.exec(text) ?? []
  if (scheme === undefined || Number(port) > 65_535) {
    refuse("malformed", `expected smtp[s]://HOST:PORT, found ${shown(text)}`)
  }
  const bare = host.startsWith("[") ? host.slice(1, -1) : host
  return { host: bare, port: Number(port), isSecure: scheme === "smtps" }
}

/** A bare address; refuses `malformed` for names, lists and routes. */
export function parseMailAddress(text: string): string {
  if (ADDRESS.test(text)) return text
  return refuse("malformed", `expected an address like alerts@example.com, found ${shown(text)}`)
}

/** The first line is the user, the second the password; refuses `malformed` without showing them. */
export function parseMailUser(text: string): MailUser {
  const [user = "", password = "", ...rest] = text.replace(/\n$/, "").split("\n")
  if (user === "" || password === "" || rest.length > 0) {
    refuse("malformed", "mail user: expected a line with the user and one with the password")
  }
  return { user, password }
}

export function smtpSink({ name, server, from, to, login, timeout }: SmtpOptions): AlertSink {
  const transport = createTransport({
    host: server.host,
    port: server.port,
    secure: server.isSecure,
    requireTLS: login !== undefined,
    ...(login && { auth: { user: login.user, pass: login.password } }),
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    // The text is ours: nothing in it is ever to be read as a path or a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    name,
    async deliver(alert) {
      await transport.sendMail({
        from,
        to,
        subject: alertSubject(alert),
        text: alertText(alert),
        date: new Date(alert.time),
        messageId: `<${alert.id}@countersign>`,
        headers: { "Auto-Submitted": "auto-generated" },
      })
    },
  }
}
