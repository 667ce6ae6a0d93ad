// Whose clock is ahead. A time in the future is the signer's fault only if the monitor's own clock is right, so that is
// compared with the clocks of most witnesses first: where they agree on another time, the monitor says so of itself and
// accuses nobody. A cosigned time was the present when it was signed, so it is the least that its witness's clock shows.
import { absent, type Case } from "../findings/case.ts"
import { attested, keyOf, ungraded } from "../findings/finding.ts"
import { signerRecord } from "./record.ts"
import { type JudgeScope, limitsOf } from "./scope.ts"
import { keyLabel, type Signer, type Statement } from "./statement.ts"

const MINUTE = 60_000
/** An older time says nothing of the present one. */
const FRESH = 15 * MINUTE
/** How long it is waited for the times of other witnesses. */
const PATIENCE = 30 * MINUTE

/**
 * By how many milliseconds the clocks of most witnesses are ahead of the monitor's, at least; undefined while too few
 * of them have signed lately.
 */
function leadOfMost({ documents, origin, witnesses }: JudgeScope): number | undefined {
  const leads = witnesses.flatMap(({ vkey }) => {
    const newest = signerRecord(documents, origin, vkey)?.newest
    return newest === undefined ? [] : newest.time * 1000 - newest.at
  })
  const most = Math.floor(witnesses.length / 2) + 1
  return leads.filter((lead) => lead >= -FRESH).toSorted((a, b) => b - a)[most - 1]
}

function ownClock(scope: JudgeScope, lead: number): Case {
  const { origin } = scope
  if (lead <= limitsOf(scope).clockSkew) return absent(keyOf("own-clock", origin))
  const summary = `The clocks of most witnesses are ${Math.round(lead / 1000)} s ahead of this monitor's: set this clock, or ask them if it is right.`
  return attested("own-clock", origin, summary)
}

type Role = "log" | "witness"

function signerClock(
  scope: JudgeScope,
  role: Role,
  { vkey, time }: Signer,
  at: number,
  lead: number | undefined,
): Case {
  const { origin } = scope
  const label = keyLabel(vkey)
  const kind = role === "witness" ? "witness-time" : "head-time"
  const ahead = time * 1000 - at - Math.max(0, lead ?? 0)
  if (ahead <= limitsOf(scope).clockSkew) return absent(keyOf(kind, origin, label, "future"))
  const summary = `${label} signed with a time that is ${Math.round(ahead / 1000)} s ahead of the monitor's clock.`
  const isCompared = role === "log" || lead !== undefined
  if (isCompared) return attested(kind, origin, summary, label, "future")
  const seen = ungraded(kind, origin, summary, label, "future")
  return { ...seen, shownBy: `witness ${label}`, at, patience: PATIENCE }
}

/** Compares the times of a statement, received at `at` in Unix milliseconds, with the monitor's clock and that with most. */
export function judgeClocks(scope: JudgeScope, statement: Statement, at: number): readonly Case[] {
  const lead = leadOfMost(scope)
  const own = lead === undefined ? [] : [ownClock(scope, lead)]
  const of = (role: Role, signers: readonly Signer[]): readonly Case[] =>
    signers
      .filter(({ time }) => time > 0)
      .map((signer) => signerClock(scope, role, signer, at, lead))
  return [...own, ...of("log", statement.log), ...of("witness", statement.witnesses)]
}
