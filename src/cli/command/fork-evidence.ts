// Evidence of a fork from two notes, for whoever holds them but does not know which key signed both.
import { unlessRefused } from "../../core/base/errors.ts"
import type { Vkey } from "../../core/note/note.ts"
import type { Evidence } from "../../evidence/evidence.ts"
import { makeFork } from "../../evidence/head-evidence.ts"

/** Under the first of these keys that signed both; undefined if nothing is proven. `proof` as makeFork has it. */
export function forkUnder(
  vkeys: readonly Vkey[],
  a: string,
  b: string,
  proof?: Parameters<typeof makeFork>[3],
): Evidence | undefined {
  for (const vkey of vkeys) {
    const evidence = unlessRefused(() => makeFork(vkey, a, b, proof))
    if (evidence !== undefined) return evidence
  }
  return undefined
}
