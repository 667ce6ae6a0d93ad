// sigstore-js on both Rekor APIs: signing messages and attestations with a key of one's own, and verifying
// them. Runs in this process, as it would in a program that uses it.
import "./loopback.ts"
import { generateKeyPairSync, sign } from "node:crypto"
import { readFileSync } from "node:fs"
import { type Bundle, bundleFromJSON, bundleToJSON } from "@sigstore/bundle"
import { TrustedRoot } from "@sigstore/protobuf-specs"
import {
  DSSEBundleBuilder,
  MessageSignatureBundleBuilder,
  RekorWitness,
  type RekorWitnessOptions,
  type Signer,
  TSAWitness,
  type Witness,
} from "@sigstore/sign"
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify"
import type { Check } from "../running/check.ts"
import { expectMatch, expectSame } from "../stand/stand.ts"
import type { TimestampAuthority } from "../stand/timestamp-authority.ts"
import { entryOf, foreignReason, wrongBundles } from "./damage.ts"

/** What these checks need of a log. */
export interface JsStand {
  readonly url: string
  /** Paths of trusted roots. */
  readonly trustedRoot: string
  readonly foreignRoot: string
  readonly timestamps: TimestampAuthority
}

export type Form = "message" | "dsse" | "intoto"

export interface Artifact {
  readonly data: Buffer
  readonly type: string
}

export const PAYLOAD_TYPE = "application/vnd.in-toto+json"
let artifacts = 0

function newArtifact(): Artifact {
  artifacts += 1
  const subject = [{ name: "artifact", digest: { sha256: "00".repeat(32) } }]
  const statement = { _type: "https://in-toto.io/Statement/v1", subject, predicate: { artifacts } }
  return {
    data: Buffer.from(JSON.stringify({ ...statement, now: Date.now() })),
    type: PAYLOAD_TYPE,
  }
}

/** A new P-256 key. */
export function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString()
  const signer: Signer = {
    sign: (data) =>
      Promise.resolve({
        signature: sign("sha256", data, privateKey),
        key: { $case: "publicKey", publicKey: pem, hint: "interop" },
      }),
  }
  return { publicKey, signer }
}

export type Key = ReturnType<typeof newKey>

/** Signs as a program does that has no patience for retries. */
export async function signed(
  { url }: JsStand,
  { signer }: Key,
  { data, type }: Artifact,
  form: Form,
  options: RekorWitnessOptions,
  others: readonly Witness[] = [],
): Promise<Bundle> {
  const entryType = form === "intoto" ? "intoto" : "dsse"
  const rekor = new RekorWitness({ rekorBaseURL: url, entryType, retry: 0, ...options })
  const witnesses = [...others, rekor]
  return form === "message"
    ? await new MessageSignatureBundleBuilder({ signer, witnesses }).create({ data })
    : await new DSSEBundleBuilder({ signer, witnesses }).create({ data, type })
}

interface Verification {
  readonly root: object
  readonly key: Key
  readonly artifact: Artifact
  /** How many times the verifier wants; its default is 1. */
  readonly timestamps?: number
}

/** Verifies the bundle as it is in a file, so that writing and reading it are part of the check. */
export function verify(bundle: string, { root, key, artifact, timestamps }: Verification): void {
  const trust = toTrustMaterial(TrustedRoot.fromJSON(root), () => ({
    publicKey: key.publicKey,
    validFor: () => true,
  }))
  const threshold = timestamps === undefined ? {} : { timestampThreshold: timestamps }
  const parsed = bundleFromJSON(JSON.parse(bundle))
  const isMessage = parsed.content.$case === "messageSignature"
  const entity = isMessage ? toSignedEntity(parsed, artifact.data) : toSignedEntity(parsed)
  new Verifier(trust, threshold).verify(entity)
}

export function readRoot(path: string): object {
  return JSON.parse(readFileSync(path, "utf8")) as object
}

/** As it is in a file. */
export function text(bundle: Bundle): string {
  return JSON.stringify(bundleToJSON(bundle))
}

function kindOf(bundle: string): string {
  const { kind, version } = entryOf(bundle).kindVersion ?? {}
  return `${kind} ${version}`
}

function signingCheck(stand: JsStand, majorApiVersion: 1 | 2, form: Form, kind: string): Check {
  return {
    operation: `API v${majorApiVersion}: sign and verify, ${form} as ${kind}`,
    async run() {
      const [key, artifact] = [newKey(), newArtifact()]
      const bundle = text(await signed(stand, key, artifact, form, { majorApiVersion }))
      expectSame(kindOf(bundle), kind, "kind of the entry")
      const own = { root: readRoot(stand.trustedRoot), key, artifact }
      // An entry of version 1 has a time, which counts as the one that is wanted by default.
      verify(bundle, majorApiVersion === 1 ? own : { ...own, timestamps: 0 })
    },
  }
}

function timestampCheck(stand: JsStand): Check {
  return {
    operation: "API v2: sign and verify with a timestamp",
    async run() {
      const [key, artifact] = [newKey(), newArtifact()]
      const { url, trusted } = stand.timestamps
      const timestamps = new TSAWitness({ tsaBaseURL: url })
      const options = { majorApiVersion: 2 }
      const bundle = await signed(stand, key, artifact, "message", options, [timestamps])
      const root = { ...readRoot(stand.trustedRoot), timestampAuthorities: [trusted] }
      verify(text(bundle), { root, key, artifact })
    },
  }
}

/** The same signature again: version 1 answers 409, version 2 with the entry that is there. */
function repeatedCheck(stand: JsStand, majorApiVersion: 1 | 2): Check {
  return {
    operation: `API v${majorApiVersion}: the same entry twice`,
    async run() {
      const [key, artifact] = [newKey(), newArtifact()]
      const once = await key.signer.sign(artifact.data)
      const same = { ...key, signer: { sign: () => Promise.resolve(once) } }
      const options = { majorApiVersion, fetchOnConflict: true }
      const add = async () => text(await signed(stand, same, artifact, "message", options))
      const [first, second] = [await add(), await add()]
      expectSame(entryOf(second).logIndex, entryOf(first).logIndex, "index of the entry")
      const timestamps = majorApiVersion === 1 ? 1 : 0
      verify(second, { root: readRoot(stand.trustedRoot), key, artifact, timestamps })
    },
  }
}

export function expectRefusal(refuse: () => void, reason: RegExp, what: string): void {
  let message = ""
  try {
    refuse()
  } catch (error) {
    message = String(error)
  }
  expectMatch(message, reason, what)
}

function refusalCheck(stand: JsStand, majorApiVersion: 1 | 2): Check {
  return {
    operation: `API v${majorApiVersion}: refuses another's entry, proof, checkpoint, log key`,
    async run() {
      const [key, artifact] = [newKey(), newArtifact()]
      const add = async (it: Artifact) =>
        text(await signed(stand, key, it, "message", { majorApiVersion }))
      const other = await add(newArtifact())
      const good = await add(artifact)
      const root = readRoot(stand.trustedRoot)
      const own = { root, key, artifact, timestamps: majorApiVersion === 1 ? 1 : 0 }
      verify(good, own)
      for (const { bundle, reason } of wrongBundles(good, other)) {
        expectRefusal(() => verify(bundle, own), reason, "refusal of a wrong bundle")
      }
      const foreign = { ...own, root: readRoot(stand.foreignRoot) }
      expectRefusal(() => verify(good, foreign), foreignReason, "refusal of another log's key")
    },
  }
}

/** Everything that sigstore-js is to do. */
export function sigstoreJsChecks(stand: JsStand): readonly Check[] {
  return [
    signingCheck(stand, 1, "message", "hashedrekord 0.0.1"),
    signingCheck(stand, 1, "dsse", "dsse 0.0.1"),
    signingCheck(stand, 1, "intoto", "intoto 0.0.2"),
    signingCheck(stand, 2, "message", "hashedrekord 0.0.2"),
    signingCheck(stand, 2, "dsse", "dsse 0.0.2"),
    timestampCheck(stand),
    repeatedCheck(stand, 1),
    repeatedCheck(stand, 2),
    refusalCheck(stand, 1),
    refusalCheck(stand, 2),
  ]
}
