// What operators and orchestrators ask: is the process alive, does the log take entries, what is it.
import { refuse } from "../../core/base/errors.ts"
import type { PublishingStatus, WitnessStatus } from "../../log/ports/publishing.ts"
import type { Handlers, Surroundings } from "../door/handler.ts"
import { isoTime } from "../door/views.ts"
import { jsonAnswer, textAnswer } from "../serving/answer.ts"

type Probe = "getLiveness" | "getReadiness" | "ping" | "getHealth" | "getContract"

function witnessView({ name, size, cosigned, failure }: WitnessStatus): object {
  return {
    name,
    ...(size !== undefined && { size }),
    ...(cosigned !== undefined && { cosigned: isoTime(cosigned) }),
    ...(failure !== undefined && { failure }),
  }
}

function publishingView(status: PublishingStatus | undefined): object | undefined {
  if (status === undefined) return undefined
  const { published, newest, isReached, since, reason, witnesses } = status
  return {
    publishing: {
      ...(published !== undefined && { size: published }),
      newest,
      quorum: isReached,
      since: isoTime(since),
      ...(reason !== undefined && { reason }),
      witnesses: witnesses.map(witnessView),
    },
  }
}

export function probeHandlers(surroundings: Surroundings): Pick<Handlers, Probe> {
  const { log, publisher, config, contract, isClosing } = surroundings

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
      if (reason !== undefined) refuse("try-later", reason)
      // Who takes entries is ready, whether or not witnesses cosign: out of rotation it would take none.
      const unpublished = publisher.status()?.reason
      return unpublished === undefined
        ? alive()
        : textAnswer(200, `ok, but new checkpoints are not published: ${unpublished}\n`)
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
        ...publishingView(publisher.status()),
      })
    },
    getContract: () => textAnswer(200, contract.text, { "content-type": "application/yaml" }),
  }
}
