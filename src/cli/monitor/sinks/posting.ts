// An HTTP request of a sink: bounded, without following redirects, and only its status is looked at.
import type { Fetch } from "../../../client/exchange.ts"
import { assertNoSecretRedirect } from "../../../client/redirect.ts"
import { Trouble } from "../../../core/base/errors.ts"

export interface Receiver {
  readonly url: string
  readonly fetch: Fetch
  /** Milliseconds. */
  readonly timeout: number
}

/** Throws trouble ("network") unless the answer says that all is well; `who` answers, in messages. */
export async function request(
  { url, fetch, timeout }: Receiver,
  who: string,
  init: RequestInit = {},
  settled: readonly number[] = [],
): Promise<void> {
  const signal = AbortSignal.timeout(timeout)
  const response = await fetch(url, { ...init, redirect: "manual", signal })
  await assertNoSecretRedirect(response, url, who)
  await response.body?.cancel()
  if (response.ok || settled.includes(response.status)) return
  throw new Trouble("network", `${who} answers ${response.status}`)
}
