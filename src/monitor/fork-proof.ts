// Proves that a head is not of the tree of another one that the log signed, out of the larger head's own tiles:
// for heads that the monitor's tree cannot be held against, because it has not reached them.
import { equalBytes } from "../core/base/bytes.ts"
import type { SignatureRule, Vkey } from "../core/note/note.ts"
import { planConsistency } from "../core/tree/proof.ts"
import type { Evidence } from "../evidence/evidence.ts"
import { makeFork } from "../evidence/head-evidence.ts"
import { DataFault, faultOf } from "./follow/data-fault.ts"
import type { TargetTree } from "./follow/target-tree.ts"
import type { Statement } from "./heads/statement.ts"

function commonSigner(a: Statement, b: Statement): Vkey | undefined {
  return a.log.find(({ vkey }) => b.log.some((other) => other.vkey === vkey))?.vkey
}

async function proofAgainst(
  newer: Statement,
  tree: TargetTree,
  older: Statement,
  holds: SignatureRule | undefined,
): Promise<Evidence | undefined> {
  const vkey = commonSigner(newer, older)
  const { size, root } = older.head
  if (vkey === undefined || size === 0 || size > tree.head.size) return undefined
  const implied = await tree.rootAt(size)
  if (equalBytes(implied, root)) return undefined
  const hashes = await tree.prove(planConsistency(size, tree.head.size))
  return makeFork(vkey, older.note, newer.note, { implied, hashes }, holds)
}

/**
 * Evidence from `newer`, whose tree this is, and the first of `others` that is no beginning of it; undefined
 * if there is none of that size, or if tiles are missing. Refuses as {@link makeFork} does.
 */
export async function proveFork(
  newer: Statement,
  tree: TargetTree,
  others: readonly Statement[],
  holds: SignatureRule | undefined,
): Promise<Evidence | undefined> {
  for (const older of others) {
    const evidence = await faultOf(() => proofAgainst(newer, tree, older, holds))
    if (evidence !== undefined && !(evidence instanceof DataFault)) return evidence
  }
  return undefined
}
