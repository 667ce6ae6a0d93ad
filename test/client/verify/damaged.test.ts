// Bundles of every kind of entry with each member damaged: none is accepted, none that is well formed is called
// unreadable, and none that Sigstore's own verifier refuses is taken here.
import { createPublicKey } from "node:crypto"
import { bundleFromJSON } from "@sigstore/bundle"
import { TrustedRoot } from "@sigstore/protobuf-specs"
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify"
import { expect, test } from "vitest"
import { type VerifiedBundle, verifyBundle } from "../../../src/client/verify/verify.ts"
import { Refusal } from "../../../src/core/base/errors.ts"
import { formatTrustedRoot, readTrustedRoot } from "../../../src/sigstore/trusted-root.ts"
import { makeSigner } from "../../entry/signers.ts"
import { blobBundle, envelopeBundle, type MadeBundle } from "../made-bundles.ts"
import { makeLog } from "../made-log.ts"
import { dsseV1, type EntryJson, hashedrekordV1, intotoV1, makeRekorLog } from "./made-rekor.ts"

interface Case {
  readonly made: MadeBundle
  readonly root: string
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

function outcome({ made, root }: Case, text: string): VerifiedBundle | Refusal {
  const { artifact, key } = made
  try {
    return verifyBundle({ bundle: text, artifact, key, trust: readTrustedRoot(root) })
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** Whether Sigstore's own verifier takes it, which looks at no artifact beside an envelope. */
function isTakenByReference({ made, root }: Case, text: string): boolean {
  const publicKey = createPublicKey(made.key)
  const material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(root)), () => ({
    publicKey,
    validFor: () => true,
  }))
  try {
    const bundle = bundleFromJSON(JSON.parse(text))
    const isMessage = bundle.content.$case === "messageSignature"
    const entity = isMessage
      ? toSignedEntity(bundle, Buffer.from(made.artifact))
      : toSignedEntity(bundle)
    new Verifier(material, { timestampThreshold: 0 }).verify(entity)
    return true
  } catch {
    return false
  }
}

/** Every place of a value, as the names and positions that lead to it. */
function placesOf(value: Json, way: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[...way]]
  const members: [string | number, Json][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value)
  return [[...way], ...members.flatMap(([name, member]) => placesOf(member, [...way, name]))]
}

function edited(
  value: Json,
  way: readonly (string | number)[],
  change: (old: Json) => unknown,
): Json {
  const [name, ...rest] = way
  if (name === undefined) return change(value) as Json
  const copy = structuredClone(value) as Record<string | number, Json>
  copy[name] = edited(copy[name] as Json, rest, change)
  return copy as Json
}

/** Edits after which a place is of another form, or is not there. */
const breaks: readonly ((old: Json) => unknown)[] = [
  () => undefined,
  () => null,
  () => "",
  () => 7,
  () => [],
  () => ({}),
]

function flipped(text: string, at: (length: number) => number): string {
  const bytes = Buffer.from(text, "base64")
  const place = at(bytes.length)
  bytes[place] = (bytes[place] as number) ^ 1
  return bytes.toString("base64")
}

/** Other values of the same form. */
function otherValues(old: Json): readonly string[] {
  if (typeof old !== "string") return []
  if (/^[0-9]+$/.test(old)) return [String(Number(old) + 1), String(Math.max(0, Number(old) - 1))]
  if (old.includes("\n")) {
    const [name = "", size = "", ...rest] = old.split("\n")
    return [
      [name, String(Number(size) + 1), ...rest].join("\n"),
      [`${name}1`, size, ...rest].join("\n"),
      [`x${name}`, size, ...rest].join("\n"),
    ]
  }
  const isBase64 = old.length > 8 && Buffer.from(old, "base64").toString("base64") === old
  return isBase64
    ? [flipped(old, () => 0), flipped(old, (n) => n - 1), flipped(old, (n) => n >> 1)]
    : []
}

const p256 = () => ({ signer: makeSigner("ecdsa-p256") })

async function cases(): Promise<readonly Case[]> {
  const v1 = makeRekorLog()
  const v2 = makeLog()
  const of = { baseUrl: "https://log.example", spki: v2.ecdsaSpki, validFrom: new Date(0) }
  const [root1, root2] = [v1.trustedRoot, formatTrustedRoot([of])]
  // So that no index is zero and no proof is empty, which may both be left out.
  for (const name of ["a", "b"]) await blobBundle(v2, name, makeSigner("ecdsa-p256"))
  const blob = hashedrekordV1(v1, "hashedrekord 0.0.1", p256())
  const promised = hashedrekordV1(v1, "promised", p256())
  const { inclusionProof: _, ...entry } = promised.entry
  const text = promised.around([entry as EntryJson], "0.1")
  const signer = makeSigner("ecdsa-p256")
  return [
    { made: blob, root: root1 },
    { made: { ...promised, text }, root: root1 },
    { made: dsseV1(v1, "dsse 0.0.1", p256()), root: root1 },
    { made: intotoV1(v1, "intoto 0.0.2", p256()), root: root1 },
    { made: await blobBundle(v2, "hashedrekord 0.0.2", signer), root: root2 },
    { made: await envelopeBundle(v2, "dsse 0.0.2", signer), root: root2 },
  ]
}

const FALSE = ["mismatch", "bad-signature", "bad-proof", "untrusted"]

/** What one edit did, told without the values. */
function nameOf(way: readonly (string | number)[]): string {
  return way.filter((it) => typeof it === "string").join(".")
}

test("no damaged member is accepted, but those that say nothing to a verifier", async () => {
  const accepted = new Set<string>()
  for (const own of await cases()) {
    const value = JSON.parse(own.made.text) as Json
    expect(outcome(own, own.made.text)).not.toBeInstanceOf(Refusal)
    for (const way of placesOf(value)) {
      for (const change of [
        ...breaks,
        ...otherValues(at(value, way)).map((other) => () => other),
      ]) {
        const text = JSON.stringify(edited(value, way, change) ?? null)
        if (text === own.made.text) continue
        const found = outcome(own, text)
        if (!(found instanceof Refusal)) accepted.add(nameOf(way))
      }
    }
  }
  expect([...accepted].toSorted()).toEqual([
    "dsseEnvelope.signatures.keyid",
    "messageSignature.messageDigest",
    "verificationMaterial.publicKey",
    "verificationMaterial.publicKey.hint",
    "verificationMaterial.tlogEntries.inclusionPromise",
    "verificationMaterial.tlogEntries.integratedTime",
  ])
})

test("what is well formed and not so is called false, and nothing else is", async () => {
  for (const own of await cases()) {
    const value = JSON.parse(own.made.text) as Json
    for (const way of placesOf(value)) {
      for (const other of otherValues(at(value, way))) {
        const text = JSON.stringify(edited(value, way, () => other))
        const found = outcome(own, text)
        if (!(found instanceof Refusal) || FALSE.includes(found.code)) continue
        expect.fail(`${own.made.name}, ${nameOf(way)}: ${found.code}, ${found.message}`)
      }
    }
  }
})

test("nothing is accepted that Sigstore's own verifier refuses", async () => {
  const more = new Set<string>()
  for (const own of await cases()) {
    const value = JSON.parse(own.made.text) as Json
    expect(isTakenByReference(own, own.made.text)).toBe(true)
    for (const way of placesOf(value)) {
      for (const change of [
        ...breaks,
        ...otherValues(at(value, way)).map((other) => () => other),
      ]) {
        const text = JSON.stringify(edited(value, way, change) ?? null)
        const isTaken = !(outcome(own, text) instanceof Refusal)
        if (isTaken && !isTakenByReference(own, text)) more.add(nameOf(way))
      }
    }
  }
  // The digest by the bundle's word may be missing here: it is computed of the artifact anyway.
  expect([...more].toSorted()).toEqual(["messageSignature.messageDigest"])
})

function at(value: Json, way: readonly (string | number)[]): Json {
  let found = value
  for (const name of way) found = (found as Record<string | number, Json>)[name] as Json
  return found
}
