// What is found out of one bundle and one artifact, and which exit code many of them make.
import { Refusal, Trouble } from "../../core/base/errors.ts"
import {
  EXIT_FAILURE,
  EXIT_FALSE,
  EXIT_FINE,
  EXIT_UNJUDGED,
  Falsehood,
  Unjudged,
  verdictOf,
} from "../command/exit-code.ts"
import type { Verified } from "./judge.ts"

export type Verdict =
  | { readonly outcome: "verified"; readonly verified: Verified }
  | { readonly outcome: "false" | "unjudged"; readonly refusal: Refusal }
  /** A file of the caller's own, or a server, is at fault. */
  | { readonly outcome: "failed"; readonly cause: Refusal | Trouble }
  /** A bundle without an artifact, or an artifact without a bundle. */
  | { readonly outcome: "alone"; readonly reason: string }

export type Outcome = Verdict["outcome"]

/** From what a verification has thrown; a bug is thrown on. */
export function verdictFrom(error: unknown): Verdict {
  if (error instanceof Falsehood) return { outcome: "false", refusal: error.cause }
  if (error instanceof Unjudged) return { outcome: "unjudged", refusal: error.cause }
  const sorted = error instanceof Refusal ? verdictOf(error) : error
  if (sorted !== error) return verdictFrom(sorted)
  if (error instanceof Refusal || error instanceof Trouble) {
    return { outcome: "failed", cause: error }
  }
  throw error
}

/** The error that ends a command which verifies one thing. */
export function verdictError(verdict: Exclude<Verdict, { outcome: "verified" }>): Error {
  switch (verdict.outcome) {
    case "false":
      return new Falsehood(verdict.refusal)
    case "unjudged":
      return new Unjudged(verdict.refusal)
    case "failed":
      return verdict.cause
    case "alone":
      return new Refusal("not-found", verdict.reason)
  }
}

/** The graver outcome comes first. */
const codes: Readonly<Record<Outcome, number>> = {
  false: EXIT_FALSE,
  unjudged: EXIT_UNJUDGED,
  failed: EXIT_FAILURE,
  alone: EXIT_FAILURE,
  verified: EXIT_FINE,
}

export type Counts = Readonly<Record<Outcome, number>>

/** Of many the gravest decides; of none at all nothing is fine. */
export function exitCodeOfMany(counts: Counts): number {
  const worst = (Object.keys(codes) as readonly Outcome[]).find((outcome) => counts[outcome] > 0)
  return worst === undefined ? EXIT_FAILURE : codes[worst]
}
