// Messages of the native API: attaching the bytes that were signed to an entry that has only a hash of them, giving
// them back, and listing what was attached, for whoever follows the log.
import { readDigest } from "../../core/base/written-digest.ts"
import type { ServedLog } from "../../log/ports/log.ts"
import type { Surroundings } from "../door/handler.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { type Call, get, post, type Route, type WriteCall } from "../serving/route.ts"

interface OfEntry {
  readonly index: number
}

interface OfDigest {
  readonly digest: string
}

interface PageParameters {
  readonly after?: number
  readonly limit?: number
}

const MEDIA_TYPE = "application/octet-stream"
const DEFAULT_LIMIT = 100

function bytesAnswer(body: Uint8Array): Answer {
  const headers = { "content-type": MEDIA_TYPE, "cache-control": "no-store" }
  return { status: 200, headers, body }
}

async function listMessages(log: ServedLog, { after = 0, limit = DEFAULT_LIMIT }: PageParameters) {
  const { messages: newest, attachedUpTo } = log.status()
  const messages = await log.messages(after, limit)
  const last = messages.at(-1)?.sequence
  const next = last !== undefined && last < newest ? last : undefined
  return jsonAnswer(200, { messages, next, attachedUpTo })
}

export function messageRoutes({ log, config }: Surroundings): readonly Route[] {
  async function attach({ withBody, parameters: { index } }: WriteCall<OfEntry>): Promise<Answer> {
    const { isNew, ...attached } = await withBody((bytes) => log.attach(index, bytes))
    const { attachedUpTo } = log.status()
    return jsonAnswer(isNew ? 201 : 200, { ...attached, isNew, attachedUpTo })
  }

  const proves = { weight: "proof" } as const
  // A log that keeps none says so, whatever the length.
  const limit = config.messageLimit === 0 ? config.requestLimit : config.messageLimit
  const body: BodyRule = { limit, group: "message", mediaType: MEDIA_TYPE }
  return [
    post("attachMessage", "/v1/entries/{index}/message", body, attach, {
      ...{ scope: "attach", weight: "submit" },
    }),
    get(
      "getEntryMessage",
      "/v1/entries/{index}/message",
      async ({ parameters: { index } }: Call<OfEntry>) => bytesAnswer(await log.message(index)),
      proves,
    ),
    get(
      "listMessages",
      "/v1/messages",
      ({ parameters }: Call<PageParameters>) => listMessages(log, parameters),
      proves,
    ),
    get(
      "getMessage",
      "/v1/messages/{digest}",
      async ({ parameters: { digest } }: Call<OfDigest>) =>
        bytesAnswer(await log.messageWith(readDigest(digest))),
      proves,
    ),
  ]
}
