// What publishing with witnesses says in the operator's log.
import type { Logger } from "pino"
import type { PublishingEvent } from "../../log/publishing/publisher.ts"
import { keepContradiction } from "./contradiction-evidence.ts"
import type { PublishingPlan } from "./publishing.ts"

type Reports = Pick<PublishingPlan, "onEvent" | "onUnchecked" | "onContradiction">

function reportEvent(logger: Logger, event: PublishingEvent): void {
  const { reason } = event
  if (event.type === "forgotten") logger.warn({ reason }, "the published checkpoint is forgotten")
  else if (event.type === "quorum") {
    if (event.isReached) logger.info("publishing: the quorum of witnesses is reached")
    else logger.error({ reason }, "new checkpoints are not published")
  } else {
    const { name: witness, failure } = event
    if (failure === undefined) logger.info({ witness }, "the witness cosigns again")
    else logger.warn({ witness, failure, reason }, "the witness does not cosign")
  }
}

/** `evidence` is the folder for what shows that the log was forked. */
export function publishingReports(logger: Logger, evidence: string): Reports {
  return {
    onEvent: (event) => reportEvent(logger, event),
    onUnchecked(witness, reason) {
      const message = "the witness was not asked what it holds of this log; the head guard was"
      logger.warn({ witness, reason }, message)
    },
    onContradiction(contradiction, vkeys) {
      const { reason } = contradiction
      logger.fatal({ reason }, "this log was forked; it takes no more entries")
      keepContradiction(evidence, contradiction, vkeys).then(
        (files) => logger.fatal({ files }, "the evidence was kept"),
        (err: unknown) => logger.fatal({ err, contradiction }, "the evidence cannot be kept"),
      )
    },
  }
}
