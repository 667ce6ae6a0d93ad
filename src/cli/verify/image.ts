// Images by their references: the registry gives what signs them, and one signature that holds is enough, as in cosign.
// The others are counted and said with their reasons, since strangers may sign what they like.
import { parseImageReference, registryUrl } from "../../client/registry/reference.ts"
import type { Registry } from "../../client/registry/registry.ts"
import { findSignatures, type ImageSignature } from "../../client/registry/signed-image.ts"
import { parseUtf8 } from "../../core/base/bytes.ts"
import { Refusal, refuse, shown } from "../../core/base/errors.ts"
import { asObject, asText, parseJson } from "../../core/base/json-value.ts"
import { LONGEST_ENVELOPE } from "../../core/base/limits.ts"
import { parseAnyBundle } from "../../sigstore/bundle.ts"
import type { Network } from "../command/network.ts"
import { openRegistry, type RegistryOptions } from "../command/registry-options.ts"
import type { Judge, Verified } from "./judge.ts"
import { type Verdict, verdictFrom } from "./verdict.ts"

/** A signature that did not count, and why. */
interface OtherSignature {
  readonly place: string
  readonly code: string
  readonly reason: string
}

export interface JudgedImage {
  readonly verdict: Verdict
  /** `HOST/REPOSITORY@DIGEST`; undefined if the image was not found. */
  readonly resolved?: string
  /** Whether it was named by a tag, which may point elsewhere tomorrow. */
  readonly isTag: boolean
  readonly verifiedCount: number
  readonly otherCount: number
  /** The first of those that did not count. */
  readonly others: readonly OtherSignature[]
  /** What of the registry was not seen. */
  readonly faults: readonly string[]
}

const MOST_OTHERS_SHOWN = 100

const SIMPLE_SIGNING = "cosign container image signature"

/** SPEC: cosign's simple signing (containers/image, atomic-signature): the payload names the image by its digest. */
function assertNames(payload: Uint8Array, digest: string): void {
  const text = parseUtf8(payload, "simple signing")
  const { critical } = asObject(
    parseJson(text, "simple signing", LONGEST_ENVELOPE),
    "simple signing",
    ["critical"],
  )
  const { image, type } = asObject(critical, "critical", ["image", "type"])
  // What else has this shape may say the contrary of "this image is mine".
  if (type !== SIMPLE_SIGNING) {
    const found = shown(asText(type, "critical.type"))
    refuse("unsupported", `critical.type: expected ${SIMPLE_SIGNING}, found ${found}`)
  }
  const { "docker-manifest-digest": named } = asObject(image, "critical.image", [
    "docker-manifest-digest",
  ])
  const found = asText(named, "critical.image.docker-manifest-digest")
  if (found !== digest) {
    refuse("mismatch", `what was signed names the image ${shown(found, 150)}, not ${digest}`)
  }
}

async function judgeSignature(
  judge: Judge,
  { bundle, simpleSigning, timestamp }: ImageSignature,
  manifest: Uint8Array,
  digest: string,
): Promise<Verified> {
  if (bundle instanceof Refusal) throw bundle
  const read = parseAnyBundle(bundle)
  const parsed = timestamp === undefined ? read : { ...read, timestamps: [timestamp] }
  if (simpleSigning !== undefined) assertNames(simpleSigning, digest)
  return await judge.judge(parsed, simpleSigning ?? manifest)
}

interface Tally {
  verified?: Verified
  verifiedCount: number
  falseCount: number
  unjudgedCount: number
  failure?: string
  readonly others: OtherSignature[]
}

function count(tally: Tally, place: string, verdict: Verdict): void {
  if (verdict.outcome === "verified") {
    tally.verified ??= verdict.verified
    tally.verifiedCount += 1
    return
  }
  if (verdict.outcome === "failed" || verdict.outcome === "alone") {
    tally.failure ??= verdict.outcome === "failed" ? verdict.cause.message : verdict.reason
    return
  }
  if (verdict.outcome === "false") tally.falseCount += 1
  else tally.unjudgedCount += 1
  const { code, message: reason } = verdict.refusal
  if (tally.others.length < MOST_OTHERS_SHOWN) tally.others.push({ place, code, reason })
}

/**
 * None holds. What could not be judged might have, and so might what was not seen: neither makes the image false, and
 * a stranger's signature does not either as long as there is one of these.
 */
function verdictOfNone(tally: Tally, faults: readonly string[]): Verdict {
  const total = tally.falseCount + tally.unjudgedCount
  const [first] = tally.others.filter(({ code }) => tally.unjudgedCount === 0 || isUnjudged(code))
  const why = first === undefined ? "" : `; ${first.place}: ${first.code}: ${first.reason}`
  if (tally.unjudgedCount > 0) {
    const some = `none of ${total} signatures holds, and ${tally.unjudgedCount} cannot be judged${why}`
    return { outcome: "unjudged", refusal: new Refusal("unsupported", some) }
  }
  const [fault = tally.failure] = faults
  if (fault !== undefined) {
    const cause = new Refusal("not-found", `not all of its signatures were seen: ${fault}`)
    return { outcome: "failed", cause }
  }
  if (total === 0) return { outcome: "alone", reason: "the registry has no signature of it" }
  const none = `none of ${total} signatures holds${why}`
  return { outcome: "false", refusal: new Refusal("untrusted", none) }
}

function isUnjudged(code: string): boolean {
  return code === "unsupported" || code === "malformed" || code === "too-large"
}

async function judgeSignatures(
  judge: Judge,
  registry: Registry,
  repository: string,
  reference: string,
): Promise<Omit<JudgedImage, "isTag" | "resolved"> & { readonly digest: string }> {
  const image = await registry.manifest(repository, reference)
  if (image === undefined) return refuse("not-found", "the registry has no such image")
  const { digest, bytes } = image
  const tally: Tally = { verifiedCount: 0, falseCount: 0, unjudgedCount: 0, others: [] }
  const found = await findSignatures(registry, repository, digest, async (signature) => {
    let verdict: Verdict
    try {
      verdict = {
        outcome: "verified",
        verified: await judgeSignature(judge, signature, bytes, digest),
      }
    } catch (error) {
      verdict = verdictFrom(error)
    }
    count(tally, signature.place, verdict)
  })
  const faults = found.map(({ place, why }) => `${place}: ${why}`)
  const { verified, verifiedCount, falseCount, unjudgedCount, others } = tally
  const verdict: Verdict =
    verified === undefined ? verdictOfNone(tally, faults) : { outcome: "verified", verified }
  return { digest, verdict, verifiedCount, otherCount: falseCount + unjudgedCount, others, faults }
}

const nothing = { verifiedCount: 0, otherCount: 0, others: [], faults: [] } as const

/** Rejects only for a bug: a registry that fails is a verdict. */
export async function judgeImage(
  judge: Judge,
  image: string,
  options: RegistryOptions & { readonly registry?: string },
  { fetch, patience }: Network,
): Promise<JudgedImage> {
  try {
    const { host, repository, reference } = parseImageReference(image)
    const url = options.registry ?? registryUrl(host)
    const registry = await openRegistry(url, options, fetch, undefined, patience)
    const { digest, ...judged } = await judgeSignatures(judge, registry, repository, reference)
    const isTag = reference !== digest
    return { ...judged, isTag, resolved: `${host}/${repository}@${digest}` }
  } catch (error) {
    // What the registry answers is nothing that was handed over to be judged.
    const verdict: Verdict =
      error instanceof Refusal ? { outcome: "failed", cause: error } : verdictFrom(error)
    return { verdict, isTag: false, ...nothing }
  }
}
