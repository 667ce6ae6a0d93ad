// Whether an authority that the operator named has issued a certificate: RFC 5280 section 6, as far as it is needed
// for signers. The links are verified from the root down, so no key that an operator has not named or that a named
// one has not signed is ever computed with. The signatures to verify are handed out one by one: whoever drives the
// judgement verifies them on this thread or on another one. Leaves out revocation and policies.
import { messageAlgorithm } from "../algorithm.ts"
import type { Validity } from "../certificate.ts"
import type { SignatureCheck } from "../entry.ts"
import type { AuthorityPool, AuthoritySet } from "./authority.ts"
import { type Path, pathsByName } from "./path.ts"
import type { X509 } from "./x509.ts"

/** Why a certificate does not chain, from the least to the most that was right about it. */
const unchainedReasons = [
  "no-path",
  "unreadable",
  "not-for-signing",
  "too-complex",
  "not-allowed",
  "not-valid",
  "bad-signature",
] as const

type UnchainedReason = (typeof unchainedReasons)[number]

interface Unchained {
  readonly form: "unchained"
  readonly reason: UnchainedReason
  /** The same for people, to stand behind a colon. */
  readonly text: string
}

interface Chained {
  readonly form: "chained"
  /** The name under which the operator believes the root. */
  readonly authority: string
  /** When every certificate of the chain is valid, and the operator believes the root. */
  readonly validity: Validity
}

export type ChainResult = Chained | Unchained

/** Yields the signatures to verify, and is told of each whether it holds. */
export type ChainJudgement<Result = ChainResult> = Generator<SignatureCheck, Result, boolean>

/** Object identifiers of the extended key usage. */
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
const ANY_PURPOSE = "2.5.29.37.0"

/** Signatures that are verified for one leaf and one pool. */
const MOST_CHECKS = 8

export function unchained(reason: UnchainedReason, text: string): Unchained {
  return { form: "unchained", reason, text }
}

/** Of two results the one that says more; the second if they say as much. */
export function moreTelling(a: ChainResult, b: ChainResult): ChainResult {
  if (a.form === "chained" && b.form === "chained") {
    return b.validity.notAfter > a.validity.notAfter ? b : a
  }
  if (a.form === "chained") return a
  if (b.form === "chained") return b
  return unchainedReasons.indexOf(b.reason) < unchainedReasons.indexOf(a.reason) ? a : b
}

function wrongLeaf(leaf: X509, { isForCode }: AuthoritySet): Unchained | undefined {
  if (leaf.obstacle !== undefined) return unchained("unreadable", leaf.obstacle)
  if (leaf.isAuthority) {
    return unchained("not-for-signing", "it is the certificate of an authority, not of a signer")
  }
  if (!leaf.maySign) return unchained("not-for-signing", "its key usage allows no signatures")
  if (isForCode && leaf.purposes?.includes(CODE_SIGNING) !== true) {
    return unchained("not-for-signing", "it is not for code signing")
  }
  return undefined
}

function forbidden(authority: X509, below: readonly X509[], isForCode: boolean) {
  const { obstacle, isAuthority, mayCertify, pathLength, purposes } = authority
  if (obstacle !== undefined) return obstacle
  if (!isAuthority) return "an issuer is no authority (basic constraints)"
  if (!mayCertify) return "an issuer may not sign certificates (key usage)"
  // SPEC: RFC 5280 section 4.2.1.9: certificates that are their own issuer do not count.
  const between = below.filter(({ issuer, subject }) => issuer !== subject).length
  if (pathLength !== undefined && between > pathLength)
    return "the path is longer than an issuer allows"
  const serves = purposes?.some((each) => each === CODE_SIGNING || each === ANY_PURPOSE) ?? true
  return isForCode && !serves ? "an issuer is not for code signing" : undefined
}

/** The check of one link; undefined if the issuer's key cannot have made such a signature. */
function checkOf(child: X509, { keyType, spki }: X509): SignatureCheck | undefined {
  const { algorithm, signature, signed: message } = child
  if (algorithm === undefined || !keyType.startsWith(algorithm.family)) return undefined
  const { hash } = algorithm
  const signed = { form: "message", message, hash } as const
  return { algorithm: messageAlgorithm[keyType], spki, signature, signed }
}

function wrongPath(path: Path, { isForCode }: AuthoritySet): Unchained | undefined {
  const [, ...authorities] = path
  for (const [i, authority] of authorities.entries()) {
    const isRoot = i === authorities.length - 1
    const why = forbidden(authority, authorities.slice(0, i), isForCode && !isRoot)
    if (why !== undefined) return unchained("not-allowed", why)
    if (checkOf(path[i] as X509, authority) === undefined) {
      return unchained("not-allowed", "it is signed with an algorithm that is not supported")
    }
  }
  return undefined
}

/** When all of them are valid together. */
function commonValidity(all: readonly Validity[]): Validity {
  return {
    notBefore: Math.max(...all.map(({ notBefore }) => notBefore)),
    notAfter: Math.min(...all.map(({ notAfter }) => notAfter)),
  }
}

/** Short-lived certificates are judged as of their beginning: that is when they were issued. */
function wrongDates(leaf: X509, { notBefore, notAfter }: Validity): Unchained | undefined {
  const issued = leaf.validity.notBefore
  if (issued >= notBefore && issued <= notAfter) return undefined
  return unchained("not-valid", "its issuers were not valid when it was issued")
}

const known = new WeakMap<X509, WeakMap<X509, boolean>>()

/** Counts down what may still be verified. */
interface Budget {
  left: number
}

/** Whether the issuer has signed the child; undefined if too much was verified already. Remembered by both. */
function* judgeLink(
  child: X509,
  issuer: X509,
  budget: Budget,
): ChainJudgement<boolean | undefined> {
  const remembered = known.get(child)?.get(issuer)
  if (remembered !== undefined) return remembered
  const check = checkOf(child, issuer)
  if (check !== undefined && budget.left === 0) return undefined
  budget.left -= check === undefined ? 0 : 1
  const holds = check !== undefined && (yield check)
  const ofChild = known.get(child) ?? new WeakMap<X509, boolean>()
  known.set(child, ofChild.set(issuer, holds))
  return holds
}

function* judgeSignatures(path: Path, budget: Budget): ChainJudgement<Unchained | undefined> {
  for (let i = path.length - 1; i > 0; i--) {
    const holds = yield* judgeLink(path[i - 1] as X509, path[i] as X509, budget)
    if (holds === undefined) return unchained("too-complex", "too many signatures to verify")
    if (!holds) return unchained("bad-signature", "an issuer of that name has not signed it")
  }
  return undefined
}

function* judgePath(
  path: Path,
  authority: AuthoritySet,
  { validFor }: AuthorityPool,
  budget: Budget,
): ChainJudgement {
  const [leaf] = path
  const validity = commonValidity([...path.map((each) => each.validity), validFor])
  const wrong = wrongPath(path, authority) ?? wrongDates(leaf, validity)
  const broken = wrong ?? (yield* judgeSignatures(path, budget))
  return broken ?? { form: "chained", authority: authority.name, validity }
}

/** Whether a pool of the authority leads to the leaf; `sent` are the certificates that came with it. */
function* judgePool(
  leaf: X509,
  sent: readonly X509[],
  authority: AuthoritySet,
  pool: AuthorityPool,
): ChainJudgement {
  const { paths, isExhausted } = pathsByName(leaf, sent, pool)
  const budget = { left: MOST_CHECKS }
  let best: ChainResult = isExhausted
    ? unchained("too-complex", "too many ways to a root")
    : unchained("no-path", "no authority that is believed has issued it")
  for (const path of paths)
    best = moreTelling(best, yield* judgePath(path, authority, pool, budget))
  return best
}

/**
 * Whether this authority has issued the leaf: `chained`, or `unchained` with the reason that got furthest. At most
 * 8 signatures are yielded for each of its pools.
 */
export function* judgeChain(
  leaf: X509,
  sent: readonly X509[],
  authority: AuthoritySet,
): ChainJudgement {
  const wrong = wrongLeaf(leaf, authority)
  if (wrong !== undefined) return wrong
  let best: ChainResult = unchained("no-path", "no authority that is believed has issued it")
  for (const pool of authority.pools) {
    best = moreTelling(best, yield* judgePool(leaf, sent, authority, pool))
  }
  return best
}
