// A submission of any kind, and the proposal that it makes.
import { refuse, shown } from "../core/base/errors.ts"
import { type DsseRequest, proposeDsse } from "./dsse.ts"
import type { Proposal } from "./entry.ts"
import { type HashedrekordRequest, proposeHashedrekord } from "./hashedrekord.ts"
import type { ProposalOptions } from "./signature.ts"

/** A submission, as `POST /v1/entries` takes it (openapi.yaml). */
export type EntryRequest = HashedrekordRequest | DsseRequest

/** Checks a submission and gives its proposal; refuses as the function of its kind does. */
export function proposeEntry(request: EntryRequest, options: ProposalOptions = {}): Proposal {
  switch (request.kind) {
    case "hashedrekord":
      return proposeHashedrekord(request, options)
    case "dsse":
      return proposeDsse(request, options)
    default:
      return refuseKind(request)
  }
}

/** Reached by submissions that no schema has checked. */
function refuseKind(request: never): never {
  const { kind } = request as { readonly kind?: unknown }
  return refuse(
    "unsupported",
    `kind: expected "hashedrekord" or "dsse", found ${shown(String(kind))}`,
  )
}
