// Requests over TLS and Unix sockets, with what a test wants to see of the connection.
import { readFileSync } from "node:fs"
import { request as requestHttp } from "node:http"
import { type Agent, type RequestOptions, request as requestHttps } from "node:https"
import type { TLSSocket } from "node:tls"
import type { Issued } from "./certificates.ts"

export interface Told {
  readonly status: number
  readonly body: string
  /** SHA-256 of the server's certificate. */
  readonly fingerprint: string | undefined
}

export interface Asking {
  readonly ca?: string
  readonly client?: Issued
  readonly agent?: Agent
}

function ask(
  send: typeof requestHttps,
  where: string | URL,
  options: RequestOptions,
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const request = send(where, options, (response) => {
      const { fingerprint256: fingerprint } =
        (response.socket as Partial<TLSSocket>).getPeerCertificate?.() ?? {}
      let body = ""
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text
      })
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, fingerprint }))
    })
    request.on("error", reject)
    request.end()
  })
}

/** Asks over TLS on a connection of its own, unless an agent is given. */
export function askTls(url: string, { ca, client, agent }: Asking = {}): Promise<Told> {
  return ask(requestHttps, url, {
    agent: agent ?? false,
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(client && { cert: readFileSync(client.certificate), key: readFileSync(client.key) }),
  })
}

export function askPlain(url: string): Promise<Told> {
  return ask(requestHttp, url, { agent: false })
}

export function askSocket(socketPath: string, path: string): Promise<Told> {
  return ask(requestHttp, `http://localhost${path}`, { agent: false, socketPath })
}
