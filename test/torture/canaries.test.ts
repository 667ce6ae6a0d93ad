// Each program without a defence can be made from the program as it is built now: its edits fit.
import { expect, test } from "vitest"
import { assertFits, loadCanaries } from "../../torture/canaries/canary.ts"
import { checkout } from "../scenarios/process.ts"

const canaries = await loadCanaries()

test.each(canaries.map((canary) => [canary.harness, canary.name, canary] as const))(
  "the canary of %s, %s, can be made",
  (_, __, canary) => {
    expect(canary.edits).not.toEqual([])
    expect(() => assertFits(checkout, canary)).not.toThrow()
  },
)
