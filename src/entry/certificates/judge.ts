// Drives judgements of chains, on the calling thread or with a verifier that answers later, and remembers what came
// of each certificate by its bytes.
import { concat } from "../../core/base/bytes.ts"
import { digestOf } from "../../core/base/digest.ts"
import { formatHex } from "../../core/base/text.ts"
import type { SignatureCheck } from "../entry.ts"
import type { VerifierKey } from "../verifier-key.ts"
import type { AuthoritySet } from "./authority.ts"
import {
  type ChainJudgement,
  type ChainResult,
  judgeChain,
  moreTelling,
  unchained,
} from "./chain.ts"
import { tryX509 } from "./x509.ts"

/** Certificates whose result is remembered, some 200 bytes each. */
const MOST_REMEMBERED = 8_192

/** A certificate with what was sent along; bare keys have no chain. */
type Certified = Pick<VerifierKey, "der" | "issuers">

interface JudgeOptions {
  readonly authorities: readonly AuthoritySet[]
  /** SHA-256 of certificates; the portable one by default. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
}

/** A memory of the last results. */
function createMemory<Value>() {
  const results = new Map<string, Value>()
  return {
    get: (name: string) => results.get(name),
    set(name: string, value: Value): Value {
      const oldest = results.size >= MOST_REMEMBERED ? results.keys().next() : undefined
      if (oldest?.done === false) results.delete(oldest.value)
      results.set(name, value)
      return value
    },
    forget: (name: string) => void results.delete(name),
  }
}

/** What all bytes that decide are named by; lengths keep one certificate apart from the next. */
function nameOf({ der, issuers = [] }: Certified, sha256: (bytes: Uint8Array) => Uint8Array) {
  const lengths = [der, ...issuers].map(({ length }) => length).join(" ")
  return `${lengths} ${formatHex(sha256(concat(der, ...issuers)))}`
}

function* judge(
  { der, issuers = [] }: Certified,
  authorities: readonly AuthoritySet[],
): ChainJudgement {
  const leaf = tryX509(der)
  if (leaf === undefined) return unchained("unreadable", "it is no certificate that can be read")
  const sent = issuers.flatMap((issuer) => tryX509(issuer) ?? [])
  let best: ChainResult = unchained("no-path", "no authority is named")
  for (const authority of authorities) {
    best = moreTelling(best, yield* judgeChain(leaf, sent, authority))
  }
  return best
}

function settle(judgement: ChainJudgement, holds: (check: SignatureCheck) => boolean): ChainResult {
  let step = judgement.next()
  while (step.done !== true) step = judgement.next(holds(step.value))
  return step.value
}

async function settleLater(
  judgement: ChainJudgement,
  verify: (check: SignatureCheck) => Promise<boolean>,
): Promise<ChainResult> {
  let step = judgement.next()
  while (step.done !== true) step = judgement.next(await verify(step.value))
  return step.value
}

const portableSha256 = (bytes: Uint8Array): Uint8Array => digestOf("sha256", bytes)

/** Judges certificates by these authorities together, verifying on the calling thread. Never throws for a certificate. */
export function createChainJudge(
  { authorities, sha256 = portableSha256 }: JudgeOptions,
  holds: (check: SignatureCheck) => boolean,
): (key: Certified) => ChainResult {
  const memory = createMemory<ChainResult>()
  return (key) => {
    const name = nameOf(key, sha256)
    return memory.get(name) ?? memory.set(name, settle(judge(key, authorities), holds))
  }
}

/** The same with a verifier of another thread; rejects only for its troubles, which are not remembered. */
export function createLaterChainJudge(
  { authorities, sha256 = portableSha256 }: JudgeOptions,
  verify: (check: SignatureCheck) => Promise<boolean>,
): (key: Certified) => Promise<ChainResult> {
  const memory = createMemory<Promise<ChainResult>>()
  return async (key) => {
    const name = nameOf(key, sha256)
    const known = memory.get(name)
    if (known !== undefined) return await known
    const result = memory.set(name, settleLater(judge(key, authorities), verify))
    try {
      return await result
    } catch (error) {
      memory.forget(name)
      throw error
    }
  }
}
