// Which entries of a log are meant by an index, a leaf hash or a digest. What the log answers is only a hint: each entry
// is then held against what was asked.
import type { FoundEntries } from "../../../client/log-answer.ts"
import type { LogClient } from "../../../client/log-client.ts"
import { assertAtMost, refuse } from "../../../core/base/errors.ts"
import type { Output } from "../../command/output.ts"
import type { Wanted } from "./fetched-bundle.ts"

const MOST_FOUND = 1_000
const PAGE = 100
/** A log may look through entries for a while and find none. */
const MOST_PAGES = 1_000

/** Nobody should take what was found for all there is. */
function remarkCompleteness({ completeUpTo, size, opaque }: FoundEntries, output: Output): void {
  if (completeUpTo < size) {
    output.remark(`the log has searched ${completeUpTo} of its ${size} entries: ask again for more`)
  }
  if (opaque !== undefined && opaque.count > 0) {
    output.remark(
      `of ${opaque.count} entries the log does not know what was signed: they may be about this, too`,
    )
  }
}

async function search(
  log: LogClient,
  criteria: { readonly digest: string } | { readonly subjectDigest: string },
  output: Output | undefined,
): Promise<readonly number[]> {
  const indexes: number[] = []
  let after: number | undefined
  let pages = 0
  do {
    assertAtMost(MOST_PAGES, ++pages, "the log's answer to a search", "pages")
    const found = await log.search(criteria, { after, limit: PAGE })
    indexes.push(...found.entries.map(({ index }) => index))
    if (indexes.length > MOST_FOUND) {
      refuse("too-large", `expected up to ${MOST_FOUND} entries of this digest, found more`)
    }
    after = found.next
    if (output !== undefined && after === undefined && "subjectDigest" in criteria) {
      remarkCompleteness(found, output)
    }
  } while (after !== undefined)
  return indexes
}

/**
 * In the order of the log. `output` is told how far the answer goes, for those who want all there are. Rejects as the
 * log does, and with `not-found` for a digest without entries.
 */
export async function findEntries(
  log: LogClient,
  wanted: Wanted,
  output: Output | undefined,
): Promise<readonly number[]> {
  if ("index" in wanted) return [wanted.index]
  if ("leafHash" in wanted) return [(await log.inclusionOf(wanted.leafHash)).proof.index]
  const { digest } = wanted
  const own = await search(log, { digest }, output)
  const about = await search(log, { subjectDigest: digest }, output)
  const indexes = [...new Set([...own, ...about])].toSorted((a, b) => a - b)
  if (indexes.length > 0) return indexes
  return refuse("not-found", `expected entries about ${digest}, found none`)
}
