// Judges what a vantage point served before anything of it is believed: a note that cannot be read, has no
// signature of the log that holds, or is a head of another log. Whoever carries a note can forge all of
// this, so it is a suspicion; only the log's key under another name is proven.
import { equalBytes } from "../../core/base/bytes.ts"
import { shown } from "../../core/base/errors.ts"
import type { CheckpointText } from "../../core/note/checkpoint.ts"
import { isSignatureOf } from "../../core/note/note.ts"
import { makeKeyMisuse } from "../../evidence/head-evidence.ts"
import { isOwnOrigin } from "../../evidence/opened-head.ts"
import type { Observation } from "../findings/case.ts"
import { absent, type Case } from "../findings/case.ts"
import { convicted, type JudgeScope, limitsOf } from "./scope.ts"
import { type OpenedStatement, type ReadNote, ruleFor } from "./statement.ts"

export interface HeadJudgement extends JudgeScope {
  readonly observation: Observation
}

type ServedKind = "bad-head" | "bad-head-signature" | "trust-changed"

const servedKinds: readonly ServedKind[] = ["bad-head", "bad-head-signature", "trust-changed"]

/** Anybody may post heads, so what is wrong with those of verifiers is nobody's fault. */
function served(
  { observation, origin }: HeadJudgement,
  kind: ServedKind,
  what: string,
  cut?: { readonly key: string; readonly patience: number },
): readonly Case[] {
  const { vantage, receivedAt: at } = observation
  if (vantage === "verifier") return []
  const summary = `${vantage} serves ${what}`
  return [{ key: `${kind} ${origin}`, ...cut, kind, origin, summary, shownBy: vantage, at }]
}

function cutKey({ origin, observation }: HeadJudgement): string {
  return `bad-head ${origin} cut ${observation.vantage}`
}

/** A note that is no checkpoint. One that ends without a line feed was most likely cut on its way. */
export function judgeUnreadable(judgement: HeadJudgement): readonly Case[] {
  const { note } = judgement.observation
  const what = `what is no signed head: ${shown(note)}`
  if (note.endsWith("\n")) return served(judgement, "bad-head", what)
  const patience = limitsOf(judgement).replayPatience
  return served(judgement, "bad-head", what, { key: cutKey(judgement), patience })
}

/** A head that the log signed for Rekor v1 clients: of the same tree, under a name with a tree ID. */
async function judgeAlias(
  { origin, tree }: HeadJudgement,
  head: CheckpointText,
): Promise<readonly Case[]> {
  const isWithin = head.origin.startsWith(`${origin} - `) && head.size <= tree.head.size
  if (!isWithin || equalBytes(await tree.rootAt(head.size), head.root)) return []
  const summary = `The log has signed another tree as ${shown(head.origin)}: its head of size ${head.size} is not of the tree that the entries give.`
  return [{ key: `fork ${origin}`, kind: "fork", grade: "ATTESTED", origin, summary }]
}

/** A head whose first line is not the log's name. */
export async function judgeForeign(
  judgement: HeadJudgement,
  { note, head }: ReadNote,
): Promise<readonly Case[]> {
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

/** What is wrong with the signature lines; if nothing is, nothing is wrong with what was served before. */
export function judgeLines(
  judgement: HeadJudgement,
  { broken, log, hasStranger }: OpenedStatement,
): readonly Case[] {
  const { vantage } = judgement.observation
  if (broken.length > 0) {
    const names = broken.map((name) => shown(name)).join(", ")
    const what = `a head on which the signature of ${names} does not hold`
    return served(judgement, "bad-head-signature", what)
  }
  if (log.length > 0) {
    const keys = servedKinds.map((kind) => `${kind} ${judgement.origin}`)
    return [...keys, cutKey(judgement)].map((key) => absent(key, vantage))
  }
  if (hasStranger) {
    const what = "a head that is signed in the log's name by a key that is not the log's"
    return served(judgement, "trust-changed", what)
  }
  return served(judgement, "bad-head-signature", "a head without a signature of the log")
}
