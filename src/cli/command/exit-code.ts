// What the exit code of a command says. A statement that was checked and does not hold is neither a
// success nor a failure of the program, so it has a code of its own.
import { CommanderError } from "commander"
import { Refusal, Trouble } from "../../core/base/errors.ts"

export const EXIT_FINE = 0
/** Something is missing, unreadable, out of reach or refused by the log. */
export const EXIT_FAILURE = 1
export const EXIT_USAGE = 2
/** What was to be verified is false. */
const EXIT_FALSE = 3

/** `countersign monitor`: an entry that its owner did not expect, or what else evidence presents. */
export const EXIT_MISISSUANCE = 2
/** `countersign monitor`: a log or a witness is convicted by what it signed. */
export const EXIT_PROVEN = 3
/** `countersign monitor`: its state is not what it signed, or is newer than the log. */
export const EXIT_STATE_REFUSED = 4
/** `countersign monitor`: a wrong command line, since 2 has another meaning there. */
export const EXIT_MONITOR_USAGE = 64

/** Thrown when what was to be verified is false; `cause` is the verifier's refusal. */
export class Falsehood extends Error {
  override readonly name = "Falsehood"
  override readonly cause: Refusal
  constructor(cause: Refusal) {
    super(`${cause.code}: ${cause.message}`)
    this.cause = cause
  }
}

/** Thrown when a monitor must not go on from its state; nothing was changed then. */
export class StateRefused extends Error {
  override readonly name = "StateRefused"
}

/** Runs a verification, whose refusal means that the statement is false. */
export function proven<T>(verification: () => T): T {
  try {
    return verification()
  } catch (error) {
    throw error instanceof Refusal ? new Falsehood(error) : error
  }
}

/**
 * The exit code for anything that a command throws, `usage` that of a wrong command line; undefined for a
 * bug, which nobody catches.
 */
export function exitCodeOf(error: unknown, usage: number = EXIT_USAGE): number | undefined {
  if (error instanceof Falsehood) return EXIT_FALSE
  if (error instanceof StateRefused) return EXIT_STATE_REFUSED
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_FINE : usage
  return error instanceof Refusal || error instanceof Trouble ? EXIT_FAILURE : undefined
}
