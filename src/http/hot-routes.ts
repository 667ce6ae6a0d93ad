// The router in front of Express for the routes that carry the load, and for tile paths, which must be
// read as they came over the wire: Express would decode them first.
import type { IncomingMessage } from "node:http"
import { isRead } from "./answer.ts"
import type { OperationId } from "./contract.ts"
import type { Routed } from "./serving.ts"

/** The operations that this router finds; Express has the others. */
export const hotOperations: ReadonlySet<OperationId> = new Set<OperationId>([
  "addEntry",
  "addEntries",
  "getCheckpoint",
  "getTile",
  "getEntryTile",
  "getEntryProof",
  "getInclusionProof",
])

const none: Readonly<Record<string, string>> = {}
const ENTRY_PROOF = /^\/v1\/entries\/([^/]*)\/proof$/

function routeWrite(path: string, query: string): Routed | undefined {
  if (path === "/v1/entries") return { id: "addEntry", path: none, query }
  if (path === "/v1/entries/batch") return { id: "addEntries", path: none, query }
  return undefined
}

function routeRead(path: string, query: string): Routed | undefined {
  if (path.startsWith("/tile/")) {
    const isBundle = path.startsWith("/tile/entries/")
    return { id: isBundle ? "getEntryTile" : "getTile", path: none, query }
  }
  if (path === "/checkpoint") return { id: "getCheckpoint", path: none, query }
  if (path === "/v1/proofs/inclusion") return { id: "getInclusionProof", path: none, query }
  const index = ENTRY_PROOF.exec(path)?.[1]
  return index === undefined ? undefined : { id: "getEntryProof", path: { index }, query }
}

/** The operation of a request, if it is one of {@link hotOperations}. */
export function routeHot(request: IncomingMessage): Routed | undefined {
  const url = request.url ?? ""
  const mark = url.indexOf("?")
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? "" : url.slice(mark + 1)
  if (isRead(request)) return routeRead(path, query)
  return request.method === "POST" ? routeWrite(path, query) : undefined
}
