// The policy that a monitor was made with stays its policy until the operator accepts another one: whoever
// can change the file must not be able to change whom the monitor trusts.

import { absent } from "../../monitor/findings/case.ts"
import { settle } from "../../monitor/findings/settle.ts"
import type { Documents } from "../../monitor/state/documents.ts"
import { pinnedPolicy } from "./monitored-logs.ts"

const POLICY_CHANGED = "trust-changed policy"

/** No policy is given but the one that is pinned. */
export const policyIsPinned = absent(POLICY_CHANGED)

/** Raises the finding, or closes it; gives the words that tell a person how to accept, if it is another. */
export function comparePolicy(
  documents: Documents,
  given: { readonly file: string; readonly text: string },
  data: string,
  now: number,
): string | undefined {
  if (given.text === pinnedPolicy(documents)) {
    settle(documents, [policyIsPinned], now)
    return undefined
  }
  const accept = `countersign monitor init --accept-policy --data ${data} --policy ${given.file}`
  const summary = `${given.file} is not the policy that this monitor was made with, which stays in force; accept it with: ${accept}`
  const finding = { key: POLICY_CHANGED, kind: "trust-changed", grade: "ATTESTED" } as const
  settle(documents, [{ ...finding, origin: "monitor", summary }], now)
  return summary
}
