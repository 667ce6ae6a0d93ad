// The policy that a monitor was made with stays its policy until the operator accepts another one: whoever
// can change the file must not be able to change whom the monitor trusts.
import { LONGEST_POLICY } from "../../core/base/limits.ts"
import { absent } from "../../monitor/findings/case.ts"
import { settle } from "../../monitor/findings/settle.ts"
import type { MonitorState } from "../../monitor/state/state.ts"
import { readText } from "../command/file.ts"
import { pinnedPolicy } from "./monitored-logs.ts"
import type { RunOptions } from "./options.ts"

const POLICY_CHANGED = "trust-changed policy"

/** No policy is given but the one that is pinned. */
export const policyIsPinned = absent(POLICY_CHANGED)

/**
 * Raises the finding that another policy was given, or closes it; gives the words that tell a person how to
 * accept the other one. Nothing is compared if none is given.
 */
export async function comparePolicy(
  state: MonitorState,
  { policy: file, data }: RunOptions,
): Promise<string | undefined> {
  if (file === undefined) return undefined
  const text = await readText(file, "policy", LONGEST_POLICY)
  return await state.change((documents) => {
    if (text === pinnedPolicy(documents)) {
      settle(documents, [policyIsPinned], Date.now())
      return undefined
    }
    const accept = `countersign monitor init --accept-policy --data ${data} --policy ${file}`
    const summary = `${file} is not the policy that this monitor was made with, which stays in force; accept it with: ${accept}`
    const finding = { key: POLICY_CHANGED, kind: "trust-changed", grade: "ATTESTED" } as const
    settle(documents, [{ ...finding, origin: "monitor", summary }], Date.now())
    return summary
  })
}
