// Bytes in bundles and trusted roots in the spellings that protobuf's JSON form allows: the verdict is that over the bytes.
import { describe, expect, test } from "vitest"
import { allCases } from "./all-cases.ts"
import type { Case } from "./case.ts"
import { refusalOf } from "./verdict.ts"

const cases = await allCases()
const good = cases.filter(({ isGood }) => isGood)

type Spell = (text: string) => string

const url: Spell = (text) => text.replaceAll("+", "-").replaceAll("/", "_")
const unpadded: Spell = (text) => text.replace(/=+$/, "")
const wrapped: Spell = (text) => (text.match(/.{1,64}/g) ?? []).join("\r\n")

/** The fields of both files whose type is `bytes`. */
const BYTES = new Set([
  "rawBytes",
  "keyId",
  "signature",
  "digest",
  "payload",
  "sig",
  "canonicalizedBody",
  "rootHash",
  "hashes",
  "signedEntryTimestamp",
  "signedTimestamp",
])
/** As strict as any reader: what is no base64 before is none afterwards. */
const CANONICAL = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function respelled(text: string, spell: Spell): string {
  const one = (value: unknown) =>
    typeof value === "string" && CANONICAL.test(value) ? spell(value) : value
  return JSON.stringify(JSON.parse(text), (name, value) => {
    if (!BYTES.has(name)) return value
    return Array.isArray(value) ? value.map(one) : one(value)
  })
}

function both(given: Case, spell: Spell): Case {
  const { bundle, trustedRoot } = given
  return {
    ...given,
    bundle: respelled(bundle, spell),
    trustedRoot: respelled(trustedRoot, spell),
  }
}

describe.each([
  ["the URL alphabet", url],
  ["the URL alphabet without padding", (text: string) => unpadded(url(text))],
  ["the standard alphabet without padding", unpadded],
  ["lines that end in CR LF", wrapped],
])("in %s", (_, spell) => {
  test("every bundle that holds still does", () => {
    expect(good.length).toBeGreaterThan(10)
    expect(good.some(({ bundle }) => respelled(bundle, spell) !== bundle)).toBe(true)
    for (const each of good)
      expect([each.name, refusalOf(both(each, spell), false)]).toEqual([each.name, undefined])
  })
})

test("a bundle that is refused is refused for the same reason", () => {
  for (const each of cases) {
    const isJson = /^\{[\s\S]*\}$/.test(each.bundle) && !each.name.includes("JSON that ends")
    if (each.isGood || !isJson) continue
    const { name } = each
    expect([name, refusalOf(both(each, url), false)]).toEqual([name, refusalOf(each, false)])
  }
})

test("text that could be read in two ways is refused", () => {
  const [first] = good
  if (first === undefined) expect.fail("there is no case")
  for (const [wrong, found] of [
    ["QQ=", "half a padding"],
    ["QR==", "bits left over"],
    ["+_==", "digits of two alphabets"],
    ["QUFB QUFB", "blanks"],
    ["QUFBQ", "one digit too many"],
  ] as const) {
    const bundle = respelled(first.bundle, () => wrong)
    const trustedRoot = respelled(first.trustedRoot, () => wrong)
    const reason = new RegExp(`^malformed: .*expected base64, found ${found}`)
    expect(refusalOf({ ...first, bundle }, false)).toMatch(reason)
    expect(refusalOf({ ...first, trustedRoot }, false)).toMatch(reason)
  }
})
