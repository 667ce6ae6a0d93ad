// What operators and orchestrators ask: is the process alive, does the log take entries, what is it.
import { refuse } from "../core/errors.ts"
import { jsonAnswer, textAnswer } from "./answer.ts"
import type { Handlers, Surroundings } from "./handler.ts"

type Probe = "getLiveness" | "getReadiness" | "ping" | "getHealth" | "getContract"

export function probeHandlers(surroundings: Surroundings): Pick<Handlers, Probe> {
  const { log, config, contract, isClosing } = surroundings

  /** Why no entries are taken; undefined if they are. */
  function obstacle(): string | undefined {
    if (isClosing()) return "the server is shutting down"
    const { accepting, reason } = log.status()
    return accepting ? undefined : (reason ?? "the log takes no entries")
  }

  const alive = (): ReturnType<typeof textAnswer> => textAnswer(200, "ok\n")

  return {
    getLiveness: alive,
    ping: alive,
    getReadiness() {
      const reason = obstacle()
      return reason === undefined ? alive() : refuse("try-later", reason)
    },
    getHealth() {
      const reason = obstacle()
      return jsonAnswer(200, {
        status: reason === undefined ? "SERVING" : "NOT_SERVING",
        accepting: reason === undefined,
        ...(reason !== undefined && { reason }),
        size: log.head().size,
        queued: log.status().queued,
        guard: config.guardLevel,
      })
    },
    getContract: () => textAnswer(200, contract.text, { "content-type": "application/yaml" }),
  }
}
