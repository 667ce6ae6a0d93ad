// The gate that keeps web pages of other origins from writing. Browsers say by themselves where a request comes from, in
// Sec-Fetch-Site (Fetch Metadata) and Origin (Fetch standard), and no page can change either; other programs send
// neither. Reading is open to every page, and so is what a route calls shared: it reads, by POST.
import type { IncomingMessage } from "node:http"
import { Refusal, shown } from "../../core/base/errors.ts"
import type { Gate } from "../serving/gate.ts"

/** What a page of this server's own origin sends, and what a person typed or a program sends. */
const ownSites: ReadonlySet<string> = new Set(["same-origin", "none"])

function refuseForeign(header: string, found: string): never {
  const expected =
    "expected none, or that of a page of this server; a page of another origin may read only"
  throw new Refusal("not-allowed", `${header}: ${expected}; found ${shown(found)}`)
}

/** The host of an origin; undefined for `null` and whatever else has none. */
function hostOfOrigin(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

function assertOwnOrigin({ headers }: IncomingMessage, own: ReadonlySet<string>): void {
  const { origin, host = "" } = headers
  if (origin === undefined) return
  const named = hostOfOrigin(origin)
  // With the port: what else runs on this machine is another origin.
  if (named !== undefined && (named === host.toLowerCase() || own.has(named))) return
  refuseForeign("Origin", origin)
}

/** `hosts` are the names of the server, with ports that are not the scheme's own. */
export function createBrowserGate(hosts: readonly string[]): Gate {
  const own: ReadonlySet<string> = new Set(hosts.map((host) => host.toLowerCase()))
  return ({ request, route }) => {
    if (route.method === "GET" || route.isShared === true) return undefined
    const site = request.headers["sec-fetch-site"]
    if (site === undefined) assertOwnOrigin(request, own)
    else if (!ownSites.has(String(site))) refuseForeign("Sec-Fetch-Site", String(site))
    return undefined
  }
}
