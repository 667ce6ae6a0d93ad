// What the exit code of a command says. A statement that was checked and does not hold is neither a
// success nor a failure of the program, so it has a code of its own.
import { CommanderError } from "commander"
import { Refusal, Trouble } from "../core/errors.ts"

export const EXIT_FINE = 0
/** Something is missing, unreadable, out of reach or refused by the log. */
export const EXIT_FAILURE = 1
export const EXIT_USAGE = 2
/** What was to be verified is false. */
export const EXIT_FALSE = 3

/** Thrown when what was to be verified is false; `cause` is the verifier's refusal. */
export class Falsehood extends Error {
  override readonly name = "Falsehood"
  override readonly cause: Refusal
  constructor(cause: Refusal) {
    super(`${cause.code}: ${cause.message}`)
    this.cause = cause
  }
}

/** Runs a verification, whose refusal means that the statement is false. */
export function proven<T>(verification: () => T): T {
  try {
    return verification()
  } catch (error) {
    throw error instanceof Refusal ? new Falsehood(error) : error
  }
}

/** The exit code for anything that a command throws; undefined for a bug, which nobody catches. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof Falsehood) return EXIT_FALSE
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_FINE : EXIT_USAGE
  return error instanceof Refusal || error instanceof Trouble ? EXIT_FAILURE : undefined
}
