// Judges what a vantage point served before anything of it is believed: a note that cannot be read, has no
// signature of the log that holds, or is a head of another log. Whoever carries a note can forge all of
// this, so it is a suspicion; only the log's key under another name is proven.
import { equalBytes } from "../../core/base/bytes.ts"
import { shown } from "../../core/base/errors.ts"
import type { CheckpointText } from "../../core/note/checkpoint.ts"
import { isSignatureOf } from "../../core/note/note.ts"
import { makeKeyMisuse } from "../../evidence/head-evidence.ts"
import { isOwnOrigin } from "../../evidence/opened-head.ts"
import type { Finding } from "../findings/finding.ts"
import type { Observation, Vantage } from "../findings/observation.ts"
import { suspect } from "../findings/suspicion.ts"
import { convicted, heal, type JudgeScope, limitsOf } from "./scope.ts"
import { type OpenedStatement, type ReadNote, ruleFor } from "./statement.ts"

export interface HeadJudgement extends JudgeScope {
  readonly observation: Observation
}

type ServedKind = "bad-head" | "bad-head-signature" | "trust-changed"

const servedKinds: readonly ServedKind[] = ["bad-head", "bad-head-signature", "trust-changed"]

function healServed(scope: JudgeScope, vantage: Vantage, except?: ServedKind): void {
  for (const kind of servedKinds) {
    if (kind !== except) heal(scope, `${kind} ${scope.origin}`, vantage)
  }
}

function served(
  judgement: HeadJudgement,
  kind: ServedKind,
  what: string,
  patience?: number,
): Finding[] {
  const { observation, origin, documents } = judgement
  const { vantage, receivedAt } = observation
  // Anybody may post heads, so what is wrong with them is nobody's fault.
  if (vantage === "verifier") return []
  const key = `${kind} ${origin}`
  const grade = suspect(documents, key, vantage, receivedAt, patience)
  return [{ key, kind, grade, origin, summary: `${vantage} serves ${what}` }]
}

/** A note that is no checkpoint. One that ends without a line feed was most likely cut on its way. */
export function judgeUnreadable(judgement: HeadJudgement): readonly Finding[] {
  const { observation, documents, origin } = judgement
  const what = `what is no signed head: ${shown(observation.note)}`
  if (observation.note.endsWith("\n")) return served(judgement, "bad-head", what)
  const { vantage, receivedAt } = observation
  if (vantage === "verifier") return []
  const key = `bad-head ${origin} cut ${vantage}`
  const grade = suspect(documents, key, vantage, receivedAt, limitsOf(judgement).replayPatience)
  return [{ key, kind: "bad-head", grade, origin, summary: `${vantage} serves ${what}` }]
}

/** A head that the log signed for Rekor v1 clients: of the same tree, under a name with a tree ID. */
async function judgeAlias(
  { origin, tree }: HeadJudgement,
  head: CheckpointText,
): Promise<readonly Finding[]> {
  const isWithin = head.origin.startsWith(`${origin} - `) && head.size <= tree.head.size
  if (!isWithin || equalBytes(await tree.rootAt(head.size), head.root)) return []
  const summary = `The log has signed another tree as ${shown(head.origin)}: its head of size ${head.size} is not of the tree that the entries give.`
  return [{ key: `fork ${origin}`, kind: "fork", grade: "ATTESTED", origin, summary }]
}

/** A head whose first line is not the log's name. */
export async function judgeForeign(
  judgement: HeadJudgement,
  { note, head }: ReadNote,
): Promise<readonly Finding[]> {
  const { origin, logKeys, observation } = judgement
  const rule = ruleFor(judgement, head)
  const signers = logKeys.filter((vkey) => {
    const line = note.signatures.find((candidate) => isSignatureOf(vkey, candidate))
    return line !== undefined && rule(vkey, note.text, line.signature)
  })
  // Keys of type 4 and 6 may stand for other logs' heads as witnesses, and Rekor v1 has a name of its own.
  const misused = signers.find((vkey) => vkey.type < 4 && !isOwnOrigin(vkey, head.origin))
  const what = `a head of ${shown(head.origin)}`
  if (misused === undefined) {
    const isSigned = signers.length > 0
    return isSigned ? await judgeAlias(judgement, head) : served(judgement, "bad-head", what)
  }
  const finding = {
    key: `key-misuse ${origin}`,
    kind: "key-misuse",
    origin,
    summary: `The key of the log has signed ${what}.`,
  } as const
  const prove = async () => makeKeyMisuse(misused, observation.note, judgement.holds)
  return [await convicted(finding, prove)]
}

/** What is wrong with the signature lines; heals what was suspected of this vantage point before. */
export function judgeLines(
  judgement: HeadJudgement,
  { broken, log, hasStranger }: OpenedStatement,
): readonly Finding[] {
  const { vantage } = judgement.observation
  if (broken.length > 0) {
    const names = broken.map((name) => shown(name)).join(", ")
    const what = `a head on which the signature of ${names} does not hold`
    return served(judgement, "bad-head-signature", what)
  }
  if (log.length > 0) {
    healServed(judgement, vantage)
    heal(judgement, `bad-head ${judgement.origin} cut ${vantage}`, vantage)
    return []
  }
  if (hasStranger) {
    const what = "a head that is signed in the log's name by a key that is not the log's"
    return served(judgement, "trust-changed", what)
  }
  return served(judgement, "bad-head-signature", "a head without a signature of the log")
}
