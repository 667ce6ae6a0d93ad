// What is said to who asks a server in a way or as often as it does not take, for docs/refusals.md.
import type { LimitOptions } from "../../src/http/limits/gates.ts"
import { run } from "../cli/command/fake-terminal.ts"
import { type Asked, askUnchecked } from "../http/client.ts"
import { openServedLog, signedRequest } from "../http/served-log.ts"

/** What a log answers to the last of so many submissions of a client that a proxy on this machine names. */
const answered =
  (asked: Asked, options: LimitOptions = {}, path = "/v1/entries", times = 1) =>
  async (): Promise<string> => {
    const served = await openServedLog({ config: { trustedProxies: ["127.0.0.1"] }, ...options })
    try {
      let said = ""
      for (let i = 0; i < times; i++) {
        const body = JSON.stringify(signedRequest(String(i)))
        const reply = await askUnchecked(served.port, path, { body, ...asked })
        const { detail, message } = reply.json() as Record<"detail" | "message", string | undefined>
        said = `${reply.status} ${detail ?? message}`
      }
      return said
    } finally {
      await served.close()
    }
  }

const json = { "content-type": "application/json" }
const posted = (headers: Readonly<Record<string, string>>): Asked => ({ method: "POST", headers })

const usage =
  (...words: readonly string[]) =>
  async (): Promise<string> => {
    const { code, err } = await run(["serve", ...words])
    return `${code} ${err.trim().split("\n")[0]}`
  }

export const clientRefusals: readonly (readonly [string, () => Promise<string>])[] = [
  [
    "more than a client may ask for",
    answered(posted(json), { rates: { submit: { perMinute: 6, burst: 1 } } }, "/v1/entries", 2),
  ],
  [
    "a web page of another origin that writes",
    answered(posted({ ...json, origin: "https://page.example" })),
  ],
  ["a submission without its media type", answered(posted({}), {}, "/api/v2/log/entries")],
  [
    "a name that is not the server's, over loopback",
    answered({ headers: { host: "name.example" } }, { allowedHosts: [] }, "/v1/head"),
  ],
  ["`--limit` with a class that is none", usage("--limit", "tiles=1/min")],
  ["`--trust-proxy` with a name", usage("--trust-proxy", "proxy.example")],
  ["`--allow-host` with a URL", usage("--allow-host", "http://log.example/")],
]
