// What every store checks of attached messages.
import { bug } from "../../core/base/errors.ts"

/** The most messages that one read may list. */
const LISTED_AT_ONCE = 1_000

/** Throws a bug unless so many messages may be listed in one call. */
export function assertMessageLimit(limit: number): void {
  if (limit >= 1 && limit <= LISTED_AT_ONCE) return
  bug(`asked for a list of ${limit} messages`)
}
