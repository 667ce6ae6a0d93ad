// A network in one process: a certificate authority, TLS servers that it certifies, and proxies that write down what
// they are asked for and lead every name to a port of this machine.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type RequestListener, request, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { type AddressInfo, connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder with the certificates of an authority, `ca.pem`, and of what it has certified. */
export interface Authority {
  readonly folder: string
  readonly caFile: string
  /** Certifies a server for these names, such as `DNS:log.example`, for so many days. */
  certify(names: string, days?: number): { readonly key: string; readonly cert: string }
  close(): void
}

export function makeTlsAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "countersign-network-"))
  const path = (name: string) => join(folder, name)
  const openssl = (...words: string[]) => execFileSync("openssl", words, { stdio: "pipe" })
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  openssl(
    ...["req", "-x509", ...ec, "-keyout", path("ca.key"), "-out", path("ca.pem")],
    ...["-subj", "/CN=Test Root", "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE"],
  )
  let made = 0
  return {
    folder,
    caFile: path("ca.pem"),
    certify(names, days = 2) {
      made += 1
      const name = path(`leaf-${made}`)
      openssl("req", ...ec, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", "/CN=leaf")
      writeFileSync(`${name}.ext`, `subjectAltName=${names}\n`)
      openssl(
        ...["x509", "-req", "-in", `${name}.csr`, "-CA", path("ca.pem"), "-CAkey", path("ca.key")],
        ...["-CAcreateserial", "-days", String(days), "-extfile", `${name}.ext`],
        ...["-out", `${name}.pem`],
      )
      // With its issuer, as servers send it.
      const cert = readFileSync(`${name}.pem`, "utf8") + readFileSync(path("ca.pem"), "utf8")
      return { key: readFileSync(`${name}.key`, "utf8"), cert }
    },
    close: () => rmSync(folder, { recursive: true }),
  }
}

export interface Opened {
  readonly port: number
  close(): Promise<void>
}

async function opened(server: Server): Promise<Opened> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function openServer(listener: RequestListener): Promise<Opened> {
  return opened(createServer(listener))
}

export function openTlsServer(
  identity: { readonly key: string; readonly cert: string },
  listener: RequestListener,
): Promise<Opened> {
  return opened(createTlsServer(identity, listener))
}

export interface OpenedProxy extends Opened {
  /** The request lines that it got, `METHOD TARGET`. */
  readonly asked: readonly string[]
}

interface ProxyOptions {
  /** The port of this machine that everything leads to. */
  readonly to: () => number
  /** Asks for them if they are given. */
  readonly credentials?: string
  /** Answers so instead of leading anywhere. */
  readonly status?: number
  readonly identity?: { readonly key: string; readonly cert: string }
}

/** A proxy of HTTP/1.1: CONNECT, and requests in absolute form. */
export async function openProxy(options: ProxyOptions): Promise<OpenedProxy> {
  const { to, credentials, status, identity } = options
  const asked: string[] = []
  const expected = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`
  const refusal = (authorization: string | undefined): number | undefined =>
    expected !== undefined && authorization !== expected ? 407 : status

  const forward: RequestListener = (incoming, response) => {
    const { method = "", url = "", headers } = incoming
    asked.push(`${method} ${url}`)
    const refused = refusal(headers["proxy-authorization"])
    if (refused !== undefined) return void response.writeHead(refused).end()
    const { pathname, search } = new URL(url)
    const sent = request(
      { host: "127.0.0.1", port: to(), method, path: pathname + search, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      },
    )
    sent.on("error", () => response.destroy())
    incoming.pipe(sent)
  }
  const server = identity === undefined ? createServer(forward) : createTlsServer(identity, forward)
  server.on("connect", ({ url = "", headers }, socket, head) => {
    asked.push(`CONNECT ${url}`)
    socket.on("error", () => {})
    const refused = refusal(headers["proxy-authorization"])
    if (refused !== undefined) return void socket.end(`HTTP/1.1 ${refused} no\r\n\r\n`)
    const target = connect(to(), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 ok\r\n\r\n")
      target.write(head)
      target.pipe(socket)
      socket.pipe(target)
    })
    target.on("error", () => socket.destroy())
    socket.on("close", () => target.destroy())
    server.once("close", () => socket.destroy())
  })
  const proxy = await opened(server)
  return { ...proxy, asked }
}
