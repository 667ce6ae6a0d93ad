// Rules by identity with certificates of a test authority: what it has issued is expected, and whatever only says
// so is `claimed-identity`, whoever made it and whatever else holds.
import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { digestAlgorithm } from "../../../src/entry/algorithm.ts"
import { hashedrekordBody } from "../../../src/entry/kinds/hashedrekord-v002.ts"
import { expectShipped, overdueExpectations } from "../../../src/monitor/entries/expectation.ts"
import type { EntryRemark } from "../../../src/monitor/entries/remark.ts"
import { explain } from "../../../src/monitor/entries/watch-explanation.ts"
import {
  madeExtension,
  makeIntermediate,
  makeLeaf,
  makeRoot,
  pemOf,
  rewritten,
  type WantedLeaf,
} from "../../entry/certificates/authority.ts"
import { hashOf, makeSigner, type Signer, signMessage } from "../../entry/signers.ts"
import {
  digestOf,
  ISSUER,
  kindsOf,
  leafHashOf,
  ORIGIN,
  startExamination,
  watchOf,
} from "./watched-entries.ts"

const HOUR = 3_600_000
const root = makeRoot("fulcio root", "ecdsa-p384")
const fulcio = makeIntermediate(root, "fulcio", "ecdsa-p384")
const signer = makeSigner("ecdsa-p256")
const stranger = { name: "fulcio", signer: makeSigner("ecdsa-p256") }
const files = { "fulcio.pem": pemOf(root.der, fulcio.der) }
const authority = ["authority fulcio", "  roots fulcio.pem", "  eku code-signing"]
const RELEASE = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
const rule = `oidc ${ISSUER} https://github.com/acme/*/.github/workflows/release.yml@refs/tags/v*`
const watched = [...authority, "subject app", `  digest ${digestOf("app 1.0")}`, `  signer ${rule}`]

function bodyUnder(certificate: Uint8Array, by: Signer = signer, artifact = "app 1.0"): Uint8Array {
  const algorithm = digestAlgorithm[by.keyType]
  return hashedrekordBody({
    algorithm,
    digest: hashOf(algorithm, utf8(artifact)),
    signature: signMessage(by, algorithm, utf8(artifact)),
    key: { form: "certificate", der: certificate },
  })
}

/** Without what dates alone say: no head stands around these entries. */
function said(remarks: readonly EntryRemark[]): readonly string[] {
  return kindsOf(remarks.filter(({ kind }) => kind !== "outside-validity"))
}

async function remarksOn(body: Uint8Array, lines: readonly string[] = watched) {
  return said(startExamination(await watchOf(lines, files)).next(body))
}

const issued = (wanted?: WantedLeaf, by: Signer = signer) => makeLeaf(fulcio, by, wanted)

describe("a rule by identity with an authority", () => {
  for (const keyType of ["ecdsa-p256", "ecdsa-p384"] as const) {
    test(`expects what the authority has issued, under a key of ${keyType}`, async () => {
      const own = makeSigner(keyType)
      const digest = hashOf(digestAlgorithm[keyType], utf8("app 1.0"))
      const line = `  digest sha${digest.length * 8}:${Buffer.from(digest).toString("hex")}`
      const watch = await watchOf([...watched, line], files)
      const { next, examiner } = startExamination(watch)
      expect(said(next(bodyUnder(issued({ uri: RELEASE }, own), own)))).toEqual([])
      expect(examiner.counters()).toMatchObject({ expected: 1, unexpected: 0 })
    })
  }

  const forgeries: Readonly<Record<string, Uint8Array>> = {
    "made by its signer": makeLeaf(stranger, signer, { uri: RELEASE }),
    "that comes with a chain of its own": makeLeaf(makeRoot("fulcio"), signer, { uri: RELEASE }),
    "with the name written over another one": rewritten(
      issued({ uri: RELEASE.replace("acme", "evil") }),
      "/evil/",
      "/acme/",
    ),
    "for another purpose": issued({ uri: RELEASE, purposes: ["1.3.6.1.5.5.7.3.1"] }),
    "from before the authority was there": issued({ notBefore: new Date("2001-01-01") }),
  }
  for (const [what, certificate] of Object.entries(forgeries)) {
    test(`finds the claim of a certificate ${what}, about what is watched and about anything else`, async () => {
      expect(await remarksOn(bodyUnder(certificate))).toEqual([
        "claimed-identity app",
        "unknown-signer app",
      ])
      const other = bodyUnder(certificate, signer, "anything")
      expect(await remarksOn(other)).toEqual(["claimed-identity app"])
    })
  }

  test("does not speak of certificates that claim to be nobody who is watched", async () => {
    const other = makeLeaf(stranger, signer, { uri: "https://github.com/else/app" })
    expect(await remarksOn(bodyUnder(other, signer, "anything"))).toEqual([])
    const elsewhere = makeLeaf(stranger, signer, {
      uri: RELEASE,
      oidcIssuer: "https://else.example",
    })
    expect(await remarksOn(bodyUnder(elsewhere, signer, "anything"))).toEqual([])
  })

  test("finds a claim that only readers of the older form of the issuer see", async () => {
    const fields = { 1: ISSUER, 8: "https://else.example" }
    const body = bodyUnder(makeLeaf(stranger, signer, { uri: RELEASE, fields }), signer, "anything")
    expect(await remarksOn(body)).toEqual(["claimed-identity app"])
    // Without an authority it is expected by nobody: what it says depends on who reads it.
    const lines = watched.slice(authority.length)
    const about = bodyUnder(makeLeaf(stranger, signer, { uri: RELEASE, fields }))
    expect(await remarksOn(about, lines)).toContain("unknown-signer app")
  })

  test("is about names, so a bare key claims nothing", async () => {
    const algorithm = digestAlgorithm[signer.keyType]
    const body = hashedrekordBody({
      algorithm,
      digest: hashOf(algorithm, utf8("anything")),
      signature: signMessage(signer, algorithm, utf8("anything")),
      key: { form: "publicKey", der: signer.spki },
    })
    expect(await remarksOn(body)).toEqual([])
  })

  test("believes nobody about names that cannot be read, unless the authority issued them", async () => {
    const names = madeExtension("2.5.29.17", Uint8Array.of(0x30, 3, 0x86, 9, 0x61))
    const [theirs, ours] = [
      makeLeaf(stranger, signer, { more: [names] }),
      issued({ more: [names] }),
    ]
    expect(await remarksOn(bodyUnder(theirs, signer, "anything"))).toEqual(["claimed-identity app"])
    // An extension that is there twice makes no chain, even if the authority has signed it.
    expect(await remarksOn(bodyUnder(ours, signer, "anything"))).toEqual(["claimed-identity app"])
  })
})

describe("a ledger of an identity", () => {
  const lines = [...authority, "signer ci", `  ${rule}`, "  mine ledger"]

  test("accuses nobody of what four strangers have signed under certificates of their own", async () => {
    const watch = await watchOf(lines, { ...files, ledger: "" })
    const { next, examiner } = startExamination(watch)
    const own = bodyUnder(issued(), signer, "own")
    for (let i = 0; i < 4; i++) {
      const by = makeSigner("ecdsa-p256")
      const claimed = bodyUnder(makeLeaf({ name: "fulcio", signer: by }, by), by, `theirs ${i}`)
      expect(said(next(claimed))).toEqual(["claimed-identity ci"])
    }
    expect(said(next(own))).toEqual(["not-mine ci"])
    expect(examiner.counters()).toMatchObject({ expected: 0, unexpected: 5 })
  })

  test("does not take a stranger's claim for what was shipped", async () => {
    const shipped = { ...files, ledger: "", shipped: digestOf("app 1.0") }
    const watch = await watchOf([...lines, "shipped shipped within 1"], shipped)
    const { next, documents } = startExamination(watch)
    expectShipped(documents, ORIGIN, watch, 0)
    next(bodyUnder(makeLeaf(stranger, signer)))
    expect(overdueExpectations(documents, ORIGIN, HOUR)).toHaveLength(1)
  })
})

describe("what a certificate says besides its names", () => {
  const fields = { 14: "refs/tags/v1", 20: "push", 22: "public" }
  const where = (text: string) => [
    ...authority,
    "subject app",
    `  digest ${digestOf("app 1.0")}`,
    `  signer ${rule} ${text} from fulcio`,
  ]

  test("must fit every pattern of the rule", async () => {
    const body = bodyUnder(issued({ fields }))
    const all = "where source-repository-ref refs/tags/* build-trigger ~push|release"
    expect(await remarksOn(body, where(all))).toEqual([])
    expect(await remarksOn(body, where("where build-trigger schedule"))).toEqual([
      "unknown-signer app",
    ])
    expect(await remarksOn(body, where("where run-invocation-uri **"))).toEqual([
      "unknown-signer app",
    ])
  })

  test("does not help a certificate that does not chain", async () => {
    const body = bodyUnder(makeLeaf(stranger, signer, { fields }))
    expect(await remarksOn(body, where("where build-trigger push"))).toEqual([
      "claimed-identity app",
      "unknown-signer app",
    ])
  })

  test("comes from the authority that the rule names", async () => {
    const own = makeRoot("own")
    const both = { ...files, "own.pem": pemOf(own.der) }
    const lines = ["authority own", "  roots own.pem", ...where("")]
    const watch = await watchOf(lines, both)
    const { next } = startExamination(watch)
    expect(said(next(bodyUnder(issued())))).toEqual([])
    expect(said(next(bodyUnder(makeLeaf(own, signer))))).toEqual([
      "claimed-identity app",
      "unknown-signer app",
    ])
  })
})

describe("without an authority", () => {
  test("a rule by identity believes anyone, as before", async () => {
    const lines = watched.slice(authority.length)
    expect(await remarksOn(bodyUnder(makeLeaf(stranger, signer)), lines)).toEqual([])
  })
})

describe("watch-test says who issued a certificate", () => {
  test("or that nobody did", async () => {
    const watch = await watchOf(watched, files)
    const linesOf = (certificate: Uint8Array) => {
      const body = bodyUnder(certificate)
      return explain({ body, leafHash: leafHashOf(body) }, watch).join("\n")
    }
    expect(linesOf(issued())).toContain("; issued by fulcio")
    const claimed = linesOf(makeLeaf(stranger, signer))
    expect(claimed).toContain("issued by nobody whom the watch file names: no authority that")
    expect(claimed).toContain("claimed-identity, because it says that it is app")
  })
})
