// Lines of ledgers that could not be read: what they say is missing, so that an own entry may look like a thief's, and
// nobody may take the monitor's silence for an answer. To be judged whenever the watch file was read.
import { utf8 } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { formatHex } from "../../core/base/text.ts"
import type { Case } from "../findings/case.ts"
import { attested, type Finding } from "../findings/finding.ts"
import type { Watch } from "../watch/watch.ts"

/** Where findings are that are of no log. */
const ORIGIN = "monitor"
const MOST_SHOWN = 3
const MARK_LENGTH = 16

/** Other bad lines make another case, so that an acknowledgement is for these. */
function found({ badLines, badLineCount }: Watch): Finding {
  const messages = badLines.map(({ message }) => message)
  const first = messages.slice(0, MOST_SHOWN).join("; ")
  const more = badLineCount > MOST_SHOWN ? `; and ${badLineCount - MOST_SHOWN} more` : ""
  const summary = `${badLineCount} ${badLineCount === 1 ? "line" : "lines"} of ledgers could not be read and count for nothing: ${first}${more}`
  const mark = formatHex(digestOf("sha256", utf8([badLineCount, ...messages].join("\n"))))
  return attested("bad-ledger", ORIGIN, summary, mark.slice(0, MARK_LENGTH))
}

/** `bad-ledger` for lines that could not be read, and for nothing else. */
export function judgeLedgers(watch: Watch): readonly Case[] {
  const cases = watch.badLineCount === 0 ? [] : [found(watch)]
  const but = new Set(cases.map(({ key }) => key))
  return [...cases, { kinds: ["bad-ledger"], origin: ORIGIN, but }]
}
