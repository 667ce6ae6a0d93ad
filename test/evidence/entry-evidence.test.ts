import { describe, expect, test } from "vitest"
import { dssePae } from "../../src/entry/dsse.ts"
import { dsseBody } from "../../src/entry/kinds/dsse-v002.ts"
import { makeEntryEvidence } from "../../src/evidence/entry-evidence.ts"
import type { EntryEvidenceKind } from "../../src/evidence/evidence.ts"
import { parseEvidence } from "../../src/evidence/format.ts"
import { verifyEvidence } from "../../src/evidence/verification.ts"
import { makeSigner, type Signer, signMessage } from "../entry/signers.ts"
import { bodies, sha256 } from "../reference.ts"
import { expectRefusal } from "../refusals.ts"
import {
  alice,
  bob,
  hashedrekordOf,
  headOf,
  intotoOf,
  keyOf,
  log,
  logged,
  noteOf,
  otherLog,
  rekordOf,
  replaced,
  revocationOf,
  statementOf,
  timedLog,
  witness,
} from "./made-cases.ts"

const good = hashedrekordOf(alice, "artifact")
const bad = replaced(good, '"SHA2_256","digest":"', '"SHA2_256","digest":"AAAA').slice()

/** Whose digest is another one, so that the signature is over something else. */
const forged = replaced(
  good,
  Buffer.from(sha256(Buffer.from("artifact"))).toString("base64"),
  Buffer.from(sha256(Buffer.from("other"))).toString("base64"),
)

function dsseOf(signer: Signer, payload: Uint8Array): Uint8Array {
  const message = dssePae("application/vnd.in-toto+json", payload)
  const algorithm = "PKIX_ECDSA_P256_SHA_256"
  const signature = signMessage(signer, algorithm, message)
  const key = { form: "publicKey", der: signer.spki } as const
  return dsseBody({ payloadDigest: sha256(payload), signatures: [{ algorithm, signature, key }] })
}

/** A log with these bodies among others, from index 2 on. */
function logOf(...own: readonly Uint8Array[]) {
  const [first, second, ...rest] = bodies(9)
  const all = [first as Uint8Array, second as Uint8Array, ...own, ...rest]
  return {
    all,
    note: noteOf(headOf(all), [witness, log]),
    entries: own.map((_, i) => logged(all, 2 + i)),
  }
}

function make(
  kind: EntryEvidenceKind,
  own: readonly Uint8Array[],
  payloads?: readonly Uint8Array[],
) {
  const { note, entries } = logOf(...own)
  const given = entries.map((entry, i) => {
    const payload = payloads?.[i]
    return payload === undefined ? entry : { ...entry, payload }
  })
  return makeEntryEvidence(kind, log.vkey, note, given)
}

const kinds: readonly { readonly kind: EntryEvidenceKind; readonly own: readonly Uint8Array[] }[] =
  [
    { kind: "bad-entry", own: [forged] },
    { kind: "unexpected-entry", own: [good] },
    { kind: "duplicate-entry", own: [good, good] },
    {
      kind: "signed-after-revocation",
      own: [revocationOf(alice), hashedrekordOf(alice, "later")],
    },
  ]

describe.each(kinds)("evidence of kind $kind", ({ kind, own }) => {
  test("holds, names the log and freezes nobody", () => {
    const { text, id } = make(kind, own)
    expect(verifyEvidence(text, log.vkey)).toMatchObject({
      id,
      kind,
      effect: "presents",
      key: log.vkey,
      origin: log.vkey.name,
      freezes: false,
    })
  })

  test("is refused for a path that leads elsewhere, another index and another body", () => {
    const { note, entries } = logOf(...own)
    const changed = (change: object) => entries.map((entry) => ({ ...entry, ...change }))
    const make = (given: typeof entries) => () => makeEntryEvidence(kind, log.vkey, note, given)
    expectRefusal("bad-proof", make(changed({ path: entries[0]?.path.slice(1) })))
    expectRefusal("bad-proof", make(entries.map((entry) => ({ ...entry, index: entry.index + 4 }))))
    expectRefusal("bad-proof", make(changed({ body: hashedrekordOf(bob, "x") })))
  })

  test("is refused without the log's signature, under another key and of a witness", () => {
    const { all, entries } = logOf(...own)
    const make = (note: string, { vkey } = log) => makeEntryEvidence(kind, vkey, note, entries)
    expectRefusal("untrusted", () => make(noteOf(headOf(all), [witness])))
    const as = (signer: typeof log) => noteOf(headOf(all), [signer], { origin: "else.example" })
    expectRefusal("bad-proof", () => make(as(timedLog), timedLog))
    const named = verifyEvidence(make(as(log)).text, log.vkey)
    expect(named).toMatchObject({ effect: "presents", origin: "else.example", freezes: false })
    const { text } = makeEntryEvidence(kind, log.vkey, noteOf(headOf(all), [log]), entries)
    expectRefusal("untrusted", () => verifyEvidence(text, otherLog.vkey))
  })

  test("is refused for too few entries, too many, or in the wrong order", () => {
    const { all, note, entries } = logOf(...own)
    const make = (given: typeof entries) => () => makeEntryEvidence(kind, log.vkey, note, given)
    expectRefusal("malformed", make([]))
    const isPair = entries.length === 2
    expectRefusal(isPair ? "too-large" : "malformed", make([logged(all, 0), ...entries]))
    if (isPair) expectRefusal("malformed", make(entries.toReversed()))
  })

  test("takes a remark of one line, which it says is not proven", () => {
    const { note, entries } = logOf(...own)
    const { text } = makeEntryEvidence(kind, log.vkey, note, entries, "rule 7: no key of ours")
    expect(parseEvidence(text).remark).toBe("rule 7: no key of ours")
    expect(verifyEvidence(text).claims.at(-1)).toBe(
      "Remark of the maker, which nothing proves: rule 7: no key of ours",
    )
    for (const remark of ["", "two\nlines", "x".repeat(501)]) {
      expectRefusal("malformed", () => makeEntryEvidence(kind, log.vkey, note, entries, remark))
    }
  })
})

describe("evidence of a bad entry", () => {
  test.each([
    { name: "a signature that does not hold", body: forged },
    { name: "a digest of the wrong length", body: bad },
    { name: "a hash that its digest does not fit", body: replaced(good, "SHA2_256", "SHA2_384") },
    { name: "a rekord by another key", body: rekordOf(alice, "x", makeSigner("ecdsa-p256")) },
    { name: "bytes that are no JSON", body: Uint8Array.of(0xff, 0) },
    { name: "JSON without a kind", body: new TextEncoder().encode("{}") },
    { name: "no signature", body: replaced(good, '"content":', '"contents":') },
    {
      name: "an algorithm that is not the key's",
      body: replaced(good, "PKIX_ECDSA_P256_SHA_256", "PKIX_ED25519_PH"),
    },
  ])("holds for $name", ({ body }) => {
    expect(verifyEvidence(make("bad-entry", [body]).text).kind).toBe("bad-entry")
  })

  test.each([
    { name: "an entry whose signature holds", body: good },
    { name: "another whose signature holds", body: hashedrekordOf(bob, "x") },
    { name: "a rekord whose signature holds", body: rekordOf(alice, "x") },
    { name: "a rekord by Ed25519, for which the artifact is needed", body: rekordOf(bob, "x") },
    { name: "a DSSE entry, which does not say what was signed", body: dsseOf(alice, good) },
    {
      name: "a kind that is not known",
      body: new TextEncoder().encode('{"apiVersion":"0.0.1","kind":"helm","spec":{}}'),
    },
    {
      name: "an algorithm that is not known",
      body: replaced(forged, "PKIX_ECDSA_P256_SHA_256", "PKIX_RSA_PSS_2048_SHA256"),
    },
    { name: "a hash that is not known", body: replaced(forged, "SHA2_256", "SHA3_256") },
    {
      name: "a pair of key and hash that others take",
      body: rekordOf(makeSigner("ecdsa-p384"), "not what was signed"),
    },
  ])("frames no log for $name", ({ body }) => {
    expectRefusal("bad-proof", () => make("bad-entry", [body]))
  })

  test("judges an in-toto entry by its payload, and a DSSE entry not even then", () => {
    const payload = statementOf("app@1.0.0", "a")
    const entry = intotoOf(alice, payload)
    const lie = intotoOf(bob, payload, alice)
    expect(verifyEvidence(make("bad-entry", [lie], [payload]).text).kind).toBe("bad-entry")
    expectRefusal("bad-proof", () => make("bad-entry", [lie]))
    expectRefusal("bad-proof", () => make("bad-entry", [entry], [payload]))
    expectRefusal("mismatch", () => make("bad-entry", [lie], [statementOf("app@1.0.0", "b")]))
    expectRefusal("bad-proof", () => make("bad-entry", [dsseOf(alice, payload)], [payload]))
  })
})

test("a duplicate is the same body twice", () => {
  expectRefusal("bad-proof", () => make("duplicate-entry", [good, hashedrekordOf(alice, "other")]))
})

test("a payload of another entry is refused wherever it is given", () => {
  expectRefusal("mismatch", () => make("unexpected-entry", [good], [good]))
})

describe("evidence of a signature after the revocation", () => {
  const revocation = revocationOf(alice)
  const later = hashedrekordOf(alice, "later")

  test("also takes an attestation that names the key", () => {
    const { text } = make("signed-after-revocation", [revocation, dsseOf(alice, good)])
    expect(verifyEvidence(text).claims[0]).toContain(keyOf(alice))
  })

  test.each([
    { name: "an entry before the revocation", own: [later, revocation] },
    { name: "an entry by another key", own: [revocation, hashedrekordOf(bob, "later")] },
    { name: "a second revocation", own: [revocation, revocation] },
    { name: "an entry that is no revocation", own: [good, later] },
    {
      name: "a revocation by another key",
      own: [hashedrekordOf(bob, `countersign-revocation/v1\nkey ${keyOf(alice)}\n`), later],
    },
    {
      name: "a later entry whose signature does not hold",
      own: [revocation, forged],
    },
  ])("is refused for $name", ({ own }) => {
    expectRefusal("bad-proof", () => make("signed-after-revocation", own))
  })

  test("is refused for a revocation whose signature does not hold", () => {
    const other = hashedrekordOf(alice, "not this")
    const content = (body: Uint8Array) =>
      JSON.parse(Buffer.from(body).toString()).spec.hashedRekordV002.signature.content
    const unsigned = replaced(revocation, content(revocation), content(other))
    expectRefusal("bad-proof", () => make("signed-after-revocation", [unsigned, later]))
  })
})

describe("evidence of conflicting claims", () => {
  const a = statementOf("registry.example/app:1.0", "a")
  const b = statementOf("registry.example/app:1.0", "b")
  const conflict = (one: Uint8Array, other: Uint8Array) =>
    make("conflicting-claims", [dsseOf(alice, one), dsseOf(bobP256, other)], [one, other])
  const bobP256 = makeSigner("ecdsa-p256")

  test("says what each entry claims and who signed it", () => {
    const { claims, freezes } = verifyEvidence(conflict(a, b).text, log.vkey)
    expect(claims.join("\n")).toContain("registry.example/app:1.0")
    expect(claims.join("\n")).toContain(keyOf(alice))
    expect(claims.join("\n")).toContain(keyOf(bobP256))
    expect(freezes).toBe(false)
  })

  test("takes in-toto entries, and refuses one whose signature does not hold", () => {
    const own = [intotoOf(alice, a), intotoOf(bob, b)]
    expect(verifyEvidence(make("conflicting-claims", own, [a, b]).text).kind).toBe(
      "conflicting-claims",
    )
    const lie = [intotoOf(alice, a), intotoOf(bob, b, alice)]
    expectRefusal("bad-proof", () => make("conflicting-claims", lie, [a, b]))
  })

  test("is refused for statements that agree or are about different things", () => {
    const spaced = new TextEncoder().encode(` ${Buffer.from(a).toString()}`)
    expectRefusal("bad-proof", () => conflict(a, spaced))
    expectRefusal("bad-proof", () => conflict(a, statementOf("registry.example/app:1.1", "b")))
    const noVersion = ["a", "b"].map((digest) => statementOf("registry:5000/app", digest))
    expectRefusal("bad-proof", () =>
      conflict(noVersion[0] as Uint8Array, noVersion[1] as Uint8Array),
    )
  })

  test("is refused without payloads, with others, and for payloads that are no statements", () => {
    const own = [dsseOf(alice, a), dsseOf(alice, b)]
    expectRefusal("malformed", () => make("conflicting-claims", own))
    expectRefusal("mismatch", () => make("conflicting-claims", own, [b, a]))
    expectRefusal("malformed", () => conflict(good.subarray(1), good.subarray(2)))
  })
})
