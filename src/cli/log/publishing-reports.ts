// What publishing with witnesses tells the operator: in the log, and in files when the log's own key signed two trees.
import { createHash } from "node:crypto"
import { join } from "node:path"
import type { Logger } from "pino"
import { parseVkey } from "../../core/note/note.ts"
import type { Contradiction } from "../../log/held-head.ts"
import type { PublishingEvent } from "../../log/publishing/publisher.ts"
import { makeFolder, syncNameOf } from "../../storage/disk/durable-file.ts"
import { writeWhole } from "../command/file.ts"
import { forkUnder } from "../command/fork-evidence.ts"
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

/**
 * Keeps the evidence where two trees are proven, else both notes as they are: writes to `folder` and gives the
 * paths. Throws trouble ("disk").
 */
export async function keepContradiction(
  folder: string,
  contradiction: Contradiction,
  vkeys: readonly string[],
): Promise<readonly string[]> {
  const { held, own } = contradiction
  const evidence = forkUnder(vkeys.map(parseVkey), held, own, contradiction.proof)
  const id = createHash("sha256").update(held).digest("hex").slice(0, 16)
  const files: readonly (readonly [name: string, text: string])[] =
    evidence === undefined
      ? [
          [`${id}.held.note`, held],
          [`${id}.own.note`, own],
        ]
      : [[`${evidence.kind}-${evidence.id}.txt`, evidence.text]]
  makeFolder(folder)
  const paths: string[] = []
  for (const [name, text] of files) {
    const path = join(folder, name)
    await writeWhole(path, text, "evidence")
    syncNameOf(path)
    paths.push(path)
  }
  return paths
}
