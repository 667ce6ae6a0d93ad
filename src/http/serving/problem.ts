// Errors as answers: RFC 9457 problem documents with a stable code, and the one table from codes to HTTP
// statuses. What is not a refusal is answered with a fixed text; its details belong in the server's log.
import { withoutTokens } from "../../core/access/token.ts"
import { Refusal, type RefusalCode, Trouble } from "../../core/base/errors.ts"
import { type Answer, type Headers, jsonAnswer, textAnswer } from "./answer.ts"

export type ProblemCode = RefusalCode | "trouble" | "bug"

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string
}

const refusals = {
  malformed: [400, "The request is malformed"],
  unsupported: [422, "The log does not support this"],
  "too-large": [413, "The request is too large"],
  "bad-signature": [422, "The signature does not hold"],
  "bad-proof": [422, "The proof does not hold"],
  mismatch: [422, "Parts of the request contradict each other"],
  untrusted: [422, "The request is not trusted"],
  unauthenticated: [401, "The request needs credentials"],
  "not-allowed": [403, "Whoever asks may not do this"],
  "not-found": [404, "There is no such thing"],
  gone: [410, "It was taken away"],
  "beyond-tree": [404, "The tree is not that large"],
  conflict: [409, "The state is another one"],
  "wrong-media-type": [415, "The media type is not accepted"],
  "wrong-method": [405, "The method is not allowed"],
  "too-slow": [408, "The request took too long"],
  "rate-limited": [429, "Too many requests"],
  misdirected: [421, "The request is for another server"],
  "try-later": [503, "The log cannot take this now"],
} satisfies Record<RefusalCode, readonly [status: number, title: string]>

function makeProblem(code: ProblemCode, status: number, title: string, detail: string): Problem {
  return { type: `urn:countersign:problem:${code}`, title, status, code, detail }
}

/** The problem of a refusal; its message is meant for the client. */
export function refusalProblem(code: RefusalCode, detail: string): Problem {
  const [status, title] = refusals[code]
  // Whatever a client has put where: what it is told, and what is logged of that, shows no token.
  return makeProblem(code, status, title, withoutTokens(detail))
}

/** What to tell about anything thrown: nothing internal ever gets into a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return refusalProblem(error.code, error.message)
  if (!(error instanceof Trouble)) {
    return makeProblem("bug", 500, "The server failed", "the request could not be answered")
  }
  if (error.code === "search") {
    const detail = "the search index cannot be read; the operator was told, all else goes on"
    return makeProblem("trouble", 503, "The log is in trouble", detail)
  }
  const passes = error.code === "busy" || error.code === "network"
  const detail = passes
    ? "a part of the log is busy; try again in a second"
    : "the request could not be answered; the operator was told"
  return makeProblem("trouble", passes ? 503 : 500, "The log is in trouble", detail)
}

const none: Headers = {}

/** What every answer of a status says beside its words; a gate may say it more exactly. */
const statusHeaders: ReadonlyMap<number, Headers> = new Map([
  [401, { "www-authenticate": "Bearer" }],
  [429, { "retry-after": "1" }],
  [503, { "retry-after": "1" }],
])

/** When to ask again, or with what, where that may help. */
export function refusalHeaders(status: number): Headers {
  return statusHeaders.get(status) ?? none
}

export function problemAnswer(problem: Problem): Answer {
  return jsonAnswer(problem.status, problem, {
    ...refusalHeaders(problem.status),
    "content-type": "application/problem+json",
  })
}

/** The short text that is answered where no document is expected. */
export function plainProblemAnswer({ status, code, detail }: Problem): Answer {
  return textAnswer(status, `${code}: ${detail}\n`, refusalHeaders(status))
}
