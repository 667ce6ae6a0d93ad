// Submissions of any kind at either door and the proposals that they make; and as Sigstore bundles have them: what a bundle holds of a submission, the entry that follows from what was
// signed, and the way back from a logged body. A member of a Rekor v1 submission that is `null` is absent, and
// members of `spec` that no kind knows are let pass, as Rekor does. Leaves out the other kinds of Rekor.
import { parseUtf8 } from "../../core/base/bytes.ts"
import { assertAtMost, refuse, shown, unlessRefused } from "../../core/base/errors.ts"
import { asMessage, asObject, asText, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_BODY } from "../../core/base/limits.ts"
import type { Proposal } from "../entry.ts"
import type { ProposalOptions } from "../signature.ts"
import type { VerifierKey } from "../verifier-key.ts"
import type { BundleForm, EntryStatement, LoggedKind, SignedThing } from "./kind.ts"
import { type EntryRequest, loggedKind, loggedKinds, nativeKind, nativeList } from "./registry.ts"
import { readRecorded } from "./summary.ts"

/** Checks a submission and gives its proposal; refuses as the module of its kind does. */
export function proposeEntry(request: EntryRequest, options: ProposalOptions = {}): Proposal {
  return nativeKind(request.kind).native.propose(request, options)
}

function nameOf({ kind, version }: LoggedKind): string {
  return `${kind} ${version}`
}

function openRekorV1(value: unknown) {
  const { apiVersion, kind, spec } = asMessage(value, "entry", ["apiVersion", "kind", "spec"])
  const [name, version] = [asText(kind, "kind"), asText(apiVersion, "apiVersion")]
  const form = loggedKind(`${name}:${version}`)?.rekorV1
  if (form !== undefined) return { form, spec }
  const known = loggedKinds.filter(({ rekorV1 }) => rekorV1 !== undefined).map(nameOf)
  const [expected, found] = [known.join(", "), shown(`${name} ${version}`)]
  return refuse("unsupported", `kind and apiVersion: expected one of ${expected}, found ${found}`)
}

/**
 * Checks everything about a submission to Rekor v1 but its signatures, and gives its proposal; also for an
 * entry that is only looked up. Refuses `malformed`, `too-large`, `mismatch` for a digest that is not the
 * content's, or `unsupported` for a kind, version, key or algorithm that is not taken. The caller bounds
 * the size of the whole.
 */
export function proposeRekorV1(value: unknown, options: ProposalOptions = {}): Proposal {
  const { form, spec } = openRekorV1(value)
  return form.propose(spec, options)
}

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

const stated = loggedKinds.filter(({ statement }) => statement !== undefined)
const STATED = stated.map(({ kind, version }) => `${kind}:${version}`).join(", ")

/** The body's outer members; undefined for bytes that no log writes. */
function openBody(body: Uint8Array) {
  return unlessRefused(() =>
    asObject(parseJson(parseUtf8(body, "body"), "body", LONGEST_BODY), "body", [
      "kind",
      "apiVersion",
      "spec",
    ]),
  )
}

/**
 * The entry of this kind and version that follows from what was signed, in the spelling of the logged `body`. Refuses
 * `mismatch` for a body that is not of the kind, and for a kind that is not about such a thing; `unsupported` for a kind
 * and version that no bundle has, or an algorithm that is not known here; `too-large` for a longer body than logs of our
 * own have.
 */
export function statementOf(
  entry: { readonly kind: string; readonly version: string; readonly body: Uint8Array },
  thing: SignedThing,
  key: VerifierKey,
): EntryStatement {
  const { kind, version } = entry
  const found = stated.find((each) => each.kind === kind && each.version === version)
  assertAtMost(LONGEST_BODY, entry.body.length, "body of the log entry", "bytes")
  const body = openBody(entry.body)
  const isOther = body !== undefined && (body.kind !== kind || body.apiVersion !== version)
  if (isOther || (body === undefined && found !== undefined)) {
    refuse(
      "mismatch",
      `the log entry is not of the kind that is stated, ${shown(`${kind}:${version}`)}`,
    )
  }
  if (found?.statement === undefined) {
    const name = shown(`${kind}:${version}`)
    return refuse("unsupported", `kindVersion: expected one of ${STATED}, found ${name}`)
  }
  return (
    found.statement(thing, key, body?.spec) ??
    refuse("mismatch", `the log entry of kind ${kind}:${version} is not about an ${thing.form}`)
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
