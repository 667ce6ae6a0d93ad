// The router in front of Express for the routes that carry the load, and for tile paths, which must be
// read as they came over the wire: Express would decode them first. Also finds the doors of protocols
// that are not in the contract.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { OperationId } from "../door/contract.ts"
import type { Door, DoorCall } from "../door/handler.ts"
import { isRead } from "../serving/answer.ts"
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

interface Url {
  readonly path: string
  /** Without the question mark. */
  readonly query: string
}

function splitUrl({ url = "" }: IncomingMessage): Url {
  const mark = url.indexOf("?")
  if (mark < 0) return { path: url, query: "" }
  return { path: url.slice(0, mark), query: url.slice(mark + 1) }
}

const JOINED_TWICE = /^\/(?=\/api\/)/
const TILES_OF_V2 = /^\/api\/v2(?=\/tile\/|\/checkpoint(?:\?|$))/

/**
 * Leads what Rekor clients ask for to where it is answered: a base URL that ends in a slash makes the
 * path begin with two, and the read side of Rekor v2 is the tile interface at the root.
 */
export function takeRekorPath(request: IncomingMessage): void {
  const url = request.url ?? ""
  request.url = url.replace(JOINED_TWICE, "").replace(TILES_OF_V2, "")
}

/** The operation of a request, if it is one of {@link hotOperations}. */
export function routeHot(request: IncomingMessage): Routed | undefined {
  const { path, query } = splitUrl(request)
  if (isRead(request)) return routeRead(path, query)
  return request.method === "POST" ? routeWrite(path, query) : undefined
}

/** The call of a request to one of the doors. */
export function callAtDoor(
  doors: readonly Door[],
  request: IncomingMessage,
  response: ServerResponse,
): DoorCall | undefined {
  const { path, query } = splitUrl(request)
  const door = doors.find(({ prefix }) => path.startsWith(prefix))
  return door?.call(request, response, path.slice(door.prefix.length), query)
}
