// Requests that the platform's fetch cannot send: through a proxy, or held against other authorities. Loaded only when
// there is one of these. Uses undici's own fetch with its own connections.
import type { SecureContext } from "node:tls"
import { Agent, type Dispatcher, Pool, ProxyAgent, fetch as undiciFetch } from "undici"
import type { ProxyServer } from "./proxies.ts"

/** How a request is sent. */
export interface Sending {
  readonly proxy: ProxyServer | undefined
  /** Node's own authorities if undefined. */
  readonly authorities: SecureContext | undefined
}

/** How long a proxy may take to lead somewhere, in milliseconds. */
const LONGEST_CONNECT = 10_000

/**
 * Connections to a proxy whose CONNECT comes to an end: undici itself waits for the answer as long as for any other, and
 * asks at once and for ever again where the proxy hangs up instead of answering, since it takes that for an idle
 * connection that was closed.
 */
class TunnelPool extends Pool {
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData>
  override connect(
    options: Dispatcher.ConnectOptions,
    callback: (error: Error | null, data: Dispatcher.ConnectData) => void,
  ): void
  override connect(
    options: Dispatcher.ConnectOptions,
    callback?: (error: Error | null, data: Dispatcher.ConnectData) => void,
  ): Promise<Dispatcher.ConnectData> | undefined {
    if (callback === undefined) return this.#connectOnce(options)
    super.connect(options, callback)
    return undefined
  }

  async #connectOnce(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    const signal = AbortSignal.timeout(LONGEST_CONNECT)
    try {
      return await super.connect({ ...options, signal })
    } catch (cause) {
      if (signal.aborted) throw new Error(`no answer within ${LONGEST_CONNECT / 1000} seconds`)
      // An error without the code that stands for asking again.
      throw new Error("CONNECT failed", { cause })
    }
  }
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
    clientFactory: (origin, options) => new TunnelPool(origin, options),
  })
}

/** The connections of a process that are not the platform's. */
export function createDispatching() {
  const dispatchers = new Map<string, Dispatcher>()
  return async (url: URL, init: RequestInit | undefined, sending: Sending): Promise<Response> => {
    const isTls = url.protocol === "https:"
    const { proxy, authorities } = sending
    const key = `${url.origin} ${authorities !== undefined} ${proxy?.url} ${proxy?.authorization}`
    const dispatcher = dispatchers.get(key) ?? dispatcherOf(sending, isTls)
    dispatchers.set(key, dispatcher)
    // The two are the same by the Fetch standard, and two classes to the compiler.
    const asked = { ...init, dispatcher } as unknown as Parameters<typeof undiciFetch>[1]
    try {
      return (await undiciFetch(url.href, asked)) as unknown as Response
    } catch (error) {
      if (init?.signal?.aborted === true) {
        // What is still under way to there would keep the process from ending.
        dispatchers.delete(key)
        void dispatcher.destroy()
      }
      throw error
    }
  }
}
