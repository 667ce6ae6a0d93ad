// Errors as answers: RFC 9457 problem documents with a stable code, and the one table from codes to HTTP
// statuses. What is not a refusal is answered with a fixed text; its details belong in the server's log.
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

const statuses = {
  malformed: 400,
  unsupported: 422,
  "too-large": 413,
  "bad-signature": 422,
  "bad-proof": 422,
  mismatch: 422,
  untrusted: 422,
  "not-allowed": 403,
  "not-found": 404,
  "beyond-tree": 404,
  conflict: 409,
  "wrong-media-type": 415,
  "wrong-method": 405,
  "too-slow": 408,
  "try-later": 503,
} satisfies Record<RefusalCode, number>

const titles = {
  malformed: "The request is malformed",
  unsupported: "The log does not support this",
  "too-large": "The request is too large",
  "bad-signature": "The signature does not hold",
  "bad-proof": "The proof does not hold",
  mismatch: "Parts of the request contradict each other",
  untrusted: "The request is not trusted",
  "not-allowed": "This log does not take such entries",
  "not-found": "There is no such thing",
  "beyond-tree": "The tree is not that large",
  conflict: "The state is another one",
  "wrong-media-type": "The media type is not accepted",
  "wrong-method": "The method is not allowed",
  "too-slow": "The request took too long",
  "try-later": "The log cannot take this now",
  trouble: "The log is in trouble",
  bug: "The server failed",
} satisfies Record<ProblemCode, string>

function makeProblem(code: ProblemCode, status: number, detail: string): Problem {
  return { type: `urn:countersign:problem:${code}`, title: titles[code], status, code, detail }
}

/** The problem of a refusal; its message is meant for the client. */
export function refusalProblem(code: RefusalCode, detail: string): Problem {
  return makeProblem(code, statuses[code], detail)
}

/** What to tell about anything thrown: nothing internal ever gets into a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return refusalProblem(error.code, error.message)
  if (!(error instanceof Trouble)) {
    return makeProblem("bug", 500, "the request could not be answered")
  }
  if (error.code === "search") {
    const detail = "the search index cannot be read; the operator was told, all else goes on"
    return makeProblem("trouble", 503, detail)
  }
  const passes = error.code === "busy" || error.code === "network"
  return passes
    ? makeProblem("trouble", 503, "a part of the log is busy; try again in a second")
    : makeProblem("trouble", 500, "the request could not be answered; the operator was told")
}

/** When to ask again, where that may help. */
export function retryHeaders(status: number): Headers {
  return status === 503 ? { "retry-after": "1" } : {}
}

export function problemAnswer(problem: Problem): Answer {
  return jsonAnswer(problem.status, problem, {
    ...retryHeaders(problem.status),
    "content-type": "application/problem+json",
  })
}

/** The short text that is answered where no document is expected. */
export function plainProblemAnswer({ status, code, detail }: Problem): Answer {
  return textAnswer(status, `${code}: ${detail}\n`, retryHeaders(status))
}
