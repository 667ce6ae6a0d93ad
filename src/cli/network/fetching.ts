// Fetch as this machine reaches others: the platform's as long as that does, and another way, loaded then, where the
// environment names a proxy or the platform knows no authority for a certificate.
import type { SecureContext } from "node:tls"
import type { Fetch } from "../../client/exchange.ts"
import { allAuthorities } from "./authorities.ts"
import type { createDispatching } from "./dispatching.ts"
import type { Environment } from "./environment.ts"
import { proxiesOf } from "./proxies.ts"
import { explained, isOfUnknownAuthority, refusedByProxy } from "./trouble.ts"

interface FetchingOptions {
  /** The platform's. */
  readonly fetch: Fetch
  readonly environment: Environment
  /** Authorities that are trusted beside all others, and the file that they come from. */
  readonly named?: { readonly file: string; readonly certificates: readonly string[] } | undefined
}

/** Takes addresses, no `Request`. Rejects with trouble ("network") for what asking again does not help with. */
export function createFetching({ fetch, environment, named }: FetchingOptions): Fetch {
  const proxyOf = proxiesOf(environment)
  const caFile = named?.file
  let dispatching: ReturnType<typeof createDispatching> | undefined
  let all: SecureContext | undefined
  /** Whether Node's own authorities were not enough. */
  let isWide = named !== undefined

  async function send(url: URL, init: RequestInit | undefined): Promise<Response> {
    const proxy = proxyOf(url)
    const usesTls = url.protocol === "https:" || proxy?.url.startsWith("https:") === true
    if (proxy === undefined && !(isWide && usesTls)) return await fetch(url.href, init)
    dispatching ??= (await import("./dispatching.ts")).createDispatching()
    if (isWide && usesTls) all ??= allAuthorities(environment, named?.certificates ?? [])
    const authorities = isWide && usesTls ? all : undefined
    const response = await dispatching(url, init, { proxy, authorities })
    if (response.status !== 407 || proxy === undefined) return response
    await response.body?.cancel()
    throw refusedByProxy({ url, proxy, caFile }, proxy)
  }

  /** Nothing of a request is sent before its certificate is found good, so that it can be sent again. */
  async function sendWidening(url: URL, init: RequestInit | undefined): Promise<Response> {
    try {
      return await send(url, init)
    } catch (error) {
      if (isWide || !isOfUnknownAuthority(error)) throw error
      isWide = true
      return await send(url, init)
    }
  }

  return async (input, init) => {
    const url = new URL(String(input))
    try {
      return await sendWidening(url, init)
    } catch (error) {
      throw explained(error, { url, proxy: proxyOf(url), caFile })
    }
  }
}
