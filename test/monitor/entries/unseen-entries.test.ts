// Entries by a stranger about what is watched that were passed over in silence once: each is a finding as soon as what
// was signed is at hand, and is never clean before. Beside them stand entries that must make no noise.
import { describe, expect, test } from "vitest"
import { concat, utf8 } from "../../../src/core/base/bytes.ts"
import { digestAlgorithm } from "../../../src/entry/algorithm.ts"
import { dssePae, formatEnvelope } from "../../../src/entry/dsse.ts"
import { hashedrekordBody } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { revocationText } from "../../../src/entry/revocation.ts"
import { foretoldOfImage } from "../../../src/entry/statement/foretelling.ts"
import { hashOf, makeSigner, type Signer, signMessage } from "../../entry/signers.ts"
import { hashedrekordOf, keyOf, replaced, revocationOf } from "../../evidence/made-cases.ts"
import {
  attestationOf,
  digestOf,
  kindsOf,
  leafHashOf,
  startExamination,
  watchOf,
} from "./watched-entries.ts"

const owner = makeSigner("ecdsa-p256")
const stranger = makeSigner("ecdsa-p256")
const hex = digestOf("app").slice("sha256:".length)
const otherHex = digestOf("else").slice("sha256:".length)
const sha384 = Buffer.from(hashOf("PKIX_ECDSA_P384_SHA_384", utf8("app"))).toString("hex")
const IN_TOTO = "application/vnd.in-toto+json"

const rules = [
  "subject app",
  `  digest sha256:${hex}`,
  `  digest sha384:${sha384}`,
  "  name pkg:npm/@acme/**",
  "  name registry.acme.example/team/app",
  `  signer key ${keyOf(owner)}`,
]

/** A logged signature over the digest of these bytes. */
function signedBytes(signer: Signer, bytes: Uint8Array): Uint8Array {
  const algorithm = digestAlgorithm[signer.keyType]
  return hashedrekordBody({
    algorithm,
    digest: hashOf(algorithm, bytes),
    signature: signMessage(signer, algorithm, bytes),
    key: { form: "publicKey", der: signer.spki },
  })
}

type Stated = { readonly name?: string; readonly digest?: Readonly<Record<string, string>> }

function statement(...subject: readonly Stated[]): string {
  const predicate = { text: "PLACE" }
  const type = "https://in-toto.io/Statement/v1"
  return JSON.stringify({ _type: type, subject, predicateType: "https://a.example", predicate })
}

const plain = statement({ name: "x", digest: { sha256: hex } })
const innocent = statement({ name: "x", digest: { sha256: otherHex } })
const named = (name: string): string => statement({ name, digest: { sha256: otherHex } })
const spliced = (text: string, part: string, by: Uint8Array): Uint8Array => {
  const [before = "", after = ""] = text.split(part)
  return concat(utf8(before), by, utf8(after))
}
const many = Array.from({ length: 1_024 }, (_, i) => ({
  name: `file ${i}`,
  digest: { sha256: otherHex },
}))

/** What a payload about the watched thing looks like, and which finding it is when a stranger signs it. */
const payloads: readonly (readonly [what: string, payload: string | Uint8Array, kind: string])[] = [
  ["a plain statement", plain, "unknown-signer"],
  ["a byte that is no UTF-8 (D2)", spliced(plain, "PLACE", Uint8Array.of(0xff)), "unknown-signer"],
  [
    "a member that only some readers fold (D3)",
    innocent.replace('"subject"', `"\u017fubject":[{"digest":{"sha256":"${hex}"}}],"subject"`),
    "unknown-signer",
  ],
  [
    "a byte order mark (D6)",
    concat(Uint8Array.of(0xef, 0xbb, 0xbf), utf8(plain)),
    "unknown-signer",
  ],
  ["UTF-16", new Uint8Array(Buffer.from(plain, "utf16le")), "unknown-signer"],
  ["a comment", plain.replace("{", "{/* */"), "unknown-signer"],
  ["NaN", plain.replace('"PLACE"', "NaN"), "unknown-signer"],
  ["npm's own spelling of a scope (D7)", named("pkg:npm/%40acme/x@1.0.0"), "unknown-signer"],
  ["the 1,025th subject (D11)", statement(...many, { digest: { sha256: hex } }), "unknown-signer"],
  ["a host in capitals (D12)", named("REGISTRY.acme.example/team/app"), "unknown-signer"],
  ["a default port", named("registry.acme.example:443/team/app"), "unknown-signer"],
  ["a scheme", named("https://registry.acme.example/team/app"), "unknown-signer"],
  [
    "a package URL of the repository",
    named("pkg:oci/app?repository_url=registry.acme.example%2Fteam%2Fapp"),
    "unknown-signer",
  ],
  ["a letter that looks alike", named("pkg:npm/@\u0430cme/x"), "look-alike"],
  ["digits that look alike", named("registry.acme.examp1e/team/app"), "look-alike"],
  ["a uri for a name", plain.replace('"name":"x"', '"uri":"pkg:npm/@acme/x"'), "unknown-signer"],
  ["another name of the hash", statement({ digest: { "sha-256": hex } }), "unknown-signer"],
  ["Sigstore's name of the hash", statement({ digest: { SHA2_256: hex } }), "unknown-signer"],
  ["capital digits", statement({ digest: { sha256: hex.toUpperCase() } }), "unknown-signer"],
  ["a longer hash alone", statement({ digest: { sha384 } }), "unknown-signer"],
  ["a list of one that is none", plain.replace("[{", "{").replace("}]", "}"), "unknown-signer"],
]

const quiet: readonly (readonly [what: string, payload: string])[] = [
  ["a statement about something else", innocent],
  [
    "a subject that is null, as Tekton writes it",
    plain.replace(/"subject":.*\}\],/, '"subject":null,'),
  ],
  [
    "a material that is watched",
    innocent.replace('"PLACE"', `[{"uri":"pkg:npm/@acme/x","digest":{"sha256":"${hex}"}}]`),
  ],
  ["an odd statement about something else", innocent.replace('"PLACE"', "NaN")],
  ["what is no statement", `{"a":"${otherHex}"}`],
]

const bytesOf = (payload: string | Uint8Array): Uint8Array =>
  typeof payload === "string" ? utf8(payload) : payload

describe("an attestation by a stranger", () => {
  test.each(payloads)("with %s is a finding", async (_, payload, kind) => {
    const { examine } = startExamination(await watchOf(rules))
    const { body, envelope } = attestationOf([stranger], bytesOf(payload))
    const { remarks, state } = examine(body, { envelope })
    expect([kindsOf(remarks), state]).toEqual([[`${kind} app`], "understood"])
    expect(remarks[0]?.payload).toEqual(bytesOf(payload))
  })

  test.each(quiet)("about %s is none", async (_, payload) => {
    const { examine } = startExamination(await watchOf(rules))
    const { body, envelope } = attestationOf([stranger], utf8(payload))
    expect(examine(body, { envelope })).toMatchObject({ remarks: [], state: "understood" })
  })

  test("that is odd and about nothing that is watched is counted", async () => {
    const { examine } = startExamination(await watchOf(rules))
    const { body, envelope } = attestationOf([stranger], utf8(innocent.replace('"PLACE"', "NaN")))
    expect(examine(body, { envelope }).passedOver).toEqual(["odd-statement"])
  })

  test("says what is mentioned where readers differ", async () => {
    const { examine } = startExamination(await watchOf(rules))
    const { body, envelope } = attestationOf([stranger], utf8(plain.replace('"PLACE"', "NaN")))
    const [remark] = examine(body, { envelope }).remarks
    expect(remark?.summary).toContain(`it mentions sha256:${hex}`)
    expect(remark?.summary).toContain(keyOf(stranger))
  })
})

describe("an attestation by its expected signer", () => {
  test("raises nothing, however the name is written", async () => {
    const { examine } = startExamination(await watchOf(rules))
    for (const name of ["pkg:npm/%40acme/x@1.0.0", "pkg:npm/@acme/x", "pkg:npm/@\u0430cme/x"]) {
      const { body, envelope } = attestationOf([owner], utf8(named(name)))
      expect(examine(body, { envelope })).toMatchObject({ remarks: [], state: "understood" })
    }
  })

  test("is unclassifiable if readers differ about what is watched", async () => {
    const { next } = startExamination(await watchOf(rules))
    const { body, envelope } = attestationOf([owner], utf8(plain.replace('"PLACE"', "NaN")))
    expect(kindsOf(next(body, envelope))).toEqual(["unclassifiable app"])
  })
})

const simple = (digest: string, repository: string): string =>
  `{"critical":{"identity":{"docker-reference":"${repository}"},"image":{"docker-manifest-digest":"sha256:${digest}"},"type":"cosign container image signature"},"optional":null}`

describe("a signature over what the log does not know (D1)", () => {
  const messages: readonly (readonly [what: string, message: Uint8Array])[] = [
    ["an envelope", dssePae(IN_TOTO, utf8(plain))],
    ["an odd envelope", dssePae(IN_TOTO, utf8(plain.replace('"PLACE"', "NaN")))],
    ["an image's simple signing", utf8(simple(hex, "registry.acme.example/other"))],
    ["an image in a repository of ours", utf8(simple(otherHex, "registry.acme.example/team/app"))],
    ["a statement's file", utf8(plain)],
  ]

  test.each(messages)(
    "over %s is opaque until that is known, and then a finding",
    async (_, message) => {
      const { examine } = startExamination(await watchOf(rules))
      const body = signedBytes(stranger, message)
      expect(examine(body)).toMatchObject({ remarks: [], state: "opaque", isListed: false })
      const { remarks, state } = examine(body, { message })
      expect([kindsOf(remarks), state]).toEqual([["unknown-signer app"], "understood"])
    },
  )

  test("is understood once it is known, whatever it is about", async () => {
    const { examine } = startExamination(await watchOf(rules))
    const message = dssePae(IN_TOTO, utf8(innocent))
    const body = signedBytes(stranger, message)
    expect(examine(body, { message })).toMatchObject({ remarks: [], state: "understood" })
    const own = signedBytes(owner, dssePae(IN_TOTO, utf8(plain)))
    expect(examine(own, { message: dssePae(IN_TOTO, utf8(plain)) })).toMatchObject({
      remarks: [],
      state: "understood",
    })
  })

  test("is of no more help than silence where the message is an artifact", async () => {
    const { examine } = startExamination(await watchOf(rules))
    const message = utf8("any file")
    expect(examine(signedBytes(stranger, message), { message }).state).toBe("opaque")
  })

  test("is foretold of an image, which says what it is about and not that its signer is right", async () => {
    const lines = ["subject app", `  image sha256:${hex}`, `  signer key ${keyOf(owner)}`]
    const { examine } = startExamination(await watchOf(lines))
    const payload = utf8(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"${hex}"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`,
    )
    const message = dssePae(IN_TOTO, payload)
    const { remarks, state } = examine(signedBytes(stranger, message))
    expect([kindsOf(remarks), state]).toEqual([["unknown-signer app"], "understood"])
    const why = foretoldOfImage(hex, []).find(({ digest }) => remarks[0]?.summary.includes(digest))
    expect(remarks[0]?.summary).toContain(why?.why)
    expect(examine(signedBytes(owner, message))).toMatchObject({ remarks: [], state: "understood" })
    const attested = attestationOf([stranger], payload)
    expect(kindsOf(examine(attested.body).remarks)).toEqual(["unknown-signer app"])
  })
})

describe("an attestation without its envelope", () => {
  const { body, envelope } = attestationOf([stranger], utf8(plain))
  const other = attestationOf([stranger], utf8(innocent)).envelope

  test.each([
    ["that the log does not keep (D4, D10) is opaque", {}, "opaque"],
    ["that did not come is pending (D8)", { isAwaited: true }, "pending"],
    ["in whose place another came is pending", { envelope: other }, "pending"],
    ["in whose place nonsense came is pending", { envelope: utf8("{") }, "pending"],
    ["that came is understood", { envelope }, "understood"],
    ["whose message came is understood", { message: dssePae(IN_TOTO, utf8(plain)) }, "understood"],
  ] as const)("%s", async (_, known, state) => {
    const { examine } = startExamination(await watchOf(rules))
    const found = examine(body, known)
    expect(found.state).toBe(state)
    expect(kindsOf(found.remarks)).toEqual(state === "understood" ? ["unknown-signer app"] : [])
  })

  test("is never what its expected signer made: nothing of it is verified (D30)", async () => {
    const { examine, examiner } = startExamination(await watchOf(rules))
    const own = attestationOf([owner], utf8(plain))
    expect(examine(own.body)).toMatchObject({ remarks: [], state: "opaque", isListed: true })
    expect(examiner.counters().expected).toBe(0)
  })
})

test.each(["ecdsa-p384", "ecdsa-p521", "ed25519"] as const)(
  "an attestation by its expected signer with %s is verified, though its body does not name a hash",
  async (keyType) => {
    const large = makeSigner(keyType)
    const lines = ["subject app", `  digest sha256:${hex}`, `  signer key ${keyOf(large)}`]
    const { examine } = startExamination(await watchOf(lines))
    const { body, envelope } = attestationOf([large], utf8(plain))
    expect(examine(body, { envelope })).toMatchObject({ remarks: [], state: "understood" })
    const foreign = attestationOf([large], utf8(plain), "text/plain")
    const isClear = keyType === "ed25519"
    const { remarks, state } = examine(foreign.body, { envelope })
    expect([kindsOf(remarks), state]).toEqual(
      isClear ? [["bad-signature"], "understood"] : [[], "opaque"],
    )
  },
)

describe("a signature that cannot be verified (D30)", () => {
  /** A key with another hash than this log takes of it; others take them together. */
  function otherHash(signer: Signer): Uint8Array {
    const sha256 = Buffer.from(hashOf("PKIX_ECDSA_P256_SHA_256", utf8("app"))).toString("base64")
    const own = Buffer.from(hashOf("PKIX_ECDSA_P384_SHA_384", utf8("app"))).toString("base64")
    const body = replaced(hashedrekordOf(signer, "app"), '"SHA2_384"', '"SHA2_256"')
    return replaced(body, own, sha256)
  }

  const large = makeSigner("ecdsa-p384")
  const unverified = otherHash(large)
  const watched = ["subject app", `  digest sha256:${hex}`, `  signer key ${keyOf(large)}`]

  test("is by nobody who is expected, and still by a stranger", async () => {
    const { examine, examiner } = startExamination(await watchOf(watched))
    expect(examine(unverified)).toMatchObject({ remarks: [], state: "opaque", isListed: true })
    expect(examiner.counters().expected).toBe(0)
    const foreign = examine(otherHash(makeSigner("ecdsa-p384")))
    expect(kindsOf(foreign.remarks)).toEqual(["unknown-signer app"])
  })

  test("is understood if the ledger has this very entry", async () => {
    const ledger = `{"leafHash":"${Buffer.from(leafHashOf(unverified)).toString("hex")}"}\n`
    const signer = ["signer ci", `  key ${keyOf(large)}`, "  mine ledger"]
    const { examine } = startExamination(await watchOf(signer, { ledger }))
    expect(examine(unverified)).toMatchObject({ remarks: [], state: "understood" })
    const byDigest = await watchOf(signer, { ledger: `sha256:${hex}\n` })
    expect(startExamination(byDigest).examine(unverified).state).toBe("opaque")
  })

  test("by an algorithm that nobody knows is unclassifiable, or opaque where that is accepted", async () => {
    const own = hashedrekordOf(owner, "app")
    const unknown = replaced(own, '"PKIX_ECDSA_P256_SHA_256"', '"PKIX_ECDSA_P256_SHA_999"')
    const found = startExamination(await watchOf(rules)).examine(unknown)
    expect([kindsOf(found.remarks), found.state]).toEqual([["unclassifiable"], "opaque"])
    const ignoring = startExamination(await watchOf([...rules, "unknown ignore"]))
    expect(ignoring.examine(unknown)).toMatchObject({ remarks: [], state: "opaque" })
    expect(ignoring.examiner.counters().expected).toBe(0)
  })
})

describe("a signature over another hash than the one that is watched (D9)", () => {
  test.each(["ed25519", "ecdsa-p521"] as const)("by %s is opaque", async (keyType) => {
    const { examine } = startExamination(await watchOf(rules))
    const found = examine(hashedrekordOf(makeSigner(keyType), "app"))
    expect(found).toMatchObject({ remarks: [], state: "opaque", isListed: false })
  })

  test("is a finding where that hash is watched as well", async () => {
    const { next } = startExamination(await watchOf(rules))
    expect(kindsOf(next(hashedrekordOf(makeSigner("ecdsa-p384"), "app")))).toEqual([
      "unknown-signer app",
    ])
  })
})

describe("an entry about nothing that is watched", () => {
  test("is no finding, whatever a throw-away key does with itself (D22)", async () => {
    const { examine } = startExamination(await watchOf(rules))
    expect(examine(revocationOf(stranger))).toMatchObject({ remarks: [], state: "understood" })
    const { remarks, passedOver } = examine(hashedrekordOf(stranger, "after"))
    expect([remarks, passedOver]).toEqual([[], ["after-revocation"]])
  })

  test("by a listed signer is understood if a ledger or a shipped list has it, else opaque", async () => {
    const signer = ["signer ci", `  key ${keyOf(owner)}`]
    const files = { ledger: `${digestOf("mine")}\n`, list: `${digestOf("shipped")}\n` }
    const lines = [...signer, "  mine ledger", "shipped list"]
    const { examine } = startExamination(await watchOf(lines, files))
    expect(examine(hashedrekordOf(owner, "mine")).state).toBe("understood")
    expect(examine(hashedrekordOf(stranger, "shipped")).state).toBe("understood")
    const other = startExamination(await watchOf(signer)).examine(hashedrekordOf(owner, "x"))
    expect(other).toMatchObject({ remarks: [], state: "opaque", isListed: true })
    expect(other.digest).toBe(digestOf("x"))
  })
})

describe("a log that is closed", () => {
  const closed = [...rules, "opaque closed"]

  test("takes no entry of a signer who is not listed, whatever it is about", async () => {
    const { next } = startExamination(await watchOf([...closed, "unknown ignore"]))
    expect(next(hashedrekordOf(owner, "else"))).toEqual([])
    expect(kindsOf(next(hashedrekordOf(stranger, "else")))).toEqual(["unlisted-signer"])
    expect(kindsOf(next(revocationOf(stranger)))).toEqual(["unlisted-signer"])
    const both = attestationOf([owner, stranger], utf8(innocent))
    const [remark] = next(both.body, both.envelope)
    expect(remark?.kind).toBe("unlisted-signer")
    expect(remark?.summary).toContain(keyOf(stranger))
    expect(remark?.summary).not.toContain(keyOf(owner))
    const other = utf8('{"apiVersion":"0.0.1","kind":"jar","spec":{}}')
    expect(kindsOf(next(other))).toEqual(["unlisted-signer"])
  })

  test("is open unless the watch file says so", async () => {
    const { next } = startExamination(await watchOf(rules))
    expect(next(hashedrekordOf(stranger, "else"))).toEqual([])
  })
})

test("an entry that is examined again gives the same findings and counts nothing twice", async () => {
  const unique = [...rules, "  unique version", "signer ci", `  key ${keyOf(owner)}`]
  const { examiner, documents } = startExamination(await watchOf(unique))
  const bodies = [
    attestationOf([owner], utf8(statement({ name: "pkg:npm/@acme/x@1", digest: { sha256: hex } }))),
    attestationOf([owner], utf8(named("pkg:npm/%40acme/x@1"))),
    attestationOf([stranger], utf8(plain)),
    { body: hashedrekordOf(owner, revocationText(keyOf(owner))), envelope: undefined },
    { body: hashedrekordOf(owner, "later"), envelope: undefined },
  ]
  const examineAll = (isAgain: boolean) =>
    bodies.map(({ body, envelope }, index) => {
      const known = envelope === undefined ? {} : { envelope }
      const entry = { index, leafHash: leafHashOf(body), body, isAgain, ...known }
      return examiner.examine(entry, documents).remarks
    })
  const first = examineAll(false)
  expect(first.map(kindsOf)).toEqual([
    [],
    ["conflicting-claims app"],
    ["unknown-signer app"],
    [],
    [`after-revocation ${keyOf(owner)}`],
  ])
  const counted = examiner.counters()
  expect(examineAll(true)).toEqual(first)
  expect(examiner.counters()).toEqual(counted)
})

test("an envelope is read whatever stands around its payload", async () => {
  const { next } = startExamination(await watchOf(rules))
  const { body } = attestationOf([stranger], utf8(plain))
  const signatures = [{ sig: "AA==" }]
  const payload = Buffer.from(plain).toString("base64")
  const kept = formatEnvelope({ payload, payloadType: "text/plain", signatures })
  expect(kindsOf(next(body, kept))).toEqual(["bad-signature"])
})
