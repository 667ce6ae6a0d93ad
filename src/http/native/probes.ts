// What operators and orchestrators ask: is the process alive, does the log take entries, what is it.
import { refuse } from "../../core/base/errors.ts"
import type { PublishingStatus, WitnessStatus } from "../../log/ports/publishing.ts"
import type { Surroundings } from "../door/handler.ts"
import { isoTime } from "../door/views.ts"
import { type Answer, jsonAnswer, textAnswer } from "../serving/answer.ts"
import { get, isOpen, type Route } from "../serving/route.ts"

function witnessView({ name, size, cosigned, failure }: WitnessStatus): object {
  return { name, size, cosigned: cosigned && isoTime(cosigned), failure }
}

function publishingView({ published, isReached, since, ...status }: PublishingStatus): object {
  return {
    ...{ size: published, newest: status.newest, quorum: isReached, since: isoTime(since) },
    ...{ reason: status.reason, witnesses: status.witnesses.map(witnessView) },
  }
}

export function probeRoutes(surroundings: Surroundings): readonly Route[] {
  const { log, publisher, config, isClosing } = surroundings

  /** Why no entries are taken; undefined if they are. */
  function obstacle(): string | undefined {
    if (isClosing()) return "the server is shutting down"
    const { accepting, reason } = log.status()
    return accepting ? undefined : (reason ?? "the log takes no entries")
  }

  function readiness(): Answer {
    const reason = obstacle()
    if (reason !== undefined) refuse("try-later", reason)
    // Who takes entries is ready, whether or not witnesses cosign: out of rotation it would take none.
    const unpublished = publisher.status()?.reason
    const standing = log.status().clock?.standing
    const remarks = [
      ...(unpublished === undefined ? [] : [`new checkpoints are not published: ${unpublished}`]),
      ...(standing === undefined ? [] : [`new times stand still: ${standing}`]),
    ]
    return textAnswer(200, `${["ok", ...remarks].join(", but ")}\n`)
  }

  function health(): Answer {
    const reason = obstacle()
    const accepting = reason === undefined
    const { queued, clock } = log.status()
    const publishing = publisher.status()
    return jsonAnswer(200, {
      status: accepting ? "SERVING" : "NOT_SERVING",
      accepting,
      reason,
      size: log.head().size,
      pool: queued,
      // The older name.
      queued,
      clock: clock?.doubt ?? clock?.standing,
      guard: config.guardLevel,
      audit: config.auditHead?.(),
      publishing: publishing && publishingView(publishing),
    })
  }

  const alive = (): Answer => textAnswer(200, "ok\n")

  return [
    get("getLiveness", "/livez", alive, isOpen),
    get("getReadiness", "/readyz", readiness, isOpen),
    get("ping", "/ping", alive, isOpen),
    get("getHealth", "/healthz", health, isOpen),
  ]
}
