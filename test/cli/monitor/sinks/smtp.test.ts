import type { AddressInfo } from "node:net"
import { createServer, type Socket } from "node:net"
import { SMTPServer, type SMTPServerOptions } from "smtp-server"
import { describe, expect, onTestFinished, test } from "vitest"
import {
  parseMailAddress,
  parseMailServer,
  parseMailUser,
  smtpSink,
} from "../../../../src/cli/monitor/sinks/smtp.ts"
import { expectRefusal } from "../../../refusals.ts"
import { alertOf } from "./made-alert.ts"

interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly text: string
}

/** A real mail server that takes every mail, or does what `options` say. */
async function mailServer(options: SMTPServerOptions = {}) {
  const mails: Mail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      let text = ""
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk
      })
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? "" : mailFrom.address
        mails.push({ from, to: rcptTo.map(({ address }) => address), text })
        done()
      })
    },
    ...options,
  })
  server.on("error", () => {})
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const { port } = server.server.address() as AddressInfo
  return { mails, server: { host: "127.0.0.1", port, isSecure: false } }
}

const addresses = { name: "smtp", from: "monitor@example.com", to: "people@example.com" }

describe("the sink smtp", () => {
  test("sends one plain text mail with the evidence", async () => {
    const { mails, server } = await mailServer()
    const sink = smtpSink({ ...addresses, server, timeout: 5_000 })
    await sink.deliver(alertOf())
    expect(mails).toMatchObject([{ from: addresses.from, to: [addresses.to] }])
    const text = (mails[0] as Mail).text
    expect(text).toContain("Subject: [countersign] PROVEN fork: log.example\r\n")
    expect(text).toMatch(/^Message-ID:\s+<(?:ab){32}@countersign>\r$/m)
    expect(text).toContain("Content-Type: text/plain; charset=utf-8\r\n")
    expect(text).toContain("two heads contradict each other")
    expect(text).toContain("tlog-evidence/v2\r\nkind fork")
  })

  test("marks tests, and lets nobody add headers or recipients", async () => {
    const { mails, server } = await mailServer()
    const origin = "log\r\nBcc: victim@example.com\r\n\r\nbody"
    const sink = smtpSink({ ...addresses, server, timeout: 5_000 })
    await sink.deliver(
      alertOf({ isCanary: true, origin, summary: "/etc/passwd\nBcc: x@example.com" }),
    )
    const [mail] = mails as [Mail]
    expect(mail.to).toEqual([addresses.to])
    const headers = mail.text.slice(0, mail.text.indexOf("\r\n\r\n"))
    expect(headers).not.toMatch(/^Bcc:/m)
    expect(headers).toMatch(/^Subject: \[countersign TEST\]/m)
    expect(mail.text).toContain("This is a test")
  })

  test("fails if the server refuses the mail, hangs, or is not there", async () => {
    const { server } = await mailServer({
      onRcptTo: (_, __, done) => done(Object.assign(new Error("full"), { responseCode: 452 })),
    })
    await expect(
      smtpSink({ ...addresses, server, timeout: 5_000 }).deliver(alertOf()),
    ).rejects.toThrow("full")
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket.on("error", () => {})))
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
    const { port } = silent.address() as AddressInfo
    const hanging = { ...server, port }
    await expect(
      smtpSink({ ...addresses, server: hanging, timeout: 300 }).deliver(alertOf()),
    ).rejects.toThrow()
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => silent.close(() => resolve()))
    await expect(
      smtpSink({ ...addresses, server: hanging, timeout: 300 }).deliver(alertOf()),
    ).rejects.toThrow()
  })

  test("never says a password on a connection that is not encrypted", async () => {
    const seen: unknown[] = []
    const { server, mails } = await mailServer({
      allowInsecureAuth: true,
      onAuth(auth, _, done) {
        seen.push(auth.password)
        done(null, { user: "u" })
      },
    })
    const login = { user: "u", password: "secret" }
    await expect(
      smtpSink({ ...addresses, server, login, timeout: 5_000 }).deliver(alertOf()),
    ).rejects.toThrow()
    expect(seen).toEqual([])
    expect(mails).toEqual([])
  })
})

test("mail servers, addresses and users are read strictly", () => {
  expect(parseMailServer("smtps://[::1]:465")).toEqual({ host: "::1", port: 465, isSecure: true })
  expect(parseMailServer("smtp://mail.example:25")).toMatchObject({ port: 25, isSecure: false })
  for (const text of [
    "mail:25",
    "smtp://mail",
    "smtp://a:0",
    "smtp://a:65536",
    "smtp://u:p@a:25",
  ]) {
    expectRefusal("malformed", () => parseMailServer(text))
  }
  expect(parseMailAddress("a.b+c@example.com")).toBe("a.b+c@example.com")
  for (const text of ["a", "A <a@example.com>", "a@b,c@d", "a@@b", '"a"@b']) {
    expectRefusal("malformed", () => parseMailAddress(text))
  }
  expect(parseMailUser("me\nsecret\n")).toEqual({ user: "me", password: "secret" })
  for (const text of ["", "me", "me\n", "me\nsecret\nmore"]) {
    const refusal = expectRefusal("malformed", () => parseMailUser(text))
    expect(refusal.message).not.toContain("secret")
  }
})
