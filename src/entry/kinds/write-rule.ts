// Who and what may write to a log: allow-lists of kinds, keys and identities (algorithms are looked at
// where the proposal is made). Without a rule anyone may write who has a valid signature; with one, the
// signature is verified all the same.
import { refuse } from "../../core/base/errors.ts"
import { type Algorithm, everyAlgorithm } from "../algorithm.ts"
import type { Proposal } from "../entry.ts"
import { type EntryKind, kindNames } from "../kind-names.ts"
import type { TermName } from "../term.ts"

/** What is absent is not restricted. */
export interface WriteRule {
  readonly kinds?: ReadonlySet<EntryKind>
  /** Fingerprints of verifier keys: `sha256:` and the hex of SHA-256 over the SPKI. */
  readonly keys?: ReadonlySet<string>
  /** Identities of certificates, in lower case as they are searched by. */
  readonly identities?: ReadonlySet<string>
}

function readNames<Name extends string>(
  names: readonly string[],
  known: readonly Name[],
  what: string,
): ReadonlySet<Name> {
  const isKnown = (name: string): name is Name => known.some((each) => each === name)
  const wrong = names.find((name) => !isKnown(name))
  if (wrong === undefined) return new Set(names.filter(isKnown))
  return refuse("malformed", `expected ${what} of ${known.join(", ")}, found ${wrong}`)
}

/** Reads the names of algorithms; refuses `malformed` for one that does not exist. */
export function parseAlgorithms(names: readonly string[]): ReadonlySet<Algorithm> {
  return readNames(names, everyAlgorithm, "algorithms")
}

/** Reads the names of kinds; refuses `malformed` for one that does not exist. */
export function parseKinds(names: readonly string[]): ReadonlySet<EntryKind> {
  return readNames(names, kindNames, "kinds")
}

function valuesOf({ terms }: Proposal, name: TermName): string[] {
  return terms.filter((term) => term.name === name).map(({ value }) => value)
}

/** With both lists, an entry may be written if its keys are all listed or one of its identities is. */
function isKnownSigner(proposal: Proposal, { keys, identities }: WriteRule): boolean {
  if (keys === undefined && identities === undefined) return true
  const own = valuesOf(proposal, "key")
  if (keys !== undefined && own.length > 0 && own.every((key) => keys.has(key))) return true
  return valuesOf(proposal, "identity").some((identity) => identities?.has(identity) === true)
}

/** Refuses `not-allowed` for a kind or a signer that the rule does not list. */
export function assertMayWrite(proposal: Proposal, rule: WriteRule): void {
  if (rule.kinds?.has(proposal.kind) === false) {
    const listed = [...rule.kinds].join(", ")
    refuse("not-allowed", `this log takes entries of kind ${listed}, not ${proposal.kind}`)
  }
  if (!isKnownSigner(proposal, rule)) {
    refuse("not-allowed", "this log takes entries of listed keys or identities only")
  }
}
