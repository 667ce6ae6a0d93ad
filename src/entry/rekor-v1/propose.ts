// Submissions to Rekor v1: `{apiVersion, kind, spec}` of hashedrekord 0.0.1, dsse 0.0.1, intoto 0.0.2 and
// rekord 0.0.1, and the proposals that they make. A member that is `null` is absent, and members that no
// kind knows are let pass inside of `spec`, as Rekor does. Leaves out the other kinds of Rekor.
import { refuse, shown } from "../../core/base/errors.ts"
import { asMessage, asText } from "../../core/base/json-value.ts"
import type { Proposal } from "../entry.ts"
import type { ProposalOptions } from "../signature.ts"
import { proposeDsseV1 } from "./dsse.ts"
import { proposeHashedrekordV1 } from "./hashedrekord.ts"
import { proposeIntotoV1 } from "./intoto.ts"
import { proposeRekordV1 } from "./rekord.ts"

type Propose = (spec: unknown, options: ProposalOptions) => Proposal

const kinds: ReadonlyMap<string, Propose> = new Map([
  ["hashedrekord 0.0.1", proposeHashedrekordV1],
  ["dsse 0.0.1", proposeDsseV1],
  ["intoto 0.0.2", proposeIntotoV1],
  ["rekord 0.0.1", proposeRekordV1],
])

/**
 * Checks everything about a submission but its signatures, and gives its proposal; also for an entry
 * that is only looked up. Refuses `malformed`, `too-large`, `mismatch` for a digest that is not the
 * content's, or `unsupported` for a kind, version, key or algorithm that is not taken. The caller bounds
 * the size of the whole.
 */
export function proposeRekorV1(value: unknown, options: ProposalOptions = {}): Proposal {
  const { apiVersion, kind, spec } = asMessage(value, "entry", ["apiVersion", "kind", "spec"])
  const name = `${asText(kind, "kind")} ${asText(apiVersion, "apiVersion")}`
  const propose = kinds.get(name)
  if (propose !== undefined) return propose(spec, options)
  const known = [...kinds.keys()].join(", ")
  return refuse(
    "unsupported",
    `kind and apiVersion: expected one of ${known}, found ${shown(name)}`,
  )
}
