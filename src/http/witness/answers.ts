// The words of the witness protocol (C2SP tlog-witness): which status each refusal has, and the one answer
// with a media type of its own. What is no refusal is answered with a fixed text.

import { Refusal, type RefusalCode, Trouble } from "../../core/base/errors.ts"
import { formatTlogSize, TLOG_SIZE_TYPE } from "../../core/note/add-checkpoint.ts"
import { OldSizeConflict } from "../../witness/witness.ts"
import { type Answer, textAnswer } from "../serving/answer.ts"
import type { Problem } from "../serving/problem.ts"

const statuses = {
  malformed: 400,
  unsupported: 400,
  "too-large": 413,
  // SPEC: 403 where no key that is trusted for the origin has signed.
  "bad-signature": 403,
  untrusted: 403,
  "not-found": 404,
  conflict: 409,
  "bad-proof": 422,
  mismatch: 422,
  "not-allowed": 422,
  "beyond-tree": 422,
  "wrong-media-type": 415,
  "wrong-method": 405,
  "too-slow": 408,
  "try-later": 503,
} satisfies Record<RefusalCode, number>

const later = { "retry-after": "1" }

function troubleAnswer({ code }: Trouble): Answer {
  const passes = code === "busy" || code === "network" || code === "clock"
  return passes
    ? textAnswer(503, "trouble: the witness cannot do this now; try again in a second\n", later)
    : textAnswer(500, "trouble: the request could not be answered; the operator was told\n")
}

/** The answer to anything that was thrown; nothing internal ever gets into it. */
export function refusalAnswer(_problem: Problem, error: unknown): Answer {
  if (error instanceof OldSizeConflict) {
    // SPEC: the body is the size, of exactly this media type; charset or any parameter is too much.
    return textAnswer(409, formatTlogSize(error.size), { "content-type": TLOG_SIZE_TYPE })
  }
  if (error instanceof Refusal) {
    const { code, message } = error
    const headers = code === "try-later" ? later : {}
    return textAnswer(statuses[code], `${code}: ${message}\n`, headers)
  }
  if (error instanceof Trouble) return troubleAnswer(error)
  return textAnswer(500, "bug: the request could not be answered\n")
}
