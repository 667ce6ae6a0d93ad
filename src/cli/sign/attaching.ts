// Gives a log the statements of its own entries, where it keeps messages: an entry has only a digest of what was signed,
// and counts as opaque for all who search unless the log has that, too.
import type { LogClient } from "../../client/log-client.ts"
import { Refusal, Trouble } from "../../core/base/errors.ts"
import { LONGEST_BUNDLE } from "../../core/base/limits.ts"
import { dssePae } from "../../entry/dsse.ts"
import { parseSigstoreBundle } from "../../sigstore/bundle.ts"
import { EXIT_FAILURE } from "../command/exit-code.ts"
import { readText } from "../command/file.ts"
import { openLog } from "../command/log-options.ts"
import type { Called } from "../command/options.ts"
import type { Job } from "./places.ts"

/** Whether the log has the statement now, or would keep none of anybody. */
type Given = "given" | "keeps none"

async function hasEnvelope(log: LogClient, index: number): Promise<boolean> {
  try {
    return parseSigstoreBundle(await log.bundle(index)).content.form === "dsse"
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

async function give(log: LogClient, { bundlePath }: Job): Promise<Given> {
  const text = await readText(bundlePath, "bundle", LONGEST_BUNDLE)
  const { content, entries } = parseSigstoreBundle(text)
  const index = entries[0]?.index
  if (content.form !== "dsse" || index === undefined) return "given"
  try {
    await log.attach(index, dssePae(content.payloadType, content.payload))
    return "given"
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "not-allowed") throw error
    return (await hasEnvelope(log, index)) ? "given" : "keeps none"
  }
}

/** Gives the log the statement of each bundle. The bundles hold without that, so what goes wrong is only said. */
export async function attachStatements(jobs: readonly Job[], called: Called): Promise<void> {
  const { log, output, terminal } = await openLog(called)
  for (const [i, job] of jobs.entries()) {
    try {
      if ((await give(log, job)) === "given") continue
      output.remark(
        "the log keeps neither envelopes nor messages: it cannot show anybody what these statements say",
      )
      return
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Trouble)) throw error
      output.remark(`${job.artifact}: the log was not given its statement: ${error.message}`)
      terminal.fail(EXIT_FAILURE)
      const left = jobs.length - i - 1
      if (!(error instanceof Trouble) || error.code !== "network" || left === 0) continue
      output.remark(`the log does not answer: ${left} more statements were not given to it`)
      return
    }
  }
}
