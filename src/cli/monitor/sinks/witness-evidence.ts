// The sink `witness`: gives evidence that convicts a log to a witness of the operator's own, so that it
// stops cosigning that log. Evidence verifies itself, so nothing else is sent; other alerts are passed over.
import { verifyEvidence } from "../../../evidence/verification.ts"
import type { AlertSink } from "../../../monitor/alerts/alert.ts"
import { type Receiver, request } from "./posting.ts"

/** By these the witness says that it does not cosign this log, or that this is no reason to stop. */
const SETTLED = [403, 422]

/** `url` is the witness's submission prefix, without a final slash. */
export function witnessSink({ name, ...witness }: Receiver & { readonly name: string }): AlertSink {
  return {
    name,
    async deliver({ evidence, isCanary }) {
      const body = evidence?.text
      if (body === undefined || isCanary || !verifyEvidence(body).freezes) return
      const headers = { "content-type": "text/plain; charset=utf-8" }
      const receiver = { ...witness, url: `${witness.url}/evidence` }
      await request(receiver, "the witness", { method: "POST", headers, body }, SETTLED)
    },
  }
}
