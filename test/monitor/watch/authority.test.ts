// Authorities and identity rules of a watch file: what is read, what is refused with its place, and what whoever
// starts a monitor is told.
import { describe, expect, test } from "vitest"
import { Refusal } from "../../../src/core/base/errors.ts"
import { certificateFields } from "../../../src/entry/certificates/fulcio.ts"
import { authorityWarnings } from "../../../src/monitor/watch/authority.ts"
import { readIdentityRule } from "../../../src/monitor/watch/identity.ts"
import { makeIntermediate, makeLeaf, makeRoot, pemOf } from "../../entry/certificates/authority.ts"
import { makeSigner } from "../../entry/signers.ts"
import { trustedRootOf } from "../../sigstore/made-trusted-root.ts"
import { watchOf } from "../entries/watched-entries.ts"

const root = makeRoot("root")
const middle = makeIntermediate(root, "middle")
const files = {
  "roots.pem": pemOf(root.der, middle.der),
  "leaf.pem": pemOf(makeLeaf(root, makeSigner("ecdsa-p256"))),
  "orphan.pem": pemOf(middle.der),
  "trusted_root.json": trustedRootOf([{ certificates: [middle.der, root.der] }]),
}
const rule = "  oidc https://issuer.example https://acme.example/**"
const own = ["authority own", "  roots roots.pem"]

async function refusalOf(lines: readonly string[]): Promise<string> {
  try {
    await watchOf(lines, files)
    return "taken"
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`
    throw error
  }
}

describe("an authority of a watch file", () => {
  test("has roots from PEM and from a trusted root, and may be for code alone", async () => {
    const watch = await watchOf(
      [...own, "authority both", "  trusted-root trusted_root.json", "  roots roots.pem"],
      files,
    )
    const coded = await watchOf([...own, "  eku code-signing"], files)
    const shape = watch.authorities.map(({ name, pools, isForCode }) => {
      return [name, pools.length, isForCode]
    })
    expect(shape).toEqual([
      ["own", 1, false],
      ["both", 2, true],
    ])
    expect(coded.authorities.map(({ isForCode }) => isForCode)).toEqual([true])
    expect(watch.files).toEqual(["roots.pem", "trusted_root.json"])
  })

  const refusals: Readonly<Record<string, readonly [lines: readonly string[], message: string]>> = {
    "without roots": [["authority own"], "in the authority own, found none"],
    "of another word": [["authority own", "  root roots.pem"], "line 3: expected roots FILE"],
    "without a file": [["authority own", "  roots"], "line 3: expected the name of a file"],
    "with two names": [["authority a b"], "line 2: expected authority and one word"],
    "that is there already": [
      [...own, "authority own"],
      "line 4: expected an authority that is not",
    ],
    "made of a signer's certificate": [
      ["authority own", "  roots leaf.pem"],
      "line 3: leaf.pem, certificate 1: expected the certificate of an authority",
    ],
    "without the root": [
      ["authority own", "  roots orphan.pem"],
      "line 3: orphan.pem: expected a root",
    ],
    "made of PEM that is said to be a trusted root": [
      ["authority own", "  trusted-root roots.pem"],
      "line 3: roots.pem: expected JSON",
    ],
    "for other purposes": [[...own, "  eku email"], "line 4: expected roots FILE"],
    "that a rule names and the file does not": [
      [...own, "signer ci", `${rule} from other`],
      'expected an authority of this file behind from in ci, found "other"',
    ],
  }
  for (const [what, [lines, message]] of Object.entries(refusals)) {
    test(`${what} is refused`, async () => {
      expect(await refusalOf(lines)).toContain(message)
    })
  }

  test("is one of sixteen at most", async () => {
    const many = Array.from({ length: 17 }, (_, i) => [`authority a${i}`, "  roots roots.pem"])
    expect(await refusalOf(many.slice(1).flat())).toBe("taken")
    expect(await refusalOf(many.flat())).toContain("line 34: expected up to 16 authorities")
  })
})

describe("an identity rule", () => {
  const read = (text: string) => {
    const { identity, where, authority } = readIdentityRule(text)
    const fields = where.map(({ field, pattern }) => [field, pattern.text])
    return { identity: identity.text, fields, authority }
  }

  test("has an issuer and a pattern, which may have blanks", () => {
    expect(read("https://issuer.example a name with blanks")).toEqual({
      identity: "a name with blanks",
      fields: [],
      authority: undefined,
    })
  })

  test("goes by every field, behind one where or several, and by an authority", () => {
    const expected = {
      identity: "**",
      fields: [
        ["github-workflow-name", "Build and test"],
        ["build-trigger", "~push|release"],
      ],
      authority: "fulcio",
    }
    const [name, trigger] = ["github-workflow-name Build and test", "build-trigger ~push|release"]
    expect(read(`i ** where ${name} ${trigger} from fulcio`)).toEqual(expected)
    expect(read(`i ** where ${name} where ${trigger} from fulcio`)).toEqual(expected)
    for (const field of certificateFields) {
      expect(read(`i ** where ${field} x`).fields).toEqual([[field, "x"]])
    }
  })

  test.each([
    "issuer",
    "issuer where build-trigger push",
    "issuer ** where",
    "issuer ** where build-trigger",
    "issuer ** where subject x",
    "issuer ** where build-trigger where run-invocation-uri x",
    "issuer ** from",
    "issuer ** from a b",
    "issuer ** where build-trigger ~a(?=b)",
  ])("%s is refused", (text) => {
    expect(() => readIdentityRule(text)).toThrow(Refusal)
  })
})

describe("at the start", () => {
  test("whoever goes by identity without an authority is told that anyone is believed", async () => {
    const lines = ["signer ci", rule, "subject app", "  name app", `  signer ${rule.trim()}`]
    const [warning, ...others] = authorityWarnings(await watchOf(lines, files))
    expect(warning).toContain("the identity rules of app, ci believe anyone")
    expect(others).toEqual([])
  })

  test("an authority that decides nothing is named, and all else is quiet", async () => {
    expect(authorityWarnings(await watchOf([], files))).toEqual([])
    expect(authorityWarnings(await watchOf([...own, "signer ci", rule], files))).toEqual([])
    const [warning] = authorityWarnings(await watchOf(own, files))
    expect(warning).toContain("decide nothing")
  })
})
