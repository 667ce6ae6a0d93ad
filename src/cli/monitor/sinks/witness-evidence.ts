// The sink `witness`: gives evidence that convicts a log to a witness of the operator's own, so that it
// stops cosigning that log. Evidence verifies itself, so nothing else is sent; other alerts are passed over.
import type { Fetch } from "../../../client/exchange.ts"
import { Trouble } from "../../../core/base/errors.ts"
import { verifyEvidence } from "../../../evidence/verification.ts"
import type { AlertSink } from "../../../monitor/alerts/alert.ts"

interface WitnessSinkOptions {
  readonly name: string
  /** The witness's submission prefix, without a final slash. */
  readonly url: string
  readonly fetch: Fetch
  /** Milliseconds. */
  readonly timeout: number
}

/** By these the witness says that it does not cosign this log, or that this is no reason to stop. */
const SETTLED: ReadonlySet<number> = new Set([403, 422])

export function witnessSink({ name, url, fetch, timeout }: WitnessSinkOptions): AlertSink {
  return {
    name,
    async deliver({ evidence, isCanary }) {
      const text = evidence?.text
      if (text === undefined || isCanary || !verifyEvidence(text).freezes) return
      const response = await fetch(`${url}/evidence`, {
        method: "POST",
        redirect: "error",
        signal: AbortSignal.timeout(timeout),
        headers: { "content-type": "text/plain; charset=utf-8" },
        body: text,
      })
      await response.body?.cancel()
      if (!response.ok && !SETTLED.has(response.status)) {
        throw new Trouble("network", `the witness answers ${response.status}`)
      }
    },
  }
}
