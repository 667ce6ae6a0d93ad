// Giving a signed message to those who have its entry but not its bytes: the log (`POST /v1/entries/{index}/message`)
// and monitors (`POST /messages`). Both check it against the entry themselves; nothing here is taken on trust.
import { createRawExchange, errorOfReply, type Fetch } from "../exchange.ts"

/** What became of a message: taken now, known before, or forgotten on purpose and not to come back. */
export type Taken = "taken" | "known" | "redacted"

export interface Recipient {
  /** Its URL, for messages. */
  readonly name: string
  /** Rejects with `Refusal` in the recipient's own code, or with `Trouble` ("network"). */
  give(index: number, message: Uint8Array): Promise<Taken>
}

export interface RecipientOptions {
  readonly url: string
  readonly fetch: Fetch
  readonly timeout?: number
  readonly signal?: AbortSignal | undefined
}

const DEFAULT_TIMEOUT = 30_000
const LONGEST_ANSWER = 65_536
const CREATED = 201
const GONE = 410

function createRecipient(
  { url, fetch, signal, timeout = DEFAULT_TIMEOUT }: RecipientOptions,
  peer: string,
  pathOf: (index: number) => string,
): Recipient {
  const ask = createRawExchange({ url, fetch, signal, timeout, peer })
  return {
    name: url,
    async give(index, message) {
      const reply = await ask({
        method: "POST",
        path: pathOf(index),
        body: new Uint8Array(message),
        contentType: "application/octet-stream",
        longest: LONGEST_ANSWER,
      })
      if (reply.status >= 200 && reply.status < 300)
        return reply.status === CREATED ? "taken" : "known"
      if (reply.status === GONE) return "redacted"
      throw errorOfReply(reply, peer)
    },
  }
}

/** A log that keeps messages beside its entries. Refuses `malformed` for the URL. */
export function logRecipient(options: RecipientOptions): Recipient {
  return createRecipient(options, "log", (index) => `v1/entries/${index}/message`)
}

/** A monitor that follows the log of this origin. Refuses `malformed` for the URL. */
export function monitorRecipient(options: RecipientOptions, origin: string): Recipient {
  const named = encodeURIComponent(origin)
  return createRecipient(options, "monitor", (index) => `messages?origin=${named}&index=${index}`)
}
