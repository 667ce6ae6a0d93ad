import { expect, test } from "vitest"
import { lintWatch, startRemarks } from "../../../src/monitor/watch/lint.ts"
import { parseWatch, type Watch } from "../../../src/monitor/watch/watch.ts"

const plain = await parseWatch("countersign-watch/v1\n", () =>
  Promise.reject(new Error("no files")),
)

function listing(count: number): Watch {
  const hex = (i: number) => i.toString(16).padStart(64, "0")
  const digests = new Set(Array.from({ length: count }, (_, i) => `sha256:${hex(i)}`))
  const subject = { name: "all", digests, foretold: new Map(), images: [], names: [] }
  return { ...plain, subjects: [{ ...subject, signers: [], isUnique: false }] }
}

test("more digests than signatures are foretold for are said at every start", () => {
  for (const remarks of [startRemarks, lintWatch]) {
    const codes = (count: number) => remarks(listing(count)).map(({ code }) => code)
    expect(codes(20_000)).not.toContain("not-foretold")
    expect(codes(20_001)).toContain("not-foretold")
  }
})
