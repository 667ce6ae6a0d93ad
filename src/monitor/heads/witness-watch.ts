// Watches the times that keys of type 4 and 6 state, witnesses' and the log's own: a smaller head at a later
// time contradicts "the largest I know of", and nobody signs in the future. Equal seconds contradict nothing.
import type { Vkey } from "../../core/note/note.ts"
import { makeHeadTime, makeWitnessRollback } from "../../evidence/head-evidence.ts"
import { absent, type Case } from "../findings/case.ts"
import { attested, type Finding, keyOf, ungraded } from "../findings/finding.ts"
import { keepSighting, type Sighting, sightingOf, signerRecord } from "./record.ts"
import { convicted, type JudgeScope, limitsOf } from "./scope.ts"
import { keyLabel, type Signer, type Statement } from "./statement.ts"

interface Contradiction {
  readonly earlier: Sighting
  readonly later: Sighting
}

/** The two statements in the order of their signer's clock, if they exclude each other. */
function contradictionOf(a: Sighting, b: Sighting): Contradiction | undefined {
  const [earlier, later] = a.time <= b.time ? [a, b] : [b, a]
  const isStated = earlier.time > 0 && earlier.time < later.time
  return isStated && earlier.size > later.size ? { earlier, later } : undefined
}

type Role = "log" | "witness"

/** Of a log, what came last says whether heads were taken back or its clock was. */
async function backwards(
  scope: JudgeScope,
  role: Role,
  vkey: Vkey,
  { earlier, later }: Contradiction,
): Promise<Finding> {
  const { origin, holds } = scope
  const what = `size ${earlier.size} at ${earlier.time} and the smaller size ${later.size} at ${later.time} (Unix seconds)`
  const notes = [earlier.note, later.note] as const
  if (role === "witness") {
    const label = keyLabel(vkey)
    const summary = `The witness ${label} cosigned ${what}.`
    const finding = ungraded("witness-rollback", origin, summary, label)
    return await convicted(finding, async () => makeWitnessRollback(vkey, ...notes, holds))
  }
  const finding =
    later.at >= earlier.at
      ? ungraded("rollback", origin, `The log signed ${what}: it has taken entries back.`)
      : ungraded("head-time", origin, `The log's clock runs backwards: it signed ${what}.`)
  return await convicted(finding, async () => makeHeadTime(vkey, ...notes, holds))
}

function future(scope: JudgeScope, role: Role, { vkey, time }: Signer, at: number): Case {
  const { origin } = scope
  const label = keyLabel(vkey)
  const kind = role === "witness" ? "witness-time" : "head-time"
  if (time * 1000 <= at + limitsOf(scope).clockSkew) {
    return absent(keyOf(kind, origin, label, "future"))
  }
  const ahead = Math.round(time - at / 1000)
  const summary = `${label} signed with a time that is ${ahead} s ahead of the monitor's clock.`
  return attested(kind, origin, summary, label, "future")
}

/**
 * Remembers a statement of everyone who stands for it, and compares its time with what they stated before.
 * `at` is when it was received, in Unix milliseconds; `agrees` says that it is of the monitor's tree.
 */
export async function watchSigners(
  scope: JudgeScope,
  statement: Statement,
  at: number,
  agrees: boolean,
): Promise<readonly Case[]> {
  const { documents, origin } = scope
  const { log, witnesses } = statement
  const signers = [
    ...log.map((signer) => ["log", signer] as const),
    ...witnesses.map((signer) => ["witness", signer] as const),
  ]
  const cases: Case[] = []
  for (const [role, signer] of signers) {
    const seen = sightingOf(statement, signer, at)
    const { newest, agreed } = signerRecord(documents, origin, signer.vkey) ?? {}
    const known = [newest ?? [], agreed ?? []].flat()
    const [found] = known.flatMap((one) => contradictionOf(one, seen) ?? [])
    keepSighting(scope, signer, seen, agrees)
    if (found !== undefined) cases.push(await backwards(scope, role, signer.vkey, found))
    if (seen.time > 0) cases.push(future(scope, role, signer, at))
  }
  return cases
}
