// The life of a process that serves: what it logs, until when it runs, and its end when it must not go on.
import { type Logger, pino } from "pino"
import { Refusal } from "../../core/base/errors.ts"
import { leaveKoffi } from "../../storage/disk/c-library.ts"
import { EXIT_FAILURE } from "../command/exit-code.ts"
import { endAfterLine, endNow } from "./ending.ts"
import { openLogLines } from "./log-lines.ts"

const standardError = openLogLines(2)

/** Logs to standard error, whoever reads it or not. */
export function processLogger(level = "info"): Logger {
  return pino({ level }, standardError)
}

/** Milliseconds from the signal to the end: finishing what was taken has limits of its own, and they are shorter. */
const STOPPING_MS = 45_000
/** Milliseconds for what is left when everything is closed: lines that nobody reads, a thread that hangs. */
const LEAVING_MS = 1_000

/**
 * The first signal asks for an orderly stop, the second one ends at once; so does the time that a stop may take. From
 * now on a bug that nobody catches ends the process as {@link endProcess} does.
 */
export function untilStopped(logger: Logger, limit: number = STOPPING_MS): Promise<void> {
  process.on("uncaughtException", endProcess(logger, "a bug: nobody expected this error"))
  return new Promise((resolve) => {
    let asked = false
    const stop = (signal: string): void => {
      if (asked) endNow()
      asked = true
      logger.info({ signal }, "stopping: finishing what was taken")
      const tooLate = endProcess(logger, "stopping has not come to its end")
      setTimeout(() => tooLate(new Error(`expected an end within ${limit} ms`)), limit).unref()
      resolve()
    }
    process.on("SIGTERM", stop)
    process.on("SIGINT", stop)
  })
}

/** Says that everything is closed; what keeps the process all the same does not keep it for long. */
export function sayStopped(logger: Logger, about: object = {}): void {
  logger.info(about, "stopped")
  const leave = (): void => {
    leaveKoffi(Number(process.exitCode ?? 0))
    endNow()
  }
  setTimeout(leave, LEAVING_MS).unref()
}

/**
 * Ends the process at once, and not by an orderly stop: nothing is answered after this, and nothing but this reason is
 * said, if it can be.
 */
export function endProcess(logger: Logger, why: string): (reason: unknown) => never {
  return (reason) => {
    logger.fatal({ err: reason }, why)
    standardError.hurry()
    // What is refused by name is known, and starting again does not mend it.
    return endAfterLine(reason instanceof Refusal ? EXIT_FAILURE : undefined)
  }
}
