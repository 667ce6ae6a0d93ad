// Entries as Sigstore bundles have them: what a bundle holds of a submission, the entry that follows from what
// was signed, and the way back from a logged body. Leaves out the form of bundles.
import { refuse, shown } from "../../core/base/errors.ts"
import type { VerifierKey } from "../verifier-key.ts"
import type { BundleForm, EntryStatement, SignedThing } from "./kind.ts"
import { type EntryRequest, nativeKind, nativeList } from "./registry.ts"
import { readRecorded } from "./summary.ts"

const bundled: ReadonlyMap<string, BundleForm<EntryRequest>> = new Map(
  nativeList.flatMap(({ kind, version, native: { bundle } }) =>
    bundle === undefined ? [] : [[`${kind}:${version}`, bundle] as const],
  ),
)

const BUNDLED = [...bundled.keys()].join(", ")

/** What a bundle holds of a submission, and its kind; refuses `unsupported` for what no bundle can hold. */
export function bundleContent(request: EntryRequest) {
  const { kind, version, native } = nativeKind(request.kind)
  if (native.bundle !== undefined) {
    return { kind, version, ...native.bundle.contentOf(request) }
  }
  return refuse("unsupported", `bundle: expected a submission of ${BUNDLED}, found ${kind}`)
}

/**
 * The entry of this kind and version that follows from what was signed. Refuses `unsupported` for a version
 * that no bundle has, `mismatch` for a kind that is not about such a thing.
 */
export function statementOf(
  kind: string,
  version: string,
  thing: SignedThing,
  key: VerifierKey,
): EntryStatement {
  const isKnown = [...bundled.keys()].some((name) => name.endsWith(`:${version}`))
  return (
    bundled.get(`${kind}:${version}`)?.statement(thing, key) ??
    refuse(
      isKnown ? "mismatch" : "unsupported",
      `kindVersion: expected one of ${BUNDLED} about an ${thing.form}, found ${shown(`${kind}:${version}`)}`,
    )
  )
}

/**
 * The submission of a logged entry; `envelope` is what was kept of it, already held against the body.
 * Refuses `unsupported` for a kind that has no bundle, and for an entry whose envelope is missing.
 */
export function recordedRequest(body: Uint8Array, envelope?: Uint8Array): EntryRequest {
  const { name, parts } = readRecorded(body)
  return (
    bundled.get(name)?.requestOf(parts, envelope) ??
    refuse(
      "unsupported",
      `bundle: expected one of ${BUNDLED}, with its envelope kept if it has one, found ${shown(name)}`,
    )
  )
}
