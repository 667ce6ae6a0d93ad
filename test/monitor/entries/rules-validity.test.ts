import { describe, expect, it } from "vitest"
import type { EntryRemark } from "../../../src/monitor/entries/remark.ts"
import { CLOCK_SKEW, judgeValidity } from "../../../src/monitor/entries/remark-finding.ts"
import { makeSigner, type Signer } from "../../entry/signers.ts"
import { keyOf } from "../../evidence/made-cases.ts"
import {
  certifiedBody,
  digestOf,
  ISSUER,
  type Named,
  startExamination,
  watchOf,
} from "./watched-entries.ts"

const NOT_BEFORE = 1_700_000_000
const NOT_AFTER = NOT_BEFORE + 600
const candidate: EntryRemark = {
  kind: "outside-validity",
  index: 7,
  summary: "",
  notBefore: NOT_BEFORE,
  notAfter: NOT_AFTER,
}

describe("judgeValidity()", () => {
  it.each([
    ["within the dates", { from: NOT_BEFORE, to: NOT_AFTER }, false],
    ["no cosigned head", {}, false],
    ["a wide sandwich around the dates", { from: 0, to: 2 ** 40 }, false],
    ["a head after the dates, as far as clocks differ", { from: NOT_AFTER + CLOCK_SKEW }, false],
    ["a head after the dates", { from: NOT_AFTER + CLOCK_SKEW + 1 }, true],
    ["a head before the dates, as far as clocks differ", { to: NOT_BEFORE - CLOCK_SKEW }, false],
    ["a head before the dates", { to: NOT_BEFORE - CLOCK_SKEW - 1 }, true],
  ])("with %s", (_, sandwich, isOutside) => {
    const remark = judgeValidity(candidate, sandwich)
    expect(remark !== undefined).toBe(isOutside)
    if (remark !== undefined) expect(remark).toMatchObject({ kind: "outside-validity", index: 7 })
  })

  it("needs no time for dates that exclude each other", () => {
    expect(judgeValidity({ ...candidate, notAfter: NOT_BEFORE - 1 }, {})).toBeDefined()
  })

  it("survives dates that no calendar has", () => {
    const remark = { ...candidate, notBefore: 2 ** 52, notAfter: 2 ** 52 }
    expect(judgeValidity(remark, { to: 0 })?.summary).toContain("entry 7")
  })

  it("is for candidates only", () => {
    expect(() => judgeValidity({ kind: "not-mine", index: 0, summary: "" }, {})).toThrow("bug:")
  })
})

describe("a certificate's dates", () => {
  const dated = (signer: Signer, named: Named = {}) =>
    certifiedBody(signer, "app", {
      ...named,
      notBefore: new Date(NOT_BEFORE * 1000),
      notAfter: new Date(NOT_AFTER * 1000),
    })
  const outside = [{ ...candidate, index: 0, summary: expect.any(String) }]

  it("come with every entry under one by whom or about what is watched", async () => {
    const identity = "release@acme.example"
    const watched = ["signer ci", `  oidc ${ISSUER} ${identity}`]
    const subject = ["subject app", `  digest ${digestOf("app")}`]
    const body = dated(makeSigner("ecdsa-p256"), { identity, issuer: ISSUER })
    for (const lines of [watched, subject]) {
      expect(startExamination(await watchOf(lines)).next(body)).toMatchObject(outside)
    }
    expect(startExamination(await watchOf([])).next(body)).toEqual([])
  })

  it("mean nothing where the key itself is watched: anyone can put other dates around it", async () => {
    const owner = makeSigner("ecdsa-p256")
    const { next } = startExamination(await watchOf(["signer ci", `  key ${keyOf(owner)}`]))
    expect(next(dated(owner))).toEqual([])
  })
})
