// `POST /messages`: somebody gives the monitor what was signed, where the log has only its hash. It proves itself, so
// anyone may; the entry is judged again in the next round.
import { refuse } from "../../core/base/errors.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import type { BodyRule } from "../serving/request-body.ts"
import { post, type Route, type WriteCall } from "../serving/route.ts"

/** Gives the digest under which the message is found; refuses what is not the message of the entry. */
export type TakeMessage = (
  origin: string | undefined,
  index: number,
  bytes: Uint8Array,
) => Promise<string>

/** Longer ones go into the spool folder. */
const LONGEST_MESSAGE = 8 * 1024 * 1024

interface OfEntry {
  readonly index: number
  readonly origin?: string
}

/** Without `take` the route is there and refuses. */
export function messageRoute(take: TakeMessage | undefined): Route {
  async function takeMessage({ parameters, withBody }: WriteCall<OfEntry>): Promise<Answer> {
    if (take === undefined) return refuse("not-allowed", "this monitor takes no messages")
    const { origin, index } = parameters
    return await withBody(async (bytes) =>
      jsonAnswer(202, { index, digest: await take(origin, index, bytes) }),
    )
  }

  const mediaType = "application/octet-stream"
  const body: BodyRule = { limit: LONGEST_MESSAGE, group: "message", mediaType }
  return post("takeMessage", "/messages", body, takeMessage, {
    ...{ scope: "attach", weight: "evidence" },
  })
}
