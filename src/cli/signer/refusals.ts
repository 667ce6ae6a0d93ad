// Who is told of what a signer has refused: the operator's log and the audit log, loudly, and not without end if
// somebody refuses to stop.
import type { Logger } from "pino"
import type { Refused } from "../../signer/answering.ts"
import { recordAct } from "../../storage/files/audit-file.ts"

/** So many at once, and one a second after that. */
const BURST = 32
const EVERY_MS = 1_000

interface RefusalReport {
  readonly logger: Logger
  readonly auditFile: string
  /** Unix milliseconds. */
  readonly now: () => number
}

/** What is left out is counted in the next one that is told. */
export function createRefusalReport({ logger, auditFile, now }: RefusalReport) {
  let credit = BURST
  let last = now()
  let leftOut = 0

  return ({ ask, code, reason }: Refused): void => {
    const time = now()
    credit = Math.min(BURST, credit + Math.max(0, time - last) / EVERY_MS)
    last = time
    if (credit < 1) {
      leftOut += 1
      return
    }
    credit -= 1
    const about = { ask: ask ?? "none", code, reason: reason.slice(0, 500), leftOut }
    leftOut = 0
    logger.error(about, "refused to sign: whoever holds the log asks for what must not be signed")
    recordAct(auditFile, { event: "signer-refused", actor: "countersign", about })
  }
}
