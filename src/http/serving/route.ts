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
   * done with it. Refuses as {@link BodyReader} does.
   */
  withBody<T>(use: (bytes: Buffer) => T | Promise<T>): Promise<T>
  /** Charges points of work beyond the one that the request is; throws `rate-limited` where none are left. */
  readonly charge: Charge
}

/**
 * Charges points of work beyond the one that a request is; `key` names whom else, such as the key of an entry. Throws
 * `rate-limited`.
 */
export type Charge = (points: number, key?: string) => void

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
  /** Whether any web origin may send it; reading they may anyway. */
  readonly isShared?: true
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
type More = Pick<AnyRoute, "where" | "isTree" | "isHot" | "isShared" | "scope" | "weight">

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
  /** Whether any web origin may send anything. */
  readonly isShared?: true
  /** The answer where no route is, in place of a refusal. */
  readonly nowhere?: Answer
}
