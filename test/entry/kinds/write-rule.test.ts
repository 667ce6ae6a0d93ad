import { describe, expect, test } from "vitest"
import { Refusal } from "../../../src/core/base/errors.ts"
import type { Proposal } from "../../../src/entry/entry.ts"
import { type EntryKind, kindNames } from "../../../src/entry/kind-names.ts"
import {
  assertMayWrite,
  parseAlgorithms,
  parseKinds,
  type WriteRule,
} from "../../../src/entry/kinds/write-rule.ts"
import type { Term } from "../../../src/entry/term.ts"

function proposal(kind: Proposal["kind"], ...terms: Term[]): Proposal {
  return { kind, version: "0.0.2", claims: [], keys: [], terms, body: () => new Uint8Array() }
}

const key = (name: string): Term => ({ name: "key", value: `sha256:${name}` })
const identity = (value: string): Term => ({ name: "identity", value })

function mayWrite(rule: WriteRule, asked: Proposal): boolean {
  try {
    assertMayWrite(asked, rule)
    return true
  } catch (error) {
    if (error instanceof Refusal && error.code === "not-allowed") return false
    throw error
  }
}

describe("assertMayWrite()", () => {
  test("restricts nothing without a rule", () => {
    expect(mayWrite({}, proposal("dsse", key("a")))).toBe(true)
  })

  test("lets only listed kinds write", () => {
    const rule = { kinds: new Set<EntryKind>(["hashedrekord"]) }
    expect(mayWrite(rule, proposal("hashedrekord", key("a")))).toBe(true)
    expect(mayWrite(rule, proposal("dsse", key("a")))).toBe(false)
  })

  test("wants every key of an entry to be listed, and at least one", () => {
    const rule = { keys: new Set(["sha256:a", "sha256:b"]) }
    expect(mayWrite(rule, proposal("dsse", key("a"), key("b")))).toBe(true)
    expect(mayWrite(rule, proposal("dsse", key("a"), key("c")))).toBe(false)
    expect(mayWrite(rule, proposal("dsse"))).toBe(false)
  })

  test("takes a listed identity whatever its key is, and no other identity", () => {
    const rule = { keys: new Set(["sha256:a"]), identities: new Set(["ci@example.com"]) }
    expect(mayWrite(rule, proposal("dsse", key("z"), identity("ci@example.com")))).toBe(true)
    expect(mayWrite(rule, proposal("dsse", key("z"), identity("me@example.com")))).toBe(false)
    expect(mayWrite({ identities: rule.identities }, proposal("dsse", key("a")))).toBe(false)
  })
})

test("parseAlgorithms() refuses a name that is none and lists those that are", () => {
  expect(parseAlgorithms(["PKIX_ED25519_PH"])).toEqual(new Set(["PKIX_ED25519_PH"]))
  expect(() => parseAlgorithms(["MD5"])).toThrow(/PKIX_ECDSA_P256_SHA_256.*found MD5/)
})

test("parseKinds() refuses a name that is none and lists those that are", () => {
  expect(parseKinds(["dsse", "rekord"])).toEqual(new Set(["dsse", "rekord"]))
  for (const name of ["dssee", "dsse:0.0.2", "toString"]) {
    expect(() => parseKinds(["dsse", name])).toThrow(
      `expected kinds of ${kindNames.join(", ")}, found ${name}`,
    )
  }
})
