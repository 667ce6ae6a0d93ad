// Holds the time that the log has signed for an entry against the clocks of witnesses: it took the entry after
// the last head without it was cosigned, and before the first head with it was.
import { parseBase64 } from "../../core/base/text.ts"
import { type EntryTimeCase, makeEntryTime } from "../../evidence/entry-evidence.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import type { SignedPromise } from "../../evidence/promise.ts"
import { ALLOWED_SKEW } from "../../evidence/promise-verdicts.ts"
import type { Finding } from "../findings/finding.ts"
import { cosignedHeads } from "../heads/cosigned-heads.ts"
import { anchorFor } from "../heads/fork.ts"
import { convicted, type JudgeScope } from "../heads/scope.ts"
import { type Signer, type Statement, secondsText } from "../heads/statement.ts"
import { promiserOf } from "./promise-record.ts"

interface Contradiction {
  readonly statement: Statement
  /** Those of its witnesses whose times contradict the log. */
  readonly witnesses: readonly Signer[]
  /** Whether the entry is in the head; else it was not there yet. */
  readonly isWithin: boolean
}

function contradictionOf(
  scope: JudgeScope,
  { logIndex: index, integratedTime: time }: SignedPromise,
): Contradiction | undefined {
  const cases = cosignedHeads(scope.documents, scope).map(({ size, first, last }) => {
    const isWithin = size > index
    const statement = isWithin ? first : last
    const isWrong = (signer: Signer): boolean =>
      isWithin ? signer.time < time - ALLOWED_SKEW : signer.time > time + ALLOWED_SKEW
    return { statement, isWithin, witnesses: statement.witnesses.filter(isWrong) }
  })
  return cases.findLast(({ witnesses }) => witnesses.length > 0)
}

async function caseOf(
  { tree }: JudgeScope,
  promise: SignedPromise,
  { statement, isWithin, witnesses }: Contradiction,
  anchor: Statement,
): Promise<EntryTimeCase> {
  const { logIndex: index } = promise
  const { note, head } = isWithin ? statement : anchor
  const body = parseBase64(promise.body, "promise body")
  const path = await tree.inclusion(index, head.size)
  return {
    witnesses: witnesses.map(({ vkey }) => vkey),
    ...(!isWithin && { older: statement.note }),
    note,
    entry: { index, body, path },
    promise,
  }
}

async function proofOf(
  scope: JudgeScope,
  promise: SignedPromise,
  contradiction: Contradiction,
): Promise<Evidence | undefined> {
  const vkey = promiserOf(scope, promise)
  const anchor = vkey && (await anchorFor(scope, vkey, promise.logIndex + 1))
  if (vkey === undefined || anchor === undefined) return undefined
  return makeEntryTime(vkey, await caseOf(scope, promise, contradiction, anchor), scope.holds)
}

/**
 * The finding that a promise makes whose entry is in its place, if witnesses contradict its time; the times
 * of heads that the monitor has not seen, or has forgotten, contradict nothing.
 */
export async function judgeEntryTime(
  scope: JudgeScope,
  promise: SignedPromise,
): Promise<readonly Finding[]> {
  const contradiction = contradictionOf(scope, promise)
  if (contradiction === undefined) return []
  const { logIndex: index, integratedTime } = promise
  const { statement, isWithin, witnesses } = contradiction
  const { origin } = scope
  const times = witnesses.map(({ time }) => secondsText(time)).join(", ")
  const summary = `The log says that it took entry ${index} at ${secondsText(integratedTime)}; witnesses knew the head of size ${statement.head.size}, ${isWithin ? "with" : "without"} it, at ${times}.`
  const kind = "entry-time"
  const finding = { key: `${kind} ${origin} ${index}`, kind, origin, index, summary } as const
  return [await convicted(finding, () => proofOf(scope, promise, contradiction))]
}
