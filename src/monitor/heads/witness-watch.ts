// Watches the times that keys of type 4 and 6 state, witnesses' and the log's own: a smaller head at a later
// time contradicts "the largest I know of", and nobody signs in the future. Equal seconds contradict nothing.
import type { Evidence } from "../../evidence/evidence.ts"
import { makeHeadTime, makeWitnessRollback } from "../../evidence/head-evidence.ts"
import { absent, type Case } from "../findings/case.ts"
import type { Finding } from "../findings/finding.ts"
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
type Named = Omit<Finding, "grade" | "evidence">

function sizesText({ earlier, later }: Contradiction): string {
  return `size ${earlier.size} at ${earlier.time} and the smaller size ${later.size} at ${later.time} (Unix seconds)`
}

/** Of a log, what came last says whether heads were taken back or its clock was. */
function backwardsFinding(
  { origin }: JudgeScope,
  role: Role,
  label: string,
  found: Contradiction,
): Named {
  const what = sizesText(found)
  if (role === "witness") {
    const kind = "witness-rollback"
    const summary = `The witness ${label} cosigned ${what}.`
    return { key: `${kind} ${origin} ${label}`, kind, origin, summary }
  }
  if (found.later.at >= found.earlier.at) {
    const summary = `The log signed ${what}: it has taken entries back.`
    return { key: `rollback ${origin}`, kind: "rollback", origin, summary }
  }
  const summary = `The log's clock runs backwards: it signed ${what}.`
  return { key: `head-time ${origin}`, kind: "head-time", origin, summary }
}

async function backwards(
  scope: JudgeScope,
  role: Role,
  signer: Signer,
  found: Contradiction,
): Promise<Finding> {
  const { vkey } = signer
  const prove = async (): Promise<Evidence> =>
    role === "witness"
      ? makeWitnessRollback(vkey, found.earlier.note, found.later.note, scope.holds)
      : makeHeadTime(vkey, found.earlier.note, found.later.note, scope.holds)
  return await convicted(backwardsFinding(scope, role, keyLabel(vkey), found), prove)
}

function future(scope: JudgeScope, role: Role, { vkey, time }: Signer, at: number): Case {
  const { origin } = scope
  const label = keyLabel(vkey)
  const kind = role === "witness" ? "witness-time" : "head-time"
  const key = `${kind} ${origin} ${label} future`
  if (time * 1000 <= at + limitsOf(scope).clockSkew) return absent(key)
  const ahead = Math.round(time - at / 1000)
  const summary = `${label} signed with a time that is ${ahead} s ahead of the monitor's clock.`
  return { key, kind, grade: "ATTESTED", origin, summary }
}

async function watchSigner(
  scope: JudgeScope,
  role: Role,
  signer: Signer,
  { seen, agrees }: Seen,
): Promise<readonly Case[]> {
  const { documents, origin } = scope
  const record = signerRecord(documents, origin, signer.vkey)
  const known = [record?.newest ?? [], record?.agreed ?? []].flat()
  const [found] = known.flatMap((one) => contradictionOf(one, seen) ?? [])
  keepSighting(documents, origin, signer, record, seen, agrees)
  return [
    ...(found === undefined ? [] : [await backwards(scope, role, signer, found)]),
    ...(seen.time > 0 ? [future(scope, role, signer, seen.at)] : []),
  ]
}

interface Seen {
  readonly seen: Sighting
  readonly agrees: boolean
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
  const { log, witnesses } = statement
  const signers = [
    ...log.map((signer) => ["log", signer] as const),
    ...witnesses.map((signer) => ["witness", signer] as const),
  ]
  const cases: Case[] = []
  for (const [role, signer] of signers) {
    const seen = { seen: sightingOf(statement, signer, at), agrees }
    cases.push(...(await watchSigner(scope, role, signer, seen)))
  }
  return cases
}
