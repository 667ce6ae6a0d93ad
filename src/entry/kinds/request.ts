// Submissions of any kind at either door, the proposals that they make, and what is kept of them beside the
// log. A member of a Rekor v1 submission that is `null` is absent, and members of `spec` that no kind knows
// are let pass, as Rekor does. Leaves out the other kinds of Rekor.
import { refuse, shown } from "../../core/base/errors.ts"
import { asMessage, asText } from "../../core/base/json-value.ts"
import { formatEnvelope } from "../dsse.ts"
import type { Proposal } from "../entry.ts"
import type { ProposalOptions } from "../signature.ts"
import type { LoggedKind, RekorV1Form } from "./kind.ts"
import { type EntryRequest, loggedKind, loggedKinds, nativeKind } from "./registry.ts"

/** Checks a submission and gives its proposal; refuses as the module of its kind does. */
export function proposeEntry(request: EntryRequest, options: ProposalOptions = {}): Proposal {
  return nativeKind(request.kind).native.propose(request, options)
}

/** The envelope that may be kept of a submission; undefined where the body has everything. */
export function envelopeOfEntry(request: EntryRequest): Uint8Array | undefined {
  const envelope = nativeKind(request.kind).native.envelopeOf(request)
  return envelope && formatEnvelope(envelope)
}

function nameOf({ kind, version }: LoggedKind): string {
  return `${kind} ${version}`
}

interface RekorV1Submission {
  readonly form: RekorV1Form
  readonly spec: unknown
}

function openRekorV1(value: unknown): RekorV1Submission {
  const { apiVersion, kind, spec } = asMessage(value, "entry", ["apiVersion", "kind", "spec"])
  const [name, version] = [asText(kind, "kind"), asText(apiVersion, "apiVersion")]
  const form = loggedKind(`${name}:${version}`)?.rekorV1
  if (form !== undefined) return { form, spec }
  const known = loggedKinds.filter(({ rekorV1 }) => rekorV1 !== undefined).map(nameOf)
  return refuse(
    "unsupported",
    `kind and apiVersion: expected one of ${known.join(", ")}, found ${shown(`${name} ${version}`)}`,
  )
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

/**
 * The envelope that may be kept of an accepted submission to Rekor v1; undefined where the body has
 * everything. Refuses `malformed` for a spelling that is not kept.
 */
export function envelopeOfRekorV1(value: unknown): Uint8Array | undefined {
  const { form, spec } = openRekorV1(value)
  return form.envelopeOf(spec)
}
