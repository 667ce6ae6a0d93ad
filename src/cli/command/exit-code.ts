// What the exit code of a command says. A statement that was checked and does not hold is neither a success nor a
// failure of the program, so it has a code of its own; and so has one that this program cannot judge, which nobody
// has shown to be false. docs/exit-codes.md has the table.
import { CommanderError } from "commander"
import { Refusal, type RefusalCode, Trouble } from "../../core/base/errors.ts"

export const EXIT_FINE = 0
/** Something is missing, unreadable, out of reach or refused by the log. */
export const EXIT_FAILURE = 1
export const EXIT_USAGE = 2
/** What was to be verified is false. */
export const EXIT_FALSE = 3
/** What was to be verified cannot be judged by this program: it is not supported, not readable or too large. */
export const EXIT_UNJUDGED = 5

/** `countersign monitor`: an entry that its owner did not expect, or what else evidence presents. */
export const EXIT_MISISSUANCE = 2
/** `countersign monitor`: a log or a witness is convicted by what it signed. */
export const EXIT_PROVEN = 3
/** `countersign monitor`: its state is not what it signed, or is newer than the log. */
export const EXIT_STATE_REFUSED = 4
/** `countersign monitor`: a wrong command line, since 2 has another meaning there. */
export const EXIT_MONITOR_USAGE = 64

abstract class Unproven extends Error {
  override readonly cause: Refusal
  constructor(cause: Refusal) {
    super(`${cause.code}: ${cause.message}`)
    this.cause = cause
  }
}

/** Thrown when what was to be verified is false; `cause` is the verifier's refusal. */
export class Falsehood extends Unproven {
  override readonly name = "Falsehood"
}

/** Thrown when this program cannot judge what was to be verified; `cause` is the verifier's refusal. */
export class Unjudged extends Unproven {
  override readonly name = "Unjudged"
}

/** Thrown when a monitor must not go on from its state; nothing was changed then. */
export class StateRefused extends Error {
  override readonly name = "StateRefused"
}

/** What a verifier's refusal says of the statement; every other code is about what the caller has given beside it. */
const verdicts: Readonly<Partial<Record<RefusalCode, typeof Falsehood | typeof Unjudged>>> = {
  mismatch: Falsehood,
  "bad-signature": Falsehood,
  "bad-proof": Falsehood,
  untrusted: Falsehood,
  unsupported: Unjudged,
  malformed: Unjudged,
  "too-large": Unjudged,
}

/** That the statement is false, or that it was not judged; any other refusal is a failure and stays what it is. */
export function verdictOf(refusal: Refusal): Falsehood | Unjudged | Refusal {
  const { [refusal.code]: verdict } = verdicts
  return verdict === undefined ? refusal : new verdict(refusal)
}

/** Runs a verification of what was handed to the command. Its refusal is thrown as {@link verdictOf} sorts it. */
export function proven<T>(verification: () => T): T {
  try {
    return verification()
  } catch (error) {
    throw error instanceof Refusal ? verdictOf(error) : error
  }
}

/**
 * Runs a verification of what a server has answered. An answer that does not hold is false; one that cannot be read
 * is none, a wrong address or a broken transfer, so its refusal stays a failure of the command.
 */
export function provenAnswer<T>(verification: () => T): T {
  try {
    return proven(verification)
  } catch (error) {
    throw error instanceof Unjudged ? error.cause : error
  }
}

/**
 * The exit code for anything that a command throws, `usage` that of a wrong command line; undefined for a
 * bug, which nobody catches.
 */
export function exitCodeOf(error: unknown, usage: number = EXIT_USAGE): number | undefined {
  if (error instanceof Falsehood) return EXIT_FALSE
  if (error instanceof Unjudged) return EXIT_UNJUDGED
  if (error instanceof StateRefused) return EXIT_STATE_REFUSED
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_FINE : usage
  return error instanceof Refusal || error instanceof Trouble ? EXIT_FAILURE : undefined
}
