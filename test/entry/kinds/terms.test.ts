import { describe, expect, test } from "vitest"
import { utf8 } from "../../../src/core/base/bytes.ts"
import { besideBody, createEntryTerms } from "../../../src/entry/kinds/terms.ts"
import type { Term } from "../../../src/entry/term.ts"
import { everyProposal } from "./proposals.ts"

function texts(terms: readonly Term[]): string[] {
  return terms.map(({ name, value }) => `${name} ${value}`).toSorted()
}

describe("the terms of an entry", () => {
  const { ofBody } = createEntryTerms(100)

  test.each(everyProposal("app"))(
    "are what its body says and what is kept beside it, each once: $name",
    ({ proposal, body }) => {
      const side = besideBody(proposal.terms)
      const said = ofBody(body, side !== undefined)
      expect(texts([...said.terms, ...(side ?? [])])).toEqual(texts(proposal.terms))
      // So that side terms that are gone are noticed where nothing else has what they say.
      expect(said.needsSide).toBe(proposal.kind === "dsse" || proposal.kind === "intoto")
    },
  )

  test.each(everyProposal("app"))(
    "follow from the body alone but for what a statement says: $name",
    ({ proposal, body }) => {
      const { terms, needsSide } = ofBody(body, false)
      expect(texts(proposal.terms)).toEqual(expect.arrayContaining(texts(terms)))
      if (!needsSide) expect(texts(terms)).toEqual(texts(proposal.terms))
    },
  )

  test("are none for what no kind of entry has written", () => {
    for (const body of [
      "",
      "{",
      "[]",
      '{"entry":1}',
      '{"apiVersion":"9","kind":"new","spec":{}}',
    ]) {
      expect(ofBody(utf8(body), false)).toEqual({ terms: [], needsSide: false })
    }
  })

  test("are kept beside no body that has them all", () => {
    const kept = everyProposal("app").filter(({ proposal }) => besideBody(proposal.terms))
    const names = kept.map(({ name }) => name).filter((name) => name.includes("rekor"))
    expect(names).toEqual(["hashedrekord 0.0.2, certificate", "hashedrekord 0.0.1, chain"])
  })
})
