// Whom a certificate must name: the identity in its subject alternative names, the OpenID Connect issuer that vouched
// for it, and what else Fulcio wrote into it. As in cosign both must be named, a pattern is RE2 and fits wherever it is
// found in the value: `^` and `$` have to be written. Nothing here verifies the certificate.
import { RE2JS, RE2JSException } from "re2js"
import { refuse, shown } from "../core/base/errors.ts"
import {
  type CertificateField,
  certificateFields,
  isCertificateField,
  readCertificateFields,
} from "../entry/certificates/fulcio.ts"
import type { VerifierKey } from "../entry/verifier-key.ts"

/** The whole value, letter for letter; or an RE2 pattern that is found anywhere in it unless it has `^` and `$`. */
export type Expected = string | { readonly pattern: string }

/** Whom the signer's certificate must name. Identity and issuer must both be given. */
export interface IdentityPolicy {
  /** An email address, a URI, a DNS name or a user name; one of the certificate's names must fit. */
  readonly identity?: Expected
  /** The URL of the OpenID Connect issuer. */
  readonly issuer?: Expected
  /** Further fields that Fulcio writes, by name, each with its whole value. */
  readonly extensions?: Readonly<Record<string, string>>
}

/** Whom a certificate names, once it was verified. */
export interface SignerIdentity {
  /** The name that fits the policy. */
  readonly identity: string
  readonly issuer?: string
  /** Everything that Fulcio wrote about the token, by name. */
  readonly extensions: Readonly<Record<string, string>>
}

type Test = (value: string) => boolean

interface PolicyTests {
  readonly identity: Test
  readonly issuer: Test
  readonly extensions: readonly (readonly [CertificateField, string])[]
}

/** UTF-16 units of a pattern, and instructions of RE2's machine: what a value costs is at most their product. */
const LONGEST_PATTERN = 2048
const MOST_STEPS = 8192

function compile(pattern: string, what: string): RE2JS {
  if (pattern.length > LONGEST_PATTERN) {
    refuse("not-allowed", `${what}: expected a pattern up to ${LONGEST_PATTERN} characters`)
  }
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const why = error.message.replace("error parsing regexp: ", "")
    return refuse("not-allowed", `${what}: expected RE2 syntax, found ${shown(pattern)}: ${why}`)
  }
}

function testOf(expected: Expected | undefined, what: string): Test {
  const text = typeof expected === "object" ? expected.pattern : expected
  if (text === undefined || text === "") {
    return refuse("not-allowed", `policy: expected the ${what} that must have signed, found none`)
  }
  if (typeof expected === "string") return (value) => value === expected
  const machine = compile(text, what)
  if (machine.programSize() > MOST_STEPS) {
    refuse("not-allowed", `${what}: expected a pattern of up to ${MOST_STEPS} steps, found more`)
  }
  return (value) => machine.test(value)
}

const known = new WeakMap<IdentityPolicy, PolicyTests>()

/** Refuses `not-allowed` for a policy that leaves identity or issuer open, or that cannot be read. */
export function readPolicy(policy: IdentityPolicy): PolicyTests {
  const remembered = known.get(policy)
  if (remembered !== undefined) return remembered
  const extensions = Object.entries(policy.extensions ?? {}).map(([name, value]) => {
    if (isCertificateField(name)) return [name, value] as const
    const fields = certificateFields.join(", ")
    return refuse("not-allowed", `policy: expected one of ${fields}, found ${shown(name)}`)
  })
  const tests = {
    identity: testOf(policy.identity, "identity"),
    issuer: testOf(policy.issuer, "issuer"),
    extensions,
  }
  known.set(policy, tests)
  return tests
}

/** What was expected, for people. */
function wanted(expected: Expected | undefined): string {
  if (typeof expected === "object") return `what matches ${shown(expected.pattern, 200)}`
  return shown(expected ?? "", 200)
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map((name) => shown(name, 200)).join(", ")
}

/**
 * Whom the certificate names. Refuses `mismatch` for another identity, issuer or field than the policy wants, and
 * `malformed` for a certificate whose names or issuer readers would read in different ways.
 */
export function verifyIdentity(key: VerifierKey, policy: IdentityPolicy): SignerIdentity {
  const tests = readPolicy(policy)
  const { names } = key
  if (names === undefined || names.isUnreadable) {
    return refuse("malformed", "certificate: its names or its issuer cannot be read")
  }
  const found = names.written ?? names.identities
  const identity = found.find(tests.identity)
  if (identity === undefined) {
    const expected = wanted(policy.identity)
    return refuse("mismatch", `identity: expected ${expected}, found ${listed(found)}`)
  }
  const { issuer } = names
  if (issuer === undefined || !tests.issuer(issuer)) {
    const present = listed(issuer === undefined ? [] : [issuer])
    return refuse("mismatch", `issuer: expected ${wanted(policy.issuer)}, found ${present}`)
  }
  const fields = readCertificateFields(key.der)
  for (const [name, value] of tests.extensions) {
    const present = fields.get(name)
    if (present === value) continue
    const shownValue = listed(present === undefined ? [] : [present])
    refuse("mismatch", `${name}: expected ${shown(value, 200)}, found ${shownValue}`)
  }
  return { identity, issuer, extensions: Object.fromEntries(fields) }
}
