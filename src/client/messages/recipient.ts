// Giving a signed message to those who have its entry but not its bytes: the log (`POST /v1/entries/{index}/message`)
// and monitors (`POST /messages`). Both check it against the entry themselves; nothing here is taken on trust.
import { Refusal } from "../../core/base/errors.ts"
import { createRawExchange, errorOfReply, type Fetch } from "../exchange.ts"
import type { LogClient } from "../log-client.ts"

/** What became of a message: taken now, known before, or forgotten on purpose and not to come back. */
type Taken = "taken" | "known" | "redacted"

export interface Recipient {
  /** Its URL, for messages. */
  readonly name: string
  /** Rejects with `Refusal` in the recipient's own code, or with `Trouble` ("network"). */
  give(index: number, message: Uint8Array): Promise<Taken>
}

interface MonitorOptions {
  readonly url: string
  /** Of the log that the entries are in. */
  readonly origin: string
  readonly fetch: Fetch
  readonly timeout?: number
  readonly signal?: AbortSignal | undefined
}

const DEFAULT_TIMEOUT = 30_000
const LONGEST_ANSWER = 65_536
const OK = 200

/** What `give` says; a refusal because it was taken away is an answer as well. */
async function unlessGone(give: () => Promise<Taken>): Promise<Taken> {
  try {
    return await give()
  } catch (error) {
    if (error instanceof Refusal && error.code === "gone") return "redacted"
    throw error
  }
}

/** A log that keeps messages beside its entries; `url` is its name. */
export function logRecipient(url: string, log: Pick<LogClient, "attach">): Recipient {
  const attach = async (index: number, message: Uint8Array) =>
    (await log.attach(index, message)).isNew ? "taken" : "known"
  return { name: url, give: (index, message) => unlessGone(() => attach(index, message)) }
}

/** A monitor that follows the log of this origin. Refuses `malformed` for the URL. */
export function monitorRecipient({
  url,
  origin,
  fetch,
  signal,
  timeout,
}: MonitorOptions): Recipient {
  const peer = "monitor"
  const ask = createRawExchange({ url, fetch, signal, peer, timeout: timeout ?? DEFAULT_TIMEOUT })
  async function post(index: number, message: Uint8Array): Promise<Taken> {
    const reply = await ask({
      method: "POST",
      path: `messages?origin=${encodeURIComponent(origin)}&index=${index}`,
      // A copy, because a view of shared memory is no body.
      body: message.slice(),
      contentType: "application/octet-stream",
      longest: LONGEST_ANSWER,
    })
    if (reply.status < 200 || reply.status >= 300) throw errorOfReply(reply, peer)
    return reply.status === OK ? "known" : "taken"
  }
  return { name: url, give: (index, message) => unlessGone(() => post(index, message)) }
}
