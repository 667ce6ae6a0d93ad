// What is served, as values: a route says everything about one method of one path, a door is the routes of
// one protocol and the words in which it refuses. http-server.ts serves them.
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Scope } from "../../core/access/scope.ts"
import type { Answer } from "./answer.ts"
import type { Problem } from "./problem.ts"
import type { BodyRule } from "./request-body.ts"

/** What stands in the braces of a route's path, still text. */
export type PathValues = Readonly<Record<string, string>>

export interface Call<Parameters = object> {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What the route's `read` made of path and query; without one, what stands in the path. */
  readonly parameters: Parameters
  /** Without the question mark. */
  readonly query: string
}

export interface WriteCall<Parameters = object> extends Call<Parameters> {
  /**
   * Reads the body within the route's limits and counts it against the server's budget until `use` is
   * done with it; `client` is who has sent it. Refuses as {@link BodyReader} does.
   */
  withBody<T>(use: (bytes: Buffer, client: string) => T | Promise<T>): Promise<T>
  /** Charges points of work beyond the one that the request is; throws `rate-limited` where none are left. */
  charge(points: number): void
  /** Undefined where entries are not limited by key. */
  readonly admitKey: Charging["admitKey"]
}

/** How what a request turns out to cost is charged; a member is undefined where nothing limits that. */
export interface Charging {
  /** Points beyond the one that the request is. Throws `rate-limited`. */
  readonly charge: ((points: number) => void) | undefined
  /** Throws `rate-limited` for a key that has logged too much; what it gives counts an entry that was logged. */
  readonly admitKey: ((key: string) => () => void) | undefined
}

/** Requests that are limited together: what one of them costs is of the same order. */
export type Weight = "submit" | "search" | "proof" | "evidence" | "heads" | "cosign"

interface AnyRoute {
  /** Its name in metrics and in the server's log. */
  readonly operation: string
  /** Parameters stand in braces and are at least one character long: `/v1/entries/{index}`. */
  readonly path: string
  /** Regular expressions of parameters that are not just anything up to the next slash; of hot routes. */
  readonly where?: PathValues
  /** Whether every path that begins as `path` does up to its first brace is this one; of hot routes. */
  readonly isTree?: true
  /**
   * Whether it is found in front of Express, on the path as it came over the wire: for what carries the
   * load, and where percent-encoding must not be undone.
   */
  readonly isHot?: true
  /** Whether any web origin may send it: a write that only reads. What is a read they may send anyway. */
  readonly isShared?: true
  /** Whether its answers may have megabytes: none is begun while there is no room for it. */
  readonly isLarge?: true
  /** What who sends it must be let do, where that is asked; nothing for probes. */
  readonly scope?: Scope | undefined
  /** Under which limit it falls; none for what is cheap. */
  readonly weight?: Weight
  /** Validates; refuses what the route does not take. */
  readonly read?: (path: PathValues, query: string) => object
}

/** GET, and HEAD with it. */
interface ReadRoute extends AnyRoute {
  readonly method: "GET"
  handle(call: Call): Answered
}

interface WriteRoute extends AnyRoute {
  readonly method: "POST"
  readonly body: BodyRule
  handle(call: WriteCall): Answered
}

export type Route = ReadRoute | WriteRoute

type Answered = Answer | Promise<Answer>
type More = Pick<
  AnyRoute,
  "where" | "isTree" | "isHot" | "isShared" | "isLarge" | "scope" | "weight"
>

/** Of routes that answer whoever asks, so that a machine can be watched and its interface be read about. */
export const isOpen: More = { scope: undefined }

/** Needs the scope `read` unless `more` has another. */
export function get<Parameters extends object>(
  operation: string,
  path: string,
  handle: (call: Call<Parameters>) => Answered,
  more?: More,
): Route {
  return { operation, method: "GET", path, handle, scope: "read", ...more }
}

export function post<Parameters extends object>(
  operation: string,
  path: string,
  body: BodyRule,
  handle: (call: WriteCall<Parameters>) => Answered,
  more?: More,
): Route {
  return { operation, method: "POST", path, body, handle, ...more }
}

/** One protocol. */
export interface Door {
  /** Begins and ends with a slash: what is below it and has no route is refused in this door's words. */
  readonly below: string
  readonly routes: readonly Route[]
  /** The answer to what was thrown; `problem` is what may be told of it. */
  readonly words: (problem: Problem, error: unknown) => Answer
  /** Whether all of its routes are hot. */
  readonly isHot?: true
  /** Whether any web origin may see what is answered, also to a write. */
  readonly isShared?: true
  /** Whether web pages of other origins may see nothing of it; else they may see what is read. */
  readonly isPrivate?: true
  /** The answer where no route is, in place of a refusal. */
  readonly nowhere?: Answer
}
