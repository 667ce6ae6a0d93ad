// What the proposals of all kinds have in common: the frame of a body, and the terms that an entry is found by.
import { assertBodyLength } from "../../core/tree/bundle.ts"
import { canonicalJson, type JsonValue } from "../canonical-json.ts"
import type { Proposal } from "../entry.ts"
import { type Findable, termsOf } from "../search-terms.ts"
import type { LoggedKind } from "./kind.ts"

type Named = Pick<LoggedKind, "kind" | "version">

/** The canonical body. Refuses `too-large` if it is longer than an entry bundle can hold. */
export function formatBody({ kind, version }: Named, spec: JsonValue): Uint8Array {
  const body = canonicalJson({ apiVersion: version, kind, spec })
  assertBodyLength(body)
  return body
}

/** A proposal; its body is made at once, or once it is known which of several keys each signature holds under. */
export function proposalOf(
  found: Findable,
  claims: Proposal["claims"],
  body: Uint8Array | Proposal["body"],
): Proposal {
  const { kind, version } = found
  const bodyOf = typeof body === "function" ? body : () => body
  return { kind, version, terms: termsOf(found), claims, body: bodyOf }
}
