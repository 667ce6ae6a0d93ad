// The tokens that a monitor shows the logs that it follows, for those that do not let strangers read. Each goes to the
// URL of its log and below and nowhere else: to no mirror, no witness, no sink and no address that a redirect names.
import type { Fetch } from "../../client/exchange.ts"
import { refuse, shown } from "../../core/base/errors.ts"
import type { LogToken } from "./options.ts"

/** Fetch for the log `origin` at `url`. */
export type FetchOfLog = (origin: string, url: string) => Fetch

const PREFIX = /^rekor-v2\+/

/**
 * What reaches each log. A token is read again for each request, so that one that was rotated needs no restart; each
 * file is read once before. Refuses `malformed` for a token of no log that is followed, several of one, and a log that is
 * not read over HTTP; what is wrong with a file as `readTokenOf` does. `remark` is told of tokens in the clear.
 */
export async function openLogFetch(
  tokens: readonly LogToken[],
  origins: readonly string[],
  fetch: Fetch,
  remark: (text: string) => void,
): Promise<FetchOfLog> {
  if (tokens.length === 0) return () => fetch
  const { isInTheClear, readTokenOf, showingAt } = await import("../network/credentials.ts")
  const files = new Map<string, string>()
  for (const { origin = origins.length === 1 ? origins[0] : undefined, file } of tokens) {
    if (origin === undefined || !origins.includes(origin)) {
      refuse(
        "malformed",
        `--log-token-file ${file}: expected which of these logs is meant: ${origins.join(", ")}`,
      )
    }
    if (files.has(origin)) {
      refuse("malformed", `--log-token-file: expected one for ${origin}, found several`)
    }
    await readTokenOf(file)
    files.set(origin, file)
  }
  return (origin, address) => {
    const file = files.get(origin)
    if (file === undefined) return fetch
    const url = address.replace(PREFIX, "")
    if (!/^https?:/.test(url)) {
      refuse(
        "malformed",
        `--log-token-file: expected a log with an http(s) URL, found ${shown(url)}`,
      )
    }
    if (isInTheClear(url)) {
      remark(`the token goes to ${origin} in the clear, for all on the way to read: use https`)
    }
    return showingAt(url, () => readTokenOf(file), fetch)
  }
}
