// The life of a process that serves: what it logs, until when it runs, and its end when it must not go on.
import { type Logger, pino } from "pino"
import { EXIT_FAILURE } from "./exit-code.ts"

/** Logs to standard error. */
export function processLogger(level = "info"): Logger {
  return pino({ level }, pino.destination(2))
}

/** The first signal asks for an orderly stop, the second one ends at once. */
export function untilStopped(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = (signal: string): void => {
      if (asked) process.exit(EXIT_FAILURE)
      asked = true
      logger.info({ signal }, "stopping: finishing what was taken")
      resolve()
    }
    process.on("SIGTERM", stop)
    process.on("SIGINT", stop)
  })
}

/** Ends the process at once, and not by an orderly stop: nothing may be answered after this. */
export function endProcess(logger: Logger, why: string): (reason: unknown) => never {
  return (reason) => {
    logger.fatal({ err: reason }, why)
    process.exit(EXIT_FAILURE)
  }
}
