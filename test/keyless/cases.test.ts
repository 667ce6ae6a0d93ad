// Every kind of case of Sigstore's conformance suite, for both versions of logs, keyed and by a certificate; and what
// the whole of Sigstore's own verifier says of each.
import { describe, expect, test } from "vitest"
import { allCases } from "./all-cases.ts"
import { disputes, libraryRefusal } from "./library.ts"
import { refusalOf } from "./verdict.ts"

const cases = await allCases()

/** What cannot be judged, as its form is not what it should be; everything else that is refused is false. */
const unreadable =
  /JSON that ends|unknown version|chain without|not base64|negative index|timestamp that is none|without its (?:origin|size|root)|without the log's signature|timestamps without a beginning/

describe.each([
  ["the artifact", false],
  ["its digest", true],
])("with %s", (_, isByDigest) => {
  for (const each of cases) {
    test(`${each.name} ${each.isGood ? "holds" : "is refused"}`, () => {
      const refusal = refusalOf(each, isByDigest)
      if (each.isGood) expect(refusal).toBeUndefined()
      else if (unreadable.test(each.name)) expect(refusal).toMatch(/^(?:malformed|unsupported): /)
      else expect(refusal).toMatch(/^(?:mismatch|bad-signature|bad-proof|untrusted): /)
    })
  }
})

test("the whole of Sigstore's verifier says the same, but where the reason is known", () => {
  const others = cases.filter((each) => (libraryRefusal(each) === undefined) !== each.isGood)
  expect(others.map(({ name }) => name).toSorted()).toEqual([...disputes.keys()].toSorted())
})

test("there is a case of each kind for each version, and no name twice", () => {
  const names = cases.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  const counts = [1, 2].map((version) => {
    const own = cases.filter(({ name }) => name.startsWith(`v${version}:`))
    return [own.filter(({ isGood }) => isGood).length, own.filter(({ isGood }) => !isGood).length]
  })
  for (const [good = 0, bad = 0] of counts) {
    expect(good).toBeGreaterThanOrEqual(8)
    expect(bad).toBeGreaterThanOrEqual(50)
  }
})
