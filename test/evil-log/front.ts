// One client's way to an evil log: a proxy in front of the real servers that passes everything on, except
// for the lies that are switched on for this client.
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { World } from "./evil-log.ts"

/** What a client gets: an answer as the real server gave it, or as the lie makes it. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/**
 * The lies that can be told a client. Each is off until it is set; several can be on together. What a
 * lie gives undefined for is not found.
 */
export interface Lies {
  /** Shows this tree instead of the honest one. */
  world?: World
  /** Gives this in place of the checkpoint. */
  checkpoint?: (honest: string) => string | undefined
  /** Gives this in place of the head of Rekor v1; there is none if `checkpoint` is a lie, which it would give away. */
  rekorHead?: (honest: string) => string | undefined
  /** Gives this in place of an entry bundle; `index` counts bundles. */
  bundle?: (index: number, honest: Buffer) => Uint8Array | undefined
  tile?: (level: number, index: number, width: number, honest: Buffer) => Uint8Array | undefined
  /** Answers every request (a rate limit, a dead server), or only those whose path it wants. */
  reply?: (path: string) => Reply | undefined
  /** Changes any answer, once the other lies are told. */
  change?: (path: string, reply: Reply) => Reply
  /** Whether the connection ends in the middle of the answer. */
  cut?: (path: string) => boolean
}

export interface Front {
  readonly client: string
  readonly url: string
  readonly lies: Lies
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

const TILE = /^\/(?:api\/v2\/)?tile\/(\d+|entries)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/

function passOn(world: World, incoming: IncomingMessage, body: Buffer): Promise<Reply> {
  const { hostname, port } = new URL(world.url)
  const { method, url: path, headers } = incoming
  return new Promise((resolve, reject) => {
    // Compressed answers would hide from the lies what they change.
    const { "if-none-match": _, ...kept } = headers
    const asked = { ...kept, "accept-encoding": "identity" }
    const outgoing = request({ hostname, port, method, path, headers: asked }, (response) => {
      const parts: Buffer[] = []
      response.on("data", (part: Buffer) => parts.push(part))
      response.on("end", () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: Buffer.concat(parts) })
      })
    })
    outgoing.on("error", reject)
    outgoing.end(body)
  })
}

const NOT_FOUND: Reply = {
  status: 404,
  headers: { "content-type": "text/plain" },
  body: Buffer.from("not found\n"),
}

function withBody(reply: Reply, body: Uint8Array | string | undefined): Reply {
  if (body === undefined) return NOT_FOUND
  const { "content-length": _, etag: __, ...headers } = reply.headers
  return { status: 200, headers, body: Buffer.from(body) }
}

function withRekorHead({ rekorHead, checkpoint }: Lies, reply: Reply): Reply {
  if (rekorHead === undefined) return checkpoint === undefined ? reply : NOT_FOUND
  const answer = JSON.parse(reply.body.toString()) as { readonly signedTreeHead: string }
  const signedTreeHead = rekorHead(answer.signedTreeHead)
  if (signedTreeHead === undefined) return NOT_FOUND
  return withBody(reply, JSON.stringify({ ...answer, signedTreeHead }))
}

function replaced(lies: Lies, path: string, reply: Reply): Reply {
  // The real server refuses queries, and then is asked without.
  if (reply.status === 400) return reply
  const [pathname = ""] = path.split("?", 1)
  if (lies.checkpoint !== undefined && /^\/(?:api\/v2\/)?checkpoint$/.test(pathname)) {
    return withBody(reply, lies.checkpoint(reply.body.toString()))
  }
  if (pathname === "/api/v1/log") return withRekorHead(lies, reply)
  const [, level, digits = "", width = "256"] = TILE.exec(pathname) ?? []
  if (level === undefined) return reply
  const index = Number(digits.replaceAll(/[x/]/g, ""))
  if (level !== "entries") {
    if (lies.tile === undefined) return reply
    return withBody(reply, lies.tile(Number(level), index, Number(width), reply.body))
  }
  return lies.bundle === undefined ? reply : withBody(reply, lies.bundle(index, reply.body))
}

function lie(lies: Lies, path: string, honest: Reply): Reply {
  const reply = replaced(lies, path, honest)
  return lies.change?.(path, reply) ?? reply
}

function answer(response: ServerResponse, { status, headers, body }: Reply): void {
  for (const [name, value] of Object.entries(headers)) {
    const isHop = name === "connection" || name === "keep-alive" || name === "transfer-encoding"
    if (value !== undefined && !isHop) response.setHeader(name, value as string | string[])
  }
  response.writeHead(status).end(body)
}

function cutOff(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { "content-length": body.length + 1 })
  response.write(body, () => response.destroy())
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** Listens on a port of its own for one client. */
export async function openFront(client: string, honest: World): Promise<Front> {
  const lies: Lies = {}
  const asked: string[] = []
  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = incoming.url ?? ""
    asked.push(path)
    const body = await bodyOf(incoming)
    const made = lies.reply?.(path)
    const reply = made ?? lie(lies, path, await passOn(lies.world ?? honest, incoming, body))
    if (lies.cut?.(path) === true) cutOff(response, reply)
    else answer(response, reply)
  }
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    client,
    lies,
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
