// Requests that the platform's fetch cannot send: through a proxy, or held against other authorities. Loaded only when
// there is one of these. Uses undici's own fetch with its own connections.
import type { SecureContext } from "node:tls"
import { Agent, type Dispatcher, ProxyAgent, fetch as undiciFetch } from "undici"
import type { ProxyServer } from "./proxies.ts"

/** How a request is sent. */
export interface Sending {
  readonly proxy: ProxyServer | undefined
  /** Node's own authorities if undefined. */
  readonly authorities: SecureContext | undefined
}

function dispatcherOf({ proxy, authorities }: Sending, isTls: boolean): Dispatcher {
  const tls = authorities === undefined ? {} : { secureContext: authorities }
  if (proxy === undefined) return new Agent({ connect: tls })
  const { url, authorization } = proxy
  return new ProxyAgent({
    uri: url,
    ...(authorization !== undefined && { token: authorization }),
    requestTls: tls,
    proxyTls: tls,
    // Many proxies lead to port 80 only by requests of their own, and not by CONNECT.
    proxyTunnel: isTls,
  })
}

/** The connections of a process that are not the platform's. */
export function createDispatching() {
  const dispatchers = new Map<string, Dispatcher>()
  return async (url: URL, init: RequestInit | undefined, sending: Sending): Promise<Response> => {
    const isTls = url.protocol === "https:"
    const { proxy, authorities } = sending
    const key = `${isTls} ${authorities !== undefined} ${proxy?.url} ${proxy?.authorization}`
    const dispatcher = dispatchers.get(key) ?? dispatcherOf(sending, isTls)
    dispatchers.set(key, dispatcher)
    // The two are the same by the Fetch standard, and two classes to the compiler.
    const asked = { ...init, dispatcher } as unknown as Parameters<typeof undiciFetch>[1]
    return (await undiciFetch(url.href, asked)) as unknown as Response
  }
}
