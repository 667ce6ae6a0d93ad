// Bundles of which any field is edited or any byte is flipped. All of it must be refused, except where
// a field says nothing that anyone relies on.
import { beforeAll, describe, expect, it } from "vitest"
import { type VerifiedBundle, verifyBundle } from "../../src/client/verify/verify.ts"
import { parseUtf8, utf8 } from "../../src/core/base/bytes.ts"
import { makeSigner } from "../entry/signers.ts"
import { valueOrRefusal } from "../refusals.ts"
import { blobBundle, type MadeBundle, makeBundles } from "./made-bundles.ts"
import { type MadeLog, makeLog } from "./made-log.ts"

/** What is verified, or undefined for a refusal. */
function meaningOf(log: MadeLog, { text, artifact, key }: MadeBundle): VerifiedBundle | undefined {
  const trust = { trustedRoot: log.trustedRoot }
  return valueOrRefusal(() => verifyBundle({ bundle: text, artifact, key, trust }))
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Every place of a value, as the names and positions that lead to it. */
function placesOf(value: Json, way: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [[...way]]
  const members: [string | number, Json][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value)
  return [[...way], ...members.flatMap(([name, member]) => placesOf(member, [...way, name]))]
}

/** A copy with the value at one place replaced; `undefined` removes it. */
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

const edits: readonly [name: string, change: (old: Json) => unknown][] = [
  ["removed", () => undefined],
  ["null", () => null],
  ["an empty string", () => ""],
  ["a number", () => 7],
  ["a list", () => []],
  ["an object", () => ({})],
  ["another character", (old) => (typeof old === "string" ? alterText(old) : "x")],
  ["one character more", (old) => (typeof old === "string" ? `${old}A` : true)],
  ["with a stranger", (old) => (isRecord(old) ? { ...old, stranger: 1 } : [old])],
]

function isRecord(value: Json): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function alterText(text: string): string {
  const middle = Math.floor(text.length / 2)
  const other = text.charAt(middle) === "A" ? "B" : "A"
  return text.slice(0, middle) + other + text.slice(middle + 1)
}

describe("every field", () => {
  let log: MadeLog
  let bundles: readonly MadeBundle[]

  beforeAll(async () => {
    log = makeLog()
    bundles = await makeBundles(log)
  })

  it("that is edited makes the bundle false, but for those that mean nothing to a verifier", () => {
    const accepted = new Set<string>()
    for (const made of [bundles[0], bundles[6], bundles[7]]) {
      if (made === undefined) expect.fail("there are no bundles")
      const value = JSON.parse(made.text) as Json
      const meaning = meaningOf(log, made)
      expect(meaning).toBeDefined()
      for (const way of placesOf(value)) {
        for (const [name, change] of edits) {
          const text = JSON.stringify(edited(value, way, change) ?? null)
          const found = text === made.text ? undefined : meaningOf(log, { ...made, text })
          if (found === undefined) continue
          expect(found).toEqual(meaning)
          accepted.add(`${way.filter((it) => typeof it === "string").join(".")}: ${name}`)
        }
      }
    }
    expect([...accepted].toSorted()).toEqual(neutralEdits)
  })
})

/**
 * Edits that change nothing that is verified: the hint and the key ID help to find a key, which the
 * caller has; DSSE lets others add members; the time is zero in Rekor v2 and promised by nobody; the digest is computed anew.
 */
const neutralEdits = [
  "dsseEnvelope.signatures.keyid: an empty string",
  "dsseEnvelope.signatures.keyid: another character",
  "dsseEnvelope.signatures.keyid: null",
  "dsseEnvelope.signatures.keyid: one character more",
  "dsseEnvelope.signatures.keyid: removed",
  "dsseEnvelope.signatures: with a stranger",
  "dsseEnvelope: with a stranger",
  "messageSignature.messageDigest: null",
  "messageSignature.messageDigest: removed",
  "verificationMaterial.publicKey.hint: an empty string",
  "verificationMaterial.publicKey.hint: another character",
  "verificationMaterial.publicKey.hint: null",
  "verificationMaterial.publicKey.hint: one character more",
  "verificationMaterial.publicKey.hint: removed",
  "verificationMaterial.publicKey: an object",
  "verificationMaterial.tlogEntries.integratedTime: a number",
  "verificationMaterial.tlogEntries.integratedTime: null",
  "verificationMaterial.tlogEntries.integratedTime: removed",
]

describe("every byte", () => {
  it("that is flipped makes the bundle false, but for the hint, the time and signatures of keys that are not pinned", async () => {
    const small = makeLog()
    const made = await blobBundle(small, "small", makeSigner("ed25519"))
    const meaning = meaningOf(small, made)
    expect(meaning).toBeDefined()
    const bytes = utf8(made.text)
    const neutral = new Set<string>()
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes)
      flipped[at] = (bytes[at] as number) ^ 1
      const text = valueOrRefusal(() => parseUtf8(flipped, "bundle"))
      const found = text === undefined ? undefined : meaningOf(small, { ...made, text })
      if (found === undefined) continue
      expect(found).toEqual(meaning)
      neutral.add(placeAt(parseUtf8(bytes.subarray(0, at), "bundle")))
    }
    expect([...neutral]).toEqual(["hint", "integratedTime", "line of a key that is not pinned"])
  })
})

/** The name of the last member that begins in this text, or the second signature line in it. */
function placeAt(text: string): string {
  const isSecondLine = text.split("— ").length === 3
  const name = text.match(/.*"(\w+)":/s)?.[1] ?? ""
  return name === "envelope" && isSecondLine ? "line of a key that is not pinned" : name
}
