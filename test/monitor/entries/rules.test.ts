import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { revocationText } from "../../../src/entry/revocation.ts"
import { canaries } from "../../../src/monitor/alerts/canary.ts"
import { explain } from "../../../src/monitor/entries/watch-explanation.ts"
import { makeSigner } from "../../entry/signers.ts"
import {
  hashedrekordOf,
  keyOf,
  replaced,
  revocationOf,
  statementOf,
} from "../../evidence/made-cases.ts"
import {
  attestationOf,
  certifiedBody,
  digestOf,
  ISSUER,
  kindsOf,
  leafHashOf,
  ORIGIN,
  startExamination,
  watchOf,
} from "./watched-entries.ts"

const owner = makeSigner("ecdsa-p256")
const stranger = makeSigner("ecdsa-p256")
const keyless = makeSigner("ecdsa-p256")
const RELEASE = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"

function hexOf(body: Uint8Array): string {
  return Buffer.from(leafHashOf(body)).toString("hex")
}

function statementAbout(...subjects: readonly (readonly [name: string, content: string])[]) {
  const subject = subjects.map(([name, content]) => ({
    name,
    digest: { sha256: digestOf(content).slice("sha256:".length) },
  }))
  return utf8(JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject }))
}

describe("unknown-signer", () => {
  const rules = [
    "subject app",
    `  digest ${digestOf("app")}`,
    "  name pkg:app@*",
    `  signer key ${keyOf(owner)}`,
    `  signer oidc ${ISSUER} https://github.com/acme/*/.github/workflows/release.yml@refs/tags/v*`,
  ]
  const byName = (signer = owner) => attestationOf([signer], statementOf("pkg:app@1", "x"))
  const identified = (identity: string, issuer: string | undefined = ISSUER) =>
    certifiedBody(keyless, "app", { identity, ...(issuer !== undefined && { issuer }) })

  it.each([
    ["a listed digest by the expected key", hashedrekordOf(owner, "app"), []],
    ["a listed digest by another key", hashedrekordOf(stranger, "app"), ["unknown-signer app"]],
    ["another digest by another key", hashedrekordOf(stranger, "else"), []],
    ["the expected workflow", identified(RELEASE), []],
    [
      "another branch of it",
      identified(RELEASE.replace("tags/v1", "heads/main")),
      ["unknown-signer app"],
    ],
    [
      "the workflow of another owner",
      identified(RELEASE.replace("acme/app", "evil/app/acme")),
      ["unknown-signer app"],
    ],
    [
      "the tag in another case",
      identified(RELEASE.replace("tags/v1", "tags/V1")),
      ["unknown-signer app"],
    ],
    ["another issuer", identified(RELEASE, "https://issuer.example"), ["unknown-signer app"]],
    ["no issuer", identified(RELEASE, ""), ["unknown-signer app"]],
  ])("%s", async (_, body, kinds) => {
    const { next } = startExamination(await watchOf(rules))
    const remarks = next(body).filter(({ kind }) => kind !== "outside-validity")
    expect(kindsOf(remarks)).toEqual(kinds)
    for (const remark of remarks) expect(remark.evidenceKind).toBe("unexpected-entry")
  })

  it("goes by the names and digests in statements when their envelopes are there", async () => {
    const { next, examiner } = startExamination(await watchOf(rules))
    const [good, bad] = [byName(), byName(stranger)]
    expect(kindsOf(next(good.body, good.envelope))).toEqual([])
    const [remark] = next(bad.body, bad.envelope)
    expect(remark).toMatchObject({ kind: "unknown-signer", about: "app", index: 1 })
    expect(remark?.payload).toEqual(statementOf("pkg:app@1", "x"))
    const digest = attestationOf([stranger], statementAbout(["unnamed", "app"]))
    expect(kindsOf(next(digest.body, digest.envelope))).toEqual(["unknown-signer app"])
    expect(examiner.counters()).toMatchObject({ unreadablePayloads: 0, verified: 3 })
  })

  it("cannot go by names without the envelope of the entry, and counts that", async () => {
    const { next, examiner } = startExamination(await watchOf(rules))
    const { body } = byName(stranger)
    const other = attestationOf([stranger], statementOf("pkg:app@2", "x"))
    expect(next(body)).toEqual([])
    expect(next(body, other.envelope)).toEqual([])
    expect(next(body, utf8("{"))).toEqual([])
    expect(examiner.counters()).toMatchObject({ unreadablePayloads: 3, unverified: 3 })
  })

  it("sees names that are served under another payload type", async () => {
    const { next } = startExamination(await watchOf(rules))
    const { body, envelope } = attestationOf(
      [stranger],
      statementOf("pkg:app@1", "x"),
      "text/plain",
    )
    expect(kindsOf(next(body, envelope))).toEqual(["unknown-signer app"])
  })

  it("names every signer that is not expected, beside one who is", async () => {
    const { next } = startExamination(await watchOf(rules))
    const { body, envelope } = attestationOf([owner, stranger], statementOf("pkg:app@1", "x"))
    const [remark] = next(body, envelope)
    expect(remark?.summary).toContain(keyOf(stranger))
    expect(remark?.summary).not.toContain(keyOf(owner))
  })

  it("is nobody where a subject lists no signer", async () => {
    const watch = await watchOf(["subject app", `  digest ${digestOf("app")}`])
    const { next, examiner } = startExamination(watch)
    expect(next(hashedrekordOf(stranger, "app"))).toEqual([])
    expect(examiner.counters()).toMatchObject({ expected: 1, unexpected: 0 })
  })
})

describe("not-mine", () => {
  const signer = ["signer ci", `  key ${keyOf(owner)}`, "  mine ledger"]

  it.each([
    ["the leaf hash", (body: Uint8Array) => `{"leafHash":"${hexOf(body)}"}\n`, []],
    ["the digest", () => `${digestOf("app")}\n`, []],
    ["another digest", () => `${digestOf("other")}\n`, ["not-mine ci"]],
    [
      "the digest beside another leaf hash",
      () => `{"leafHash":"${"00".repeat(32)}","digest":"${digestOf("app")}"}\n`,
      ["not-mine ci"],
    ],
    ["nothing", () => "", ["not-mine ci"]],
  ])("with %s in the ledger", async (_, ledgerOf, kinds) => {
    const body = hashedrekordOf(owner, "app")
    const { next } = startExamination(await watchOf(signer, { ledger: ledgerOf(body) }))
    expect(kindsOf(next(body))).toEqual(kinds)
    expect(next(hashedrekordOf(stranger, "app"))).toEqual([])
  })

  it("is nothing without a ledger", async () => {
    const { next, examiner } = startExamination(await watchOf(signer.slice(0, 2)))
    expect(next(hashedrekordOf(owner, "app"))).toEqual([])
    expect(examiner.counters()).toMatchObject({ expected: 0, opaque: 1, unexpected: 0 })
  })

  it("finds a signer by the identity as well", async () => {
    const watch = await watchOf(
      ["signer ci", `  oidc ${ISSUER} https://github.com/acme/**`, "  mine ledger"],
      { ledger: "" },
    )
    const { next } = startExamination(watch)
    const remarks = next(certifiedBody(keyless, "app", { identity: RELEASE, issuer: ISSUER }))
    expect(kindsOf(remarks)).toEqual(["not-mine ci", "outside-validity"])
    expect(kindsOf(next(certifiedBody(keyless, "app", { identity: RELEASE })))).toEqual([])
  })
})

describe("after-revocation", () => {
  const watched = ["signer ci", `  key ${keyOf(owner)}`]

  it("is what comes behind the revocation of the key, but for another revocation", async () => {
    const { next, examiner } = startExamination(await watchOf(watched))
    expect(next(hashedrekordOf(owner, "before"))).toEqual([])
    expect(next(revocationOf(owner))).toEqual([])
    expect(next(revocationOf(owner))).toEqual([])
    const [remark] = next(hashedrekordOf(owner, "after"))
    expect(remark).toMatchObject({
      kind: "after-revocation",
      index: 3,
      other: 1,
      evidenceKind: "signed-after-revocation",
    })
    expect(kindsOf(next(hashedrekordOf(owner, "again")))).toHaveLength(1)
    expect(next(hashedrekordOf(stranger, "after"))).toEqual([])
    expect(examiner.counters().revocations).toBe(2)
  })

  it("is counted, and no more, for a key that nobody watches", async () => {
    const { examine } = startExamination(await watchOf(watched))
    examine(revocationOf(stranger))
    const { remarks, passedOver } = examine(hashedrekordOf(stranger, "a"))
    expect([remarks, passedOver]).toEqual([[], ["after-revocation"]])
  })

  it("is told of where a stranger's revoked key signs what is watched", async () => {
    const { next } = startExamination(await watchOf(["subject app", `  digest ${digestOf("app")}`]))
    next(revocationOf(stranger))
    expect(next(hashedrekordOf(stranger, "else"))).toEqual([])
    expect(kindsOf(next(hashedrekordOf(stranger, "app")))).toEqual([
      `after-revocation ${keyOf(stranger)}`,
    ])
  })

  it("goes by the index in the watch file, for the log that it names", async () => {
    const line = `  revoked ${keyOf(owner)} at 1`
    const { next } = startExamination(await watchOf([...watched, line]))
    const bodies = ["0", "1", "2"].map((text) => hashedrekordOf(owner, text))
    expect(bodies.map((body) => kindsOf(next(body)).length)).toEqual([0, 0, 1])
    const elsewhere = startExamination(await watchOf([...watched, `${line} in other.example`]))
    expect(bodies.flatMap((body) => elsewhere.next(body))).toEqual([])
    const here = startExamination(await watchOf([...watched, `${line} in ${ORIGIN}`]))
    const [remark] = bodies.flatMap((body) => here.next(body))
    expect(remark).toMatchObject({ index: 2, evidenceKind: "unexpected-entry" })
    expect(remark?.other).toBeUndefined()
  })

  it("does not follow from a revocation that does not hold or is another key's", async () => {
    const { next } = startExamination(await watchOf(watched))
    const text = revocationText(keyOf(owner))
    const forged = replaced(
      hashedrekordOf(stranger, text),
      Buffer.from(stranger.spki).toString("base64"),
      Buffer.from(owner.spki).toString("base64"),
    )
    expect(kindsOf(next(forged))).toEqual(["bad-signature"])
    expect(next(hashedrekordOf(stranger, text))).toEqual([])
    expect(next(hashedrekordOf(owner, "after"))).toEqual([])
  })

  it("holds for revocations by a longer hash", async () => {
    const large = makeSigner("ecdsa-p384")
    const { next } = startExamination(await watchOf(["signer ci", `  key ${keyOf(large)}`]))
    next(revocationOf(large))
    expect(kindsOf(next(hashedrekordOf(large, "x")))).toEqual([`after-revocation ${keyOf(large)}`])
  })
})

describe("bad-signature", () => {
  it("is a signature that does not hold, whoever is watched", async () => {
    const { next } = startExamination(await watchOf([]))
    const body = hashedrekordOf(owner, "app")
    const digest = (text: string) =>
      Buffer.from(digestOf(text).slice("sha256:".length), "hex").toString("base64")
    const [remark] = next(replaced(body, digest("app"), digest("other")))
    expect(remark).toMatchObject({ kind: "bad-signature", index: 0, evidenceKind: "bad-entry" })
    expect(next(body)).toEqual([])
  })

  it("proves less of an envelope, whose type the entry does not keep", async () => {
    const watched = await watchOf(["signer ci", `  key ${keyOf(owner)}`])
    const { body } = attestationOf([owner], utf8("{}"), "text/plain")
    const { envelope } = attestationOf([owner], utf8("{}"), "text/html")
    expect(startExamination(watched).next(body, envelope)).toMatchObject([
      { kind: "bad-signature", evidenceKind: "unexpected-entry" },
    ])
    const { remarks, passedOver } = startExamination(await watchOf([])).examine(body, { envelope })
    expect([remarks, passedOver]).toEqual([[], ["bad-signature"]])
  })
})

describe("conflicting-claims", () => {
  const subject = ["subject app", "  name app*", `  signer key ${keyOf(owner)}`]
  const unique = [...subject, "  unique version"]

  function examineClaims(
    { next }: ReturnType<typeof startExamination>,
    ...claims: readonly (readonly [string, string, typeof owner?])[]
  ) {
    return claims.map(([name, content, signer = owner]) => {
      const { body, envelope } = attestationOf([signer], statementAbout([name, content]))
      return kindsOf(next(body, envelope)).map((kind) => kind.split(" ")[0])
    })
  }

  it("are two digests of one version", async () => {
    const examination = startExamination(await watchOf(unique))
    expect(examineClaims(examination, ["app@1", "a"], ["app@1", "a"], ["app@1", "b"])).toEqual([
      [],
      [],
      ["conflicting-claims"],
    ])
    const { body, envelope } = attestationOf([owner], statementAbout(["app@1", "c"]))
    expect(examination.next(body, envelope)).toMatchObject([
      { kind: "conflicting-claims", index: 3, other: 0, evidenceKind: "conflicting-claims" },
    ])
  })

  it("are none of other versions, without a version, or where it is not asked for", async () => {
    const examination = startExamination(await watchOf(unique))
    expect(
      examineClaims(examination, ["app@1", "a"], ["app@2", "b"], ["app", "a"], ["app", "b"]),
    ).toEqual([[], [], [], []])
    const free = startExamination(await watchOf(subject))
    expect(examineClaims(free, ["app@1", "a"], ["app@1", "b"])).toEqual([[], []])
  })

  it("are not begun by a stranger, who would make the owner's own entry suspect", async () => {
    const examination = startExamination(await watchOf(unique))
    expect(
      examineClaims(
        examination,
        ["app@1", "evil", stranger],
        ["app@1", "a"],
        ["app@1", "evil", stranger],
      ),
    ).toEqual([["unknown-signer"], [], ["unknown-signer", "conflicting-claims"]])
  })
})

describe("unclassifiable", () => {
  const named = ["subject app", "  name app"]
  const identified = ["signer ci", `  oidc ${ISSUER} **`]
  const future = utf8('{"_type":"https://in-toto.io/Statement/v2","subject":[]}')

  it.each([
    ["random bytes", Uint8Array.of(1, 2, 3, 255), "bad-entry"],
    ["JSON that is no entry", utf8('{"a":1}'), "bad-entry"],
    ["half an entry", hashedrekordOf(owner, "a").subarray(0, 100), "bad-entry"],
    [
      "a kind of another log",
      utf8('{"apiVersion":"0.0.1","kind":"jar","spec":{}}'),
      "unexpected-entry",
    ],
    [
      "another hash",
      replaced(hashedrekordOf(owner, "a"), "SHA2_256", "SHA3_256"),
      "unexpected-entry",
    ],
  ])("is %s", async (_, body, evidenceKind) => {
    const { next } = startExamination(await watchOf([]))
    expect(next(body)).toMatchObject([{ kind: "unclassifiable", index: 0, evidenceKind }])
    const quiet = startExamination(await watchOf(["unknown ignore"]))
    expect(quiet.next(body)).toHaveLength(evidenceKind === "bad-entry" ? 1 : 0)
    expect(quiet.examiner.counters().unknown).toBe(evidenceKind === "bad-entry" ? 0 : 1)
  })

  it("is a statement that mentions what is watched where not all readers find the same", async () => {
    const { next } = startExamination(await watchOf(named))
    const quiet = [future, utf8("no JSON"), statementAbout(["x".repeat(1025), "a"])]
    for (const payload of quiet) {
      const { body, envelope } = attestationOf([owner], payload)
      expect(next(body, envelope)).toEqual([])
    }
    const odd = attestationOf([owner], utf8('{"subject":[{"name":"app",}]}'))
    expect(kindsOf(next(odd.body, odd.envelope))).toEqual(["unclassifiable app"])
    expect(startExamination(await watchOf([])).next(odd.body, odd.envelope)).toEqual([])
  })

  it("is a name that is too long to be compared and begins like a watched one", async () => {
    const { next } = startExamination(await watchOf(["subject app", "  name pkg:app@*"]))
    const long = attestationOf([owner], statementAbout([`pkg:app@${"1".repeat(1025)}`, "a"]))
    expect(kindsOf(next(long.body, long.envelope))).toEqual(["unclassifiable app"])
  })

  it("is a body or a statement that readers take in different ways", async () => {
    const watched = ["subject app", "  name pkg:app@*", "unknown ignore"]
    const { next } = startExamination(await watchOf(watched))
    const text = new TextDecoder().decode(hashedrekordOf(owner, "app"))
    expect(next(utf8(text))).toEqual([])
    const repeated = text.replace('"kind":"hashedrekord"', '"kind":"rpm","kind":"hashedrekord"')
    for (const body of [repeated, `${text}\n`, text.replace("kind", "\\u006bind")]) {
      const [remark] = next(utf8(body))
      expect(remark).toMatchObject({ kind: "unclassifiable", evidenceKind: "unexpected-entry" })
    }
    const statement = new TextDecoder().decode(statementAbout(["pkg:else@1", "else"]))
    const names = '"subject":[{"name":"pkg:app@1","digest":{"sha256":"00"}}]'
    const hidden = [
      statement.replace('"subject"', `${names},"subject"`),
      statement.replace('"subject"', `${names.replace("subject", "Subject")},"subject"`),
      statement.replace('"name"', '"name":"pkg:app@1","\\u006eame"'),
    ]
    for (const payload of hidden) {
      const { body, envelope } = attestationOf([owner], utf8(payload))
      expect(kindsOf(next(body, envelope))).toEqual(["unclassifiable app"])
    }
    const plain = statement.replace('"_type"', '"predicate":{"a":"\\":{","A":{"a":1}} ,"_type"')
    const { body, envelope } = attestationOf([owner], utf8(plain))
    expect(next(body, envelope)).toEqual([])
  })

  it("is a certificate with a name that cannot be read, if identities are watched", async () => {
    const body = certifiedBody(keyless, "a", { rawNames: Uint8Array.of(0x30, 5, 1) })
    const remarks = startExamination(await watchOf(identified)).next(body)
    expect(kindsOf(remarks)).toEqual(["unclassifiable"])
    expect(kindsOf(startExamination(await watchOf(named)).next(body))).toEqual([])
  })
})

describe("duplicate-entry", () => {
  it.each([
    ["violation", ["duplicate-entry"]],
    ["ignore", []],
  ])("with duplicates %s", async (severity, kinds) => {
    const watch = await watchOf([`duplicates ${severity}`])
    const duplicateOf = (_: Uint8Array, index: number) => (index === 1 ? 0 : undefined)
    const { next, examiner } = startExamination(watch, { duplicateOf })
    const body = hashedrekordOf(owner, "a")
    expect(next(body)).toEqual([])
    const remarks = next(body)
    expect(kindsOf(remarks)).toEqual(kinds)
    for (const remark of remarks) expect(remark).toMatchObject({ index: 1, other: 0 })
    expect(examiner.counters().duplicates).toBe(1)
  })
})

describe("the monitor's own test entry", () => {
  it("raises unknown-signer, marked, and nothing else", async () => {
    const { next, documents } = startExamination(await watchOf([]))
    const body = hashedrekordOf(stranger, "canary")
    const leafHash = hexOf(body)
    documents.put(canaries, leafHash, { origin: ORIGIN, announcedAt: 1 })
    expect(next(body)).toMatchObject([{ kind: "unknown-signer", isCanary: true, index: 0 }])
    expect(next(hashedrekordOf(stranger, "other"))).toEqual([])
  })
})

describe("the counters", () => {
  it("tell expected entries, which make no remark, from the others", async () => {
    const watch = await watchOf([
      "subject app",
      `  digest ${digestOf("app")}`,
      `  signer key ${keyOf(owner)}`,
    ])
    const { next, examiner } = startExamination(watch)
    next(hashedrekordOf(owner, "app"))
    next(hashedrekordOf(stranger, "app"))
    next(hashedrekordOf(stranger, "else"))
    next(utf8("x"))
    expect(examiner.counters()).toMatchObject({
      entries: 4,
      verified: 3,
      expected: 1,
      unexpected: 1,
    })
  })
})

describe("explain()", () => {
  it("says which rules fit and why", async () => {
    const watch = await watchOf(
      [
        "subject app",
        "  name pkg:app@*",
        `  signer key ${keyOf(owner)}`,
        "signer ci",
        `  key ${keyOf(stranger)}`,
        "  mine ledger",
        `  revoked ${keyOf(stranger)} at 7`,
      ],
      { ledger: "" },
    )
    const { body, envelope } = attestationOf([stranger], statementOf("pkg:app@1", "x"))
    const leafHash = leafHashOf(body)
    expect(explain({ body, envelope, leafHash, index: 8 }, watch)).toEqual([
      expect.stringMatching(/^dsse:0.0.2 about sha256:/),
      `signed by ${keyOf(stranger)}`,
      "its statement is about pkg:app@1",
      `subject app: its statement is about "pkg:app@1", which fits pkg:app@*; unknown-signer, because no rule of it fits ${keyOf(stranger)}`,
      `signer ci: key ${keyOf(stranger)}; not-mine, because the entry is not in its ledger`,
      `revoked ${keyOf(stranger)} at 7: after-revocation`,
    ])
    expect(explain({ body, leafHash }, watch)).toContain(
      "its payload is not at hand, so no rule by name can fit",
    )
    const other = hashedrekordOf(owner, "x")
    expect(explain({ body: other, leafHash: leafHashOf(other) }, watch).at(-1)).toBe(
      "no rule of the watch file fits",
    )
    expect(explain({ body: utf8("x"), leafHash }, watch)).toEqual([
      expect.stringMatching(/^unclassifiable: /),
    ])
  })
})

describe("examine()", () => {
  it("never throws, whatever an entry holds", async () => {
    const watch = await watchOf(
      [
        "subject app",
        `  digest ${digestOf("app")}`,
        "  name ~(a|b)*",
        `  signer oidc ${ISSUER} **`,
        "  unique version",
        "signer ci",
        `  oidc ${ISSUER} **`,
        "  mine ledger",
        "shipped ledger",
      ],
      { ledger: "" },
    )
    const { body: dsse, envelope } = attestationOf([owner], statementOf("a@1", "x"))
    const seeds = [
      hashedrekordOf(owner, "a"),
      certifiedBody(keyless, "app", { identity: RELEASE, issuer: ISSUER }),
      dsse,
      revocationOf(owner),
    ]
    const { next } = startExamination(watch)
    const damaged = fc
      .tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(255), fc.option(fc.nat()))
      .map(([seed, at, value, end]) => {
        const copy = Uint8Array.from(seed)
        copy[at % copy.length] = value
        return end === null ? copy : copy.subarray(0, end % copy.length)
      })
    const json = fc
      .json({ maxDepth: 5 })
      .map((text) => utf8(`{"apiVersion":"0.0.2","kind":"dsse","spec":${text}}`))
    const odd = fc.constantFrom(
      utf8("[".repeat(60_000)),
      utf8(`{"kind":${"[".repeat(30_000)}${"]".repeat(30_000)}}`),
      utf8('{"kind":1e999,"apiVersion":-0}'),
      utf8(
        `{"kind":"hashedrekord","apiVersion":"0.0.1","spec":{"data":{"hash":{"algorithm":"sha256","value":${"9".repeat(400)}}}}}`,
      ),
      utf8('{"__proto__":{"kind":"dsse"},"constructor":1}'),
      new Uint8Array(0),
    )
    const bodies = fc.oneof(damaged, json, odd, fc.uint8Array({ maxLength: 300 }))
    const envelopes = fc.oneof(
      fc.constantFrom(undefined, envelope),
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map(utf8),
    )
    fc.assert(
      fc.property(bodies, envelopes, (body, kept) => {
        for (const { summary } of next(body, kept)) {
          expect(summary.length).toBeLessThanOrEqual(500)
          expect(summary).toMatch(/^\P{C}+$/u)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it("never throws for a payload of any form", async () => {
    const watch = await watchOf(["subject app", "  name ~(a|b)*@1", "  unique version"])
    const { next } = startExamination(watch)
    const text = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc
        .json()
        .map((subject) => `{"_type":"https://in-toto.io/Statement/v1","subject":${subject}}`),
      fc.array(fc.tuple(fc.string(), fc.constantFrom("sha256", "x"), fc.string())).map((subjects) =>
        JSON.stringify({
          _type: "https://in-toto.io/Statement/v1",
          subject: subjects.map(([name, hash, hex]) => ({ name, digest: { [hash]: hex } })),
        }),
      ),
    )
    fc.assert(
      fc.property(text, (payload) => {
        const { body, envelope } = attestationOf([owner], utf8(payload))
        expect(kindsOf(next(body, envelope)).every((kind) => kind === "unclassifiable app")).toBe(
          true,
        )
      }),
      { numRuns: 300 },
    )
  })
})
