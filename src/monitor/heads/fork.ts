// Compares signed heads with the monitor's own tree, each at its own size, and with each other where the
// tree does not reach. Every contradiction convicts whoever signed both sides: the log, or a witness.
import { equalBytes } from "../../core/base/bytes.ts"
import type { Vkey } from "../../core/note/note.ts"
import type { Head } from "../../core/tree/hash.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import { makeFork, makeWitnessEquivocation } from "../../evidence/head-evidence.ts"
import { isPlainFork, isWrongEmptyHead } from "../../evidence/head-verdicts.ts"
import { type Finding, type Ungraded, ungraded } from "../findings/finding.ts"
import { pendingHeads } from "./pending.ts"
import { recordedStatements } from "./record.ts"
import { convicted, type JudgeScope } from "./scope.ts"
import { keptStatement, keyLabel, type Statement } from "./statement.ts"
import { vantageRecords } from "./vantage.ts"

interface Judged {
  /** `open`: the tree does not reach it, or a contradiction is not proven yet. */
  readonly verdict: "agrees" | "conflicts" | "open"
  readonly findings: readonly Finding[]
}

/** Everything that is remembered of what these keys signed. */
function knownStatements(scope: JudgeScope): readonly Statement[] {
  const { documents, origin } = scope
  return [
    ...recordedStatements(documents, scope),
    ...pendingHeads(documents, scope).map(({ statement }) => statement),
    ...vantageRecords(documents, origin).map(({ note }) => keptStatement(note, scope)),
  ]
}

function isSignedBy(vkey: Vkey, { log, witnesses }: Statement): boolean {
  return [...log, ...witnesses].some((signer) => signer.vkey === vkey)
}

/** A statement by this key under the log's own name, if any is remembered. */
export function ownStatementBy(scope: JudgeScope, vkey: Vkey): Statement | undefined {
  return knownStatements(scope).find(
    (known) => known.head.origin === scope.origin && isSignedBy(vkey, known),
  )
}

async function isOfTree({ tree }: JudgeScope, { size, root }: Head): Promise<boolean> {
  return size <= tree.head.size && equalBytes(await tree.rootAt(size), root)
}

/** A statement by this key that the tree agrees with and that is not smaller; the largest there is. */
export async function anchorFor(scope: JudgeScope, vkey: Vkey, size: number) {
  const candidates = knownStatements(scope)
    .filter(({ head }) => head.origin === scope.origin && head.size >= size)
    .filter((known) => isSignedBy(vkey, known))
    .toSorted((a, b) => b.head.size - a.head.size)
  for (const candidate of candidates) if (await isOfTree(scope, candidate.head)) return candidate
  return undefined
}

interface Side {
  readonly vkey: Vkey
  readonly make: typeof makeFork
  readonly finding: Ungraded
}

function sidesOf({ origin }: JudgeScope, { log, witnesses }: Statement, said: string): Side[] {
  const fork = ungraded("fork", origin, `The log has signed two trees: ${said}`)
  return [
    ...log.map(({ vkey }) => ({ vkey, make: makeFork, finding: fork })),
    ...witnesses.map(({ vkey }): Side => {
      const label = keyLabel(vkey)
      const summary = `The witness ${label} has cosigned two trees: ${said}`
      const finding = ungraded("witness-equivocation", origin, summary, label)
      return { vkey, make: makeWitnessEquivocation, finding }
    }),
  ]
}

async function convictedSides(
  sides: readonly Side[],
  prove: (side: Side) => Promise<Evidence | undefined>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const side of sides) findings.push(await convicted(side.finding, () => prove(side)))
  return findings
}

/** Proves of a side what the two notes say by themselves. */
function provenByNotes({ holds }: JudgeScope, a: Statement, b: Statement) {
  return async ({ vkey, make }: Side): Promise<Evidence> =>
    make(vkey, a.note, b.note, undefined, holds)
}

/** One finding a key, but one for all keys of the log: the proven one if there is any. */
function gravest(findings: readonly Finding[]): readonly Finding[] {
  const byKey = new Map<string, Finding>()
  for (const finding of findings) {
    if (byKey.get(finding.key)?.grade !== "PROVEN") byKey.set(finding.key, finding)
  }
  return [...byKey.values()]
}

async function proofAgainst(scope: JudgeScope, statement: Statement, { vkey, make }: Side) {
  const { size } = statement.head
  const anchor = await anchorFor(scope, vkey, size)
  if (anchor === undefined) return undefined
  const implied = await scope.tree.rootAt(size)
  const hashes = await scope.tree.consistency(size, anchor.head.size)
  return make(vkey, statement.note, anchor.note, { implied, hashes }, scope.holds)
}

async function contradictionOfTree(scope: JudgeScope, statement: Statement): Promise<Judged> {
  const { size } = statement.head
  const summary = `a head of size ${size} is not a beginning of the tree that its entries give`
  const findings = await convictedSides(sidesOf(scope, statement, summary), (side) =>
    proofAgainst(scope, statement, side),
  )
  const isProven = findings.every(({ grade }) => grade === "PROVEN")
  // A witness that has never cosigned a head of this tree may be a victim of the log: no finding.
  const substantial = findings.filter(
    ({ kind, grade }) => kind !== "witness-equivocation" || grade === "PROVEN",
  )
  return { verdict: isProven ? "conflicts" : "open", findings: gravest(substantial) }
}

async function emptyTreeWithRoot(scope: JudgeScope, statement: Statement): Promise<Judged> {
  const summary = "the tree without entries has one root only, and the head has another"
  const sides = sidesOf(scope, statement, summary).map((side): Side => {
    if (side.make !== makeFork) return side
    return { ...side, finding: ungraded("bad-head", scope.origin, side.finding.summary, "empty") }
  })
  const findings = await convictedSides(sides, provenByNotes(scope, statement, statement))
  return { verdict: "conflicts", findings: gravest(findings) }
}

/** Two heads beyond the tree can only contradict each other by having one size or one root. */
async function contradictionOfKnown(scope: JudgeScope, statement: Statement): Promise<Judged> {
  const others = knownStatements(scope).filter((known) => isPlainFork(known.head, statement.head))
  const findings: Finding[] = []
  for (const other of others) {
    const summary = `heads of sizes ${statement.head.size} and ${other.head.size} exclude each other`
    const sides = sidesOf(scope, statement, summary).filter(({ vkey }) => isSignedBy(vkey, other))
    findings.push(...(await convictedSides(sides, provenByNotes(scope, statement, other))))
  }
  return { verdict: "open", findings: gravest(findings) }
}

/** Holds a statement against the tree, or where that ends against everything that is remembered. */
export async function judgeStatement(scope: JudgeScope, statement: Statement): Promise<Judged> {
  if (isWrongEmptyHead(statement.head)) return await emptyTreeWithRoot(scope, statement)
  if (statement.head.size > scope.tree.head.size) {
    return await contradictionOfKnown(scope, statement)
  }
  if (!(await isOfTree(scope, statement.head))) return await contradictionOfTree(scope, statement)
  return { verdict: "agrees", findings: [] }
}
