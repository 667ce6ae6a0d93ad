// The sink `webhook`: POSTs each alert as JSON, signed as Standard Webhooks has it (symmetric, v1), so that
// the receiver can tell that it comes from this monitor and whether it had it before.
import { createHmac } from "node:crypto"
import { refuse } from "../../../core/base/errors.ts"
import { parseBase64 } from "../../../core/base/text.ts"
import type { AlertSink } from "../../../monitor/alerts/alert.ts"
import { alertJson } from "./alert-message.ts"
import { type Receiver, request } from "./posting.ts"

interface WebhookOptions extends Receiver {
  readonly name: string
  readonly secret: Uint8Array
  /** Unix milliseconds. */
  readonly now: () => number
}

const PREFIX = "whsec_"
const SHORTEST_SECRET = 24
const LONGEST_SECRET = 64

/** Reads `whsec_` and base64 of 24 to 64 bytes; refuses `malformed` without showing what it found. */
export function parseWebhookSecret(text: string): Uint8Array {
  const line = text.trimEnd()
  const secret = line.startsWith(PREFIX) ? readSecret(line.slice(PREFIX.length)) : undefined
  if (secret !== undefined && secret.length >= SHORTEST_SECRET && secret.length <= LONGEST_SECRET) {
    return secret
  }
  return refuse(
    "malformed",
    `webhook secret: expected ${PREFIX} and base64 of ${SHORTEST_SECRET} to ${LONGEST_SECRET} bytes`,
  )
}

function readSecret(base64: string): Uint8Array | undefined {
  try {
    return parseBase64(base64, "webhook secret")
  } catch {
    return undefined
  }
}

/** The value of `webhook-signature`; `timestamp` in Unix seconds. */
export function webhookSignature(
  secret: Uint8Array,
  id: string,
  timestamp: number,
  body: string,
): string {
  const mac = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`)
  return `v1,${mac.digest("base64")}`
}

export function webhookSink(options: WebhookOptions): AlertSink {
  const { name, secret, now } = options
  return {
    name,
    async deliver(alert) {
      const body = alertJson(alert)
      const timestamp = Math.floor(now() / 1000)
      const headers = {
        "content-type": "application/json",
        "webhook-id": alert.id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": webhookSignature(secret, alert.id, timestamp, body),
      }
      await request(options, "the webhook", { method: "POST", headers, body })
    },
  }
}
