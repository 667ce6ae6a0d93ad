// What a case of a verifier is: a bundle with all that a verifier is given, and whether it holds. The kinds of cases are
// those of Sigstore's conformance suite; everything in them is made here.
import { Buffer } from "node:buffer"
import type { EntryJson } from "../authority/rekor.ts"
import type { BundleJson } from "../authority/signing.ts"
import { base64 } from "../entry/signers.ts"
import { IDENTITY, ISSUER, type World } from "./world.ts"

export interface Case {
  readonly name: string
  readonly isGood: boolean
  readonly bundle: string
  readonly trustedRoot: string
  readonly artifact: Uint8Array
  readonly identity: string
  readonly issuer: string
  /** PEM; then identity and issuer are not asked for. */
  readonly key?: string
}

type Given = Partial<Omit<Case, "bundle" | "isGood" | "name">>

export function caseOf(
  world: World,
  name: string,
  isGood: boolean,
  bundle: BundleJson | string,
  given: Given = {},
): Case {
  return {
    name,
    isGood,
    bundle: typeof bundle === "string" ? bundle : JSON.stringify(bundle),
    trustedRoot: world.trustedRoot,
    artifact: world.artifact,
    identity: IDENTITY,
    issuer: ISSUER,
    ...given,
  }
}

/** A copy with something changed. */
export function changed(bundle: BundleJson, change: (copy: BundleJson) => void): BundleJson {
  const copy = structuredClone(bundle)
  change(copy)
  return copy
}

export function entryOf({ verificationMaterial }: BundleJson): EntryJson {
  return verificationMaterial.tlogEntries[0] as EntryJson
}

/** A copy with its entry changed. */
export function withEntry(bundle: BundleJson, change: (entry: EntryJson) => void): BundleJson {
  return changed(bundle, (copy) => change(entryOf(copy)))
}

/** A copy with its checkpoint changed, line by line. */
export function withCheckpoint(
  bundle: BundleJson,
  change: (lines: readonly string[]) => readonly string[],
): BundleJson {
  return withEntry(bundle, ({ inclusionProof }) => {
    if (inclusionProof === undefined) throw new Error("no proof to change")
    const { checkpoint } = inclusionProof
    checkpoint.envelope = change(checkpoint.envelope.split("\n")).join("\n")
  })
}

/** A copy in the form of an older version, with a chain of certificates. */
export function asOlder(
  bundle: BundleJson,
  version: "0.1" | "0.2",
  chain: readonly Uint8Array[],
): BundleJson {
  return changed(bundle, (copy) => {
    copy.mediaType = `application/vnd.dev.sigstore.bundle+json;version=${version}`
    delete copy.verificationMaterial.certificate
    const certificates = chain.map((der) => ({ rawBytes: base64(der) }))
    copy.verificationMaterial.x509CertificateChain = { certificates }
  })
}

/** The same base64 with one bit of its bytes changed. */
export function flipped(text: string, at = 0): string {
  const bytes = Buffer.from(text, "base64")
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes.toString("base64")
}

/** A trusted root with something changed. */
// biome-ignore lint/suspicious/noExplicitAny: a test may change any member of any file.
export function withRoot(text: string, change: (root: any) => void): string {
  const root = JSON.parse(text)
  change(root)
  return JSON.stringify(root)
}
