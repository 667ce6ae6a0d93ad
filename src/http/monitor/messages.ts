// `POST /messages`: somebody gives the monitor what was signed, where the log has only its hash. It proves itself, so
// anyone may; the entry is judged again in the next round.
import { refuse, shown } from "../../core/base/errors.ts"
import { parseDecimal } from "../../core/base/text.ts"
import { type Answer, jsonAnswer } from "../serving/answer.ts"
import { post, type Route, type WriteCall } from "../serving/route.ts"

/** Gives the digest under which the message is found; refuses what is not the message of the entry. */
export type TakeMessage = (
  origin: string | undefined,
  index: number,
  bytes: Uint8Array,
) => Promise<string>

/** Longer ones go into the spool folder. */
const LONGEST_MESSAGE = 8 * 1024 * 1024

function entryOf(query: string): { readonly origin: string | undefined; readonly index: number } {
  const parameters = new URLSearchParams(query)
  const [index, ...others] = parameters.getAll("index")
  const names = [...parameters.keys()]
  const isPlain = names.every((name, i) => names.indexOf(name) === i)
  const isKnown = names.every((name) => name === "index" || name === "origin")
  if (index === undefined || others.length > 0 || !isPlain || !isKnown) {
    return refuse(
      "malformed",
      `query: expected index=N, and origin=ORIGIN where several logs are followed, found ${shown(query)}`,
    )
  }
  return { origin: parameters.get("origin") ?? undefined, index: parseDecimal(index, "index") }
}

/** Without `take` the route is there and refuses. */
export function messageRoute(take: TakeMessage | undefined): Route {
  async function takeMessage({ query, withBody }: WriteCall): Promise<Answer> {
    if (take === undefined) return refuse("not-allowed", "this monitor takes no messages")
    const { origin, index } = entryOf(query)
    return await withBody(async (bytes) =>
      jsonAnswer(202, { index, digest: await take(origin, index, bytes) }),
    )
  }

  const body = { limit: LONGEST_MESSAGE, mediaType: "application/octet-stream" }
  return post("takeMessage", "/messages", body, takeMessage)
}
