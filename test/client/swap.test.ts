// T-SWAP: parts of valid bundles put into other valid bundles, every field edited, every byte flipped.
// All of it must be refused, except where a field says nothing that anyone relies on.
import { beforeAll, describe, expect, it } from "vitest"
import { formatSigstoreBundle, parseSigstoreBundle } from "../../src/client/sigstore-bundle.ts"
import { type VerifiedEntry, verifyBundle } from "../../src/client/verify.ts"
import { parseUtf8, utf8 } from "../../src/core/bytes.ts"
import { Refusal } from "../../src/core/errors.ts"
import { makeSigner } from "../entry/signers.ts"
import { blobBundle, type MadeBundle, makeBundles } from "./made-bundles.ts"
import { type MadeLog, makeLog } from "./made-log.ts"

let log: MadeLog
let bundles: readonly MadeBundle[]

/** Without the two slowest curves, which would take most of the time. */
let swapped: readonly MadeBundle[]

beforeAll(async () => {
  log = makeLog()
  bundles = await makeBundles(log)
  swapped = bundles.filter(({ name }) => name !== "p384" && name !== "p521")
})

function verify({ text, artifact, key }: MadeBundle): VerifiedEntry {
  return verifyBundle({ bundle: text, artifact, key, trust: { trustedRoot: log.trustedRoot } })
}

/** The code of the refusal, or `accepted`. */
function outcome(made: MadeBundle): string {
  try {
    verify(made)
    return "accepted"
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

type Parsed = ReturnType<typeof parseSigstoreBundle>
type Entry = Parsed["entries"][number]
type Proof = NonNullable<Entry["proof"]>

function partsOf(made: MadeBundle): { parsed: Parsed; entry: Entry; proof: Proof } {
  const parsed = parseSigstoreBundle(made.text)
  const [entry] = parsed.entries
  if (entry?.proof === undefined) return expect.fail("the bundle has no entry with a proof")
  return { parsed, entry, proof: entry.proof }
}

function withEntry(made: MadeBundle, change: (entry: Entry, proof: Proof) => Entry): MadeBundle {
  const { parsed, entry, proof } = partsOf(made)
  return { ...made, text: formatSigstoreBundle({ ...parsed, entries: [change(entry, proof)] }) }
}

function withProof(made: MadeBundle, change: (proof: Proof) => Proof): MadeBundle {
  return withEntry(made, (entry, proof) => ({ ...entry, proof: change(proof) }))
}

/** One part of `a` replaced by that of `b`, and the codes of which one must be the reason. */
interface Swap {
  readonly name: string
  readonly codes: readonly string[]
  apply(a: MadeBundle, b: MadeBundle): MadeBundle
}

const swaps: readonly Swap[] = [
  {
    name: "artifact",
    codes: ["mismatch"],
    apply: (a, b) => ({ ...a, artifact: b.artifact }),
  },
  {
    name: "key",
    codes: ["bad-signature", "mismatch"],
    apply: (a, b) => ({ ...a, key: b.key }),
  },
  {
    name: "signature",
    codes: ["bad-signature"],
    apply(a, b) {
      const { parsed } = partsOf(a)
      const { signature } = partsOf(b).parsed.content
      const content = { ...parsed.content, signature }
      return { ...a, text: formatSigstoreBundle({ ...parsed, content }) }
    },
  },
  {
    name: "content",
    codes: ["mismatch", "bad-signature"],
    apply(a, b) {
      const { content } = partsOf(b).parsed
      return { ...a, text: formatSigstoreBundle({ ...partsOf(a).parsed, content }) }
    },
  },
  {
    name: "content and artifact",
    codes: ["bad-signature", "mismatch"],
    apply(a, b) {
      const { content } = partsOf(b).parsed
      const text = formatSigstoreBundle({ ...partsOf(a).parsed, content })
      return { ...a, artifact: b.artifact, text }
    },
  },
  {
    // What cosign once accepted: any valid entry of the log beside a valid signature.
    name: "log entry",
    codes: ["mismatch", "bad-signature"],
    apply: (a, b) => withEntry(a, () => partsOf(b).entry),
  },
  {
    name: "body",
    codes: ["mismatch"],
    apply: (a, b) => withEntry(a, (entry) => ({ ...entry, body: partsOf(b).entry.body })),
  },
  {
    name: "index of the entry",
    codes: ["bad-proof"],
    apply: (a, b) => withEntry(a, (entry) => ({ ...entry, index: partsOf(b).entry.index })),
  },
  {
    name: "index of the proof",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, (proof) => ({ ...proof, index: partsOf(b).proof.index })),
  },
  {
    name: "both indexes",
    codes: ["bad-proof"],
    apply(a, b) {
      const { index } = partsOf(b).entry
      return withEntry(a, (entry, proof) => ({ ...entry, index, proof: { ...proof, index } }))
    },
  },
  {
    name: "hashes",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, (proof) => ({ ...proof, hashes: partsOf(b).proof.hashes })),
  },
  {
    name: "root",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, (proof) => ({ ...proof, root: partsOf(b).proof.root })),
  },
  {
    name: "size",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, (proof) => ({ ...proof, size: partsOf(b).proof.size })),
  },
  {
    name: "checkpoint",
    codes: ["bad-proof"],
    apply: (a, b) =>
      withProof(a, (proof) => ({ ...proof, checkpoint: partsOf(b).proof.checkpoint })),
  },
  {
    name: "checkpoint with size and root",
    codes: ["bad-proof"],
    apply(a, b) {
      const { checkpoint, size, root } = partsOf(b).proof
      return withProof(a, (proof) => ({ ...proof, checkpoint, size, root }))
    },
  },
  {
    name: "proof",
    codes: ["bad-proof"],
    apply: (a, b) => withProof(a, () => partsOf(b).proof),
  },
  {
    name: "proof and index",
    codes: ["bad-proof"],
    apply(a, b) {
      const { entry, proof } = partsOf(b)
      return withEntry(a, (own) => ({ ...own, index: entry.index, proof }))
    },
  },
]

describe("T-SWAP", () => {
  it.each(swaps)("refuses the $name of another bundle", ({ codes, apply }) => {
    const found = swapped.flatMap((a) =>
      swapped
        .filter((b) => b !== a)
        .map((b) => ({ a: a.name, b: b.name, code: outcome(apply(a, b)) })),
    )
    expect(found).toHaveLength(10 * 9)
    expect(found.filter(({ code }) => !codes.includes(code))).toEqual([])
  })

  it("refuses the checkpoint, the log ID and the proof of another log with the same entries", async () => {
    const twin = makeLog()
    const twins = await makeBundles(twin)
    const [own] = bundles
    const [other] = twins
    if (own === undefined || other === undefined) expect.fail("there are no bundles")
    const { entry, proof } = partsOf(other)
    expect(outcome(withProof(own, (it) => ({ ...it, checkpoint: proof.checkpoint })))).toBe(
      "untrusted",
    )
    expect(outcome(withEntry(own, (it) => ({ ...it, logId: entry.logId })))).toBe("untrusted")
    expect(outcome(other)).toBe("untrusted")
    expect(outcome(own)).toBe("accepted")
  })
})

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
  it("that is edited makes the bundle false, but for those that mean nothing to a verifier", () => {
    const accepted = new Set<string>()
    for (const made of [bundles[0], bundles[6], bundles[7]]) {
      if (made === undefined) expect.fail("there are no bundles")
      const value = JSON.parse(made.text) as Json
      const meaning = verify(made)
      for (const way of placesOf(value)) {
        for (const [name, change] of edits) {
          const text = JSON.stringify(edited(value, way, change) ?? null)
          if (text === made.text || outcome({ ...made, text }) !== "accepted") continue
          expect(verify({ ...made, text })).toEqual(meaning)
          accepted.add(`${way.filter((it) => typeof it === "string").join(".")}: ${name}`)
        }
      }
    }
    expect([...accepted].toSorted()).toEqual(neutralEdits)
  })
})

/**
 * Edits that change nothing that is verified: the hint and the key ID help to find a key, which the
 * caller has; the time is zero in Rekor v2 and promised by nobody; the digest is computed anew.
 */
const neutralEdits = [
  "dsseEnvelope.signatures.keyid: an empty string",
  "dsseEnvelope.signatures.keyid: another character",
  "dsseEnvelope.signatures.keyid: null",
  "dsseEnvelope.signatures.keyid: one character more",
  "dsseEnvelope.signatures.keyid: removed",
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
    const trust = { trustedRoot: small.trustedRoot }
    const { artifact, key } = made
    const meaning = verifyBundle({ bundle: made.text, artifact, key, trust })
    const bytes = utf8(made.text)
    const neutral = new Set<string>()
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes)
      flipped[at] = (bytes[at] as number) ^ 1
      try {
        const bundle = parseUtf8(flipped, "bundle")
        const found = verifyBundle({ bundle, artifact, key, trust })
        expect(found).toEqual(meaning)
        neutral.add(placeAt(parseUtf8(bytes.subarray(0, at), "bundle")))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
      }
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
